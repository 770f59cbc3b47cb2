package polytomictest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"time"
)

const storagePath = "/storage/"

// file is a log file in the storage that the service signs links to.
type file struct {
	content     string
	contentType string
}

// link stores a file and returns a signed link to it, on the origin that the caller reaches. In memory that is
// another host than the API's, as with the real service.
func (f *Fake) link(ctx context.Context, name, contentType, content string) (string, time.Time) {
	p := storagePath + name
	f.files[p] = &file{content: content, contentType: contentType}
	expires := f.now.Add(f.config.linksLive)
	at := strconv.FormatInt(expires.Unix(), 10)
	origin := f.origin(ctx)
	if origin == f.URL() {
		origin = "http://storage.polytomic.test"
	}
	return origin + p + "?expires=" + at + "&signature=" + f.linkSignature(p, at), expires
}

func (f *Fake) linkSignature(p, expires string) string {
	mac := hmac.New(sha256.New, []byte(f.deployment))
	_, _ = io.WriteString(mac, p+" "+expires)
	return hex.EncodeToString(mac.Sum(nil))
}

// storage serves stored files to whoever has a link, and to nobody who sends a token along.
func (f *Fake) storage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f.mu.Lock()
	stored := f.files[r.URL.Path]
	signature := f.linkSignature(r.URL.Path, q.Get("expires"))
	f.mu.Unlock()
	expires, err := strconv.ParseInt(q.Get("expires"), 10, 64)
	xml := func(status int, code string) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>"+code+"</Code></Error>")
	}
	switch {
	case r.Header.Get("Authorization") != "" && f.has(StorageRefusesTokens):
		xml(http.StatusBadRequest, "InvalidArgument")
	case err != nil || !hmac.Equal([]byte(signature), []byte(q.Get("signature"))):
		xml(http.StatusForbidden, "SignatureDoesNotMatch")
	case time.Now().After(time.Unix(expires, 0)):
		xml(http.StatusForbidden, "AccessDenied")
	case stored == nil:
		xml(http.StatusNotFound, "NoSuchKey")
	default:
		w.Header().Set("Content-Type", stored.contentType)
		_, _ = io.WriteString(w, stored.content)
	}
}
