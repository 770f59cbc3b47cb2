package polytomic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// LogFile is one file of an execution's log. Its link is signed: whoever has it can read the file until it expires, so it
// is never printed.
type LogFile struct {
	// Name is the file's name.
	Name string

	client *Client
	link   string
	// renew asks for the link again.
	renew func(ctx context.Context, name string) (string, error)
}

// String returns the file's name.
func (f LogFile) String() string { return "polytomic.LogFile(" + f.Name + ")" }

// GoString implements [fmt.GoStringer].
func (f LogFile) GoString() string { return f.String() }

// Link returns the signed link, to hand to whoever may read the file. It needs no key.
func (f LogFile) Link() string { return f.link }

// Open downloads the file; the caller closes it. The request goes to the host of the signed link, without the client's key
// and any other header of its own, through the same proxy, if any. A link that has expired is asked for again, once, but for
// that of an export. Only ctx bounds the download.
func (f LogFile) Open(ctx context.Context) (io.ReadCloser, error) {
	body, err := f.client.download(ctx, f.link)
	if err == nil || f.renew == nil || !expired(err) {
		return body, err
	}
	link, renewErr := f.renew(ctx, f.Name)
	if renewErr != nil {
		return nil, errors.Join(err, renewErr)
	}
	return f.client.download(ctx, link)
}

// expired reports whether a link was refused as one that is no longer good is.
func expired(err error) bool {
	return errors.Is(err, apierr.ErrPermissionDenied) || errors.Is(err, apierr.ErrInvalid) ||
		errors.Is(err, apierr.ErrUnauthenticated) || errors.Is(err, apierr.ErrNotFound)
}

// download reads a signed link without the key. It does not use the chain, which belongs to the origin of the API: an
// object store has no operations, and its answers are streams.
func (c *Client) download(ctx context.Context, link string) (io.ReadCloser, error) {
	fail := func(kind apierr.Kind, status int, format string, args ...any) error {
		return &apierr.Error{Service: service, Operation: "download", Kind: kind, Status: status, Method: http.MethodGet, Attempts: 1,
			Message: fmt.Sprintf(format, args...)}
	}
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fail(apierr.KindUnexpected, 0, "the link to the file is none")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, fail(apierr.KindUnexpected, 0, "the link to the file is none")
	}
	req.Header.Set("User-Agent", "sluice-go")
	resp, err := (&http.Client{Transport: c.transport.Elsewhere(), CheckRedirect: withoutReferer}).Do(req)
	if err != nil {
		e := &apierr.Error{Service: service, Operation: "download", Kind: apierr.KindUnavailable, Method: http.MethodGet, Attempts: 1}
		if outer, ok := errors.AsType[*url.Error](err); ok { // its text holds the link
			err = outer.Err
		}
		e.Err = err
		switch {
		case errors.Is(ctx.Err(), context.Canceled):
			e.Kind = apierr.KindCanceled
		case ctx.Err() != nil:
			e.Kind = apierr.KindTimeout
		}
		return nil, e
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, fail(apierr.KindOfStatus(resp.StatusCode), resp.StatusCode, "the file was not given: %s", http.StatusText(resp.StatusCode))
	}
	return resp.Body, nil
}

// withoutReferer lets a redirect be followed, up to the ten that are usual, without telling the next host the signed link.
func withoutReferer(req *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("stopped after 10 redirects")
	}
	req.Header.Del("Referer")
	return nil
}

// fileName is the name in a link: the last part of its path.
func fileName(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	name := path.Base(u.Path)
	if name == "." || name == "/" {
		return ""
	}
	return name
}
