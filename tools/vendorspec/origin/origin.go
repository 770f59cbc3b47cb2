package origin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// An Origin is where the files of one document are read.
type Origin struct {
	entry  string
	root   *os.Root     // of a folder
	base   *url.URL     // of the web
	client *http.Client // of the web
}

// maxRedirects is how often an answer may lead to another place of the same origin.
const maxRedirects = 5

// Open finds the origin of a document: the path of a file, or an https URL (http for this machine's own addresses).
// It does no I/O on the web yet. Close it.
func Open(from string) (*Origin, error) {
	if before, _, found := strings.Cut(from, "://"); found && !strings.ContainsAny(before, `/\.`) {
		return openURL(from)
	}
	info, err := os.Stat(from)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", from)
	}
	// The document itself may be a link; what it refers to may not lead out of the folder where it is.
	target, err := filepath.EvalSymlinks(from)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(filepath.Dir(target))
	if err != nil {
		return nil, err
	}
	return &Origin{entry: filepath.Base(target), root: root}, nil
}

func openURL(from string) (*Origin, error) {
	base, err := url.Parse(from)
	if err != nil {
		return nil, fmt.Errorf("the URL cannot be read: %w", errors.Unwrap(err))
	}
	if base.User != nil {
		return nil, errors.New("the URL holds a user or password; download the document and give the file")
	}
	if base.Host == "" || base.Scheme != "https" && (base.Scheme != "http" || !loopback(base.Hostname())) {
		return nil, fmt.Errorf("%s is not an https URL", redacted(base))
	}
	base.Fragment, base.RawFragment = "", ""
	o := &Origin{entry: base.String(), base: base}
	o.client = &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  30 * time.Second,
			MaxResponseHeaderBytes: 1 << 16,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if !same(req.URL, base) {
				return fmt.Errorf("it redirects to %s, which is another origin: if that is where the document is published, give that URL", redacted(req.URL))
			}
			if len(via) > maxRedirects {
				return fmt.Errorf("it redirects more than %d times", maxRedirects)
			}
			return nil
		},
	}
	return o, nil
}

func loopback(host string) bool {
	address := net.ParseIP(host)
	return host == "localhost" || address != nil && address.IsLoopback()
}

// same says whether two URLs have one origin (RFC 6454).
func same(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		switch {
		case u.Port() != "":
			return u.Port()
		case u.Scheme == "https":
			return "443"
		default:
			return "80"
		}
	}
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b) && a.User == nil
}

// redacted is a URL without what may be secret in it.
func redacted(u *url.URL) string {
	bare := *u
	bare.User, bare.RawQuery, bare.ForceQuery, bare.Fragment, bare.RawFragment = nil, "", false, "", ""
	return bare.String()
}

// Close lets go of the folder or of the connections.
func (o *Origin) Close() error {
	if o.client != nil {
		o.client.CloseIdleConnections()
	}
	if o.root != nil {
		return o.root.Close()
	}
	return nil
}

// Entry names the document itself, for Resolve and Read.
func (o *Origin) Entry() string { return o.entry }

// Public is what may be written down about where the document is from: its URL without a query, or the name of the
// file without its folder.
func (o *Origin) Public() (text string, local bool) {
	if o.base != nil {
		return redacted(o.base), false
	}
	return o.entry, true
}

// Resolve names the file that a reference without its fragment means, written in the file named base. It refuses what is
// not in the folder, or not of the origin, of the document.
func (o *Origin) Resolve(base, reference string) (string, error) {
	u, err := url.Parse(reference)
	if err != nil {
		return "", fmt.Errorf("%q is not a reference", reference)
	}
	if o.base != nil {
		from, err := url.Parse(base)
		if err != nil {
			return "", err
		}
		to := from.ResolveReference(u)
		to.Fragment, to.RawFragment = "", ""
		if !same(to, o.base) {
			return "", fmt.Errorf("%q leads to another origin than %s", reference, redacted(o.base))
		}
		return to.String(), nil
	}
	if u.Scheme != "" || u.Host != "" || u.Opaque != "" {
		return "", fmt.Errorf("%q leads out of the folder of the document; a file may refer to the files beside and below it", reference)
	}
	name := u.Path
	if name == "" || strings.ContainsAny(name, "\\\x00") || strings.HasPrefix(name, "/") {
		return "", fmt.Errorf("%q is not a path within the folder of the document", reference)
	}
	name = path.Join(path.Dir(base), name)
	if !fs.ValidPath(name) || name == "." {
		return "", fmt.Errorf("%q leads out of the folder of the document", reference)
	}
	return name, nil
}

// Read reads a file that Entry or Resolve named, up to limit bytes; a longer one is an error. On the web it takes as
// long as ctx allows.
func (o *Origin) Read(ctx context.Context, name string, limit int64) ([]byte, error) {
	if o.base != nil {
		return o.get(ctx, name, limit)
	}
	info, err := o.root.Stat(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	if info.Size() > limit {
		return nil, tooLarge(name)
	}
	file, err := o.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAll(file, name, limit)
}

func (o *Origin) get(ctx context.Context, name string, limit int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, name, http.NoBody)
	if err != nil {
		return nil, err
	}
	shown := redacted(request.URL)
	request.Header.Set("Accept", "application/json, application/yaml, text/yaml, */*;q=0.5")
	response, err := o.client.Do(request)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // without the URL, whose query may be secret
		}
		return nil, fmt.Errorf("GET %s: %w", shown, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: the server answered %s", shown, response.Status)
	}
	if response.ContentLength > limit {
		return nil, tooLarge(shown)
	}
	text, err := readAll(response.Body, shown, limit)
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", shown, err)
	}
	return text, nil
}

func readAll(r io.Reader, name string, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > limit {
		return nil, tooLarge(name)
	}
	return text, nil
}

func tooLarge(name string) error {
	return fmt.Errorf("%s is too large: the files of a document may have 16 MiB together", name)
}
