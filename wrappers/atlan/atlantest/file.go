package atlantest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

const (
	storagePath = "/storage/"
	biggestFile = 64 << 20
)

// CreatePresignedURL signs a URL of the storage. The storage is not part of the API: it knows no tokens.
func (a *service) CreatePresignedURL(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct{ Key, Expiry, Method string }
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		lives := c.config.linksLive
		if d, err := time.ParseDuration(sent.Expiry); err == nil {
			lives = d
		} else if n, err := strconv.Atoi(sent.Expiry); err == nil {
			lives = time.Duration(n) * time.Second
		}
		key := strings.TrimPrefix(path.Clean("/"+sent.Key), "/")
		until := strconv.FormatInt(c.now.Add(lives).Unix(), 10)
		return map[string]any{"url": "http://" + r.Host + storagePath + key + "?method=" + sent.Method + "&until=" + until + "&signature=" + c.signature(sent.Method, key, until)}, nil
	})
}

func (f *Fake) signature(method, key, until string) string {
	h := hmac.New(sha256.New, []byte(f.apiKey))
	_, _ = io.WriteString(h, method+"\n"+key+"\n"+until)
	return hex.EncodeToString(h.Sum(nil))
}

// refused answers as a storage does, in XML.
func refused(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code></Error>")
}

// storage keeps files. It is reached with signed URLs only.
func (f *Fake) storage(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.URL.Path, storagePath)
	query := r.URL.Query()
	method, until := query.Get("method"), query.Get("until")
	if r.Header.Get("Authorization") != "" && f.has(StorageRefusesTokens) {
		refused(w, http.StatusBadRequest, "InvalidArgument")
		return
	}
	end, err := strconv.ParseInt(until, 10, 64)
	if err != nil || method != r.Method || !hmac.Equal([]byte(query.Get("signature")), []byte(f.signature(method, key, until))) {
		refused(w, http.StatusForbidden, "SignatureDoesNotMatch")
		return
	}
	if time.Now().Unix() > end {
		refused(w, http.StatusForbidden, "AccessDenied")
		return
	}
	if r.Method == http.MethodPut {
		data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, biggestFile))
		if err != nil {
			refused(w, http.StatusBadRequest, "IncompleteBody")
			return
		}
		f.locked(func() { f.files[key] = data })
		w.WriteHeader(http.StatusOK)
		return
	}
	var data []byte
	found := false
	f.locked(func() { data, found = f.files[key] })
	if !found {
		refused(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(data)
}

// File returns a file of the storage; ok is false when there is none.
func (f *Fake) File(key string) (data []byte, ok bool) {
	f.locked(func() { data, ok = f.files[key] })
	return data, ok
}

// PutFile puts a file into the storage.
func (f *Fake) PutFile(key string, data []byte) { f.locked(func() { f.files[key] = data }) }

// firstPart reads the file of a form.
func (c *call) firstPart(r *http.Request) (name string, data []byte, err error) {
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return "", nil, heracles(http.StatusBadRequest, 1000, "no form: %v", err)
	}
	part, err := multipart.NewReader(strings.NewReader(string(c.body)), params["boundary"]).NextPart()
	if err != nil {
		return "", nil, heracles(http.StatusBadRequest, 1000, "no file: %v", err)
	}
	if data, err = io.ReadAll(part); err != nil {
		return "", nil, heracles(http.StatusBadRequest, 1000, "half a file: %v", err)
	}
	return part.FileName(), data, nil
}

// UploadImage keeps an image.
func (a *service) UploadImage(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		name, data, err := c.firstPart(r)
		if err != nil {
			return nil, err
		}
		id := c.newID()
		c.files["images/"+id] = data
		return map[string]any{
			"id": id, "version": "1", "createdAt": c.now.UnixMilli(), "updatedAt": c.now.UnixMilli(), "fileName": id + path.Ext(name),
			"rawName": name, "key": "images/" + id, "extension": path.Ext(name), "contentType": http.DetectContentType(data),
			"fileSize": strconv.Itoa(len(data)), "isEncrypted": false, "redirectUrl": "/api/service/images/" + id, "isUploaded": true,
			"uploadedAt": c.now.UTC().Format(time.RFC3339), "isArchived": false,
		}, nil
	})
}
