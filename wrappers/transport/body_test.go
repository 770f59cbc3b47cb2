package transport

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// spy is a body that notes how it was used.
type spy struct {
	io.Reader
	read   int64
	eof    bool
	closed int
}

func (s *spy) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.read += int64(n)
	s.eof = s.eof || err == io.EOF
	return n, err
}
func (s *spy) Close() error { s.closed++; return nil }

func spyClient(t *testing.T, s *spy, contentType string, opts ...Option) *Client {
	opts = append(opts, WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		resp := answer(r, 200, contentType, "")
		resp.Body = s
		return resp, nil
	})))
	return newClient(t, "https://api.example.com", testOperations, opts...)
}

// TestReadAhead: a JSON answer of usual size is read before Do returns, and reads the same as one that is not.
func TestReadAhead(t *testing.T) {
	for _, size := range []int{0, 1, firstRead - 1, firstRead, firstRead + 1, 100_000, readAhead - 1, readAhead, readAhead + 1, 3 * readAhead} {
		text := strings.Repeat("7", size)
		s := &spy{Reader: strings.NewReader(text)}
		c := spyClient(t, s, "application/json")
		resp, err := c.Do(newRequest(t, "GET", "https://api.example.com/jobs", ""))
		if err != nil {
			t.Fatal(err)
		}
		if done := s.eof && s.closed == 1; done != (size < readAhead) {
			t.Errorf("%d bytes: read to the end %v", size, done)
		}
		got, err := io.ReadAll(resp.Body)
		if err != nil || string(got) != text {
			t.Errorf("%d bytes: %d read, %v", size, len(got), err)
		}
		if err := resp.Body.Close(); err != nil || s.closed != 1 {
			t.Errorf("%d bytes: %v, closed %d times", size, err, s.closed)
		}
		if _, err := resp.Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
			t.Errorf("read after close: %v", err)
		}
	}
}

// TestEarlyClose: what is left of a body is read, but not much of it.
func TestEarlyClose(t *testing.T) {
	for _, test := range []struct {
		size, read int64
		eof        bool
	}{{0, 0, true}, {100, 100, true}, {maxDrain, maxDrain, true}, {1 << 30, maxDrain + 1, false}} {
		s := &spy{Reader: io.LimitReader(zeros{}, test.size)}
		c := spyClient(t, s, "text/plain")
		resp, err := c.Do(newRequest(t, "GET", "https://api.example.com/events", ""))
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || s.read != test.read || s.eof != test.eof || s.closed != 1 {
			t.Errorf("%d bytes: %d read, EOF %v, closed %d, %v", test.size, s.read, s.eof, s.closed, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// TestCloseDoesNotWait: closing a body whose rest does not come takes a quarter of a second at most.
func TestCloseDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
			resp := answer(r, 200, "text/plain", "")
			resp.Body = &slowBody{ctx: r.Context(), left: 1000}
			return resp, nil
		})))
		resp, err := c.Do(newRequest(t, "GET", "https://api.example.com/events", ""))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_ = resp.Body.Close()
		if d := time.Since(start); d > drainTimeout {
			t.Errorf("Close took %s", d)
		}
		// Closing wakes a Read that waits.
		resp, err = c.Do(newRequest(t, "GET", "https://api.example.com/events", ""))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := io.ReadAll(resp.Body); err == nil {
				t.Error("a closed body read to its end")
			}
		})
		time.Sleep(5500 * time.Millisecond)
		start = time.Now()
		_ = resp.Body.Close()
		wg.Wait()
		if d := time.Since(start); d != 0 {
			t.Errorf("Close and Read took %s", d)
		}
	})
}

// TestTooLarge: an answer beyond the cap is an error in bounded memory, wherever it shows.
func TestTooLarge(t *testing.T) {
	const tenGiB = 10 << 30
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, test := range []struct {
		name, path string
		length     int64
	}{
		{"announced", "/jobs", tenGiB}, {"read ahead", "/jobs", -1}, {"streamed", "/events", -1}, {"unsafe", "/trigger", -1},
	} {
		s := &spy{Reader: io.LimitReader(zeros{}, tenGiB)}
		c := newClient(t, "https://api.example.com", testOperations, WithMaxResponseBytes(1<<20), WithRoundTripper(roundTripper(
			func(r *http.Request) (*http.Response, error) {
				resp := answer(r, 200, "application/json", "")
				resp.Body, resp.ContentLength = s, test.length
				return resp, nil
			})))
		resp, err := c.Do(newRequest(t, "GET", "https://api.example.com"+test.path, ""))
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		var e *apierr.Error
		if !errors.As(err, &e) || e.Kind != apierr.KindTooLarge || e.Status != 200 || e.Attempts != 1 || e.MayHaveApplied != (test.name == "unsafe") {
			t.Errorf("%s: %#v", test.name, err)
		}
		if s.read > 4<<20 || s.closed != 1 {
			t.Errorf("%s: %d bytes read, closed %d", test.name, s.read, s.closed)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("%d MiB were allocated", grown>>20)
	}
	// Exactly the cap is fine.
	s := &spy{Reader: strings.NewReader(strings.Repeat("7", 1000))}
	c := spyClient(t, s, "application/json", WithMaxResponseBytes(1000))
	if resp, err := c.Do(newRequest(t, "GET", "https://api.example.com/jobs", "")); err != nil {
		t.Error(err)
	} else if got, err := io.ReadAll(resp.Body); err != nil || len(got) != 1000 {
		t.Error(len(got), err)
	}
}

// TestBuffersAreNotShared: an answer that was read ahead keeps its bytes until it is closed, and gives none of
// another's afterwards.
func TestBuffersAreNotShared(t *testing.T) {
	c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		return answer(r, 200, "application/json", strings.Repeat(r.URL.Query().Get("c"), 5000)), nil
	})))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			char := string(rune('1' + i))
			for range 200 {
				resp, err := c.Do(newRequest(t, "GET", "https://api.example.com/jobs?c="+char, ""))
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(resp.Body)
				if err != nil || string(got) != strings.Repeat(char, 5000) {
					t.Errorf("%d bytes, %v", len(got), err)
				}
				_ = resp.Body.Close()
				_ = resp.Body.Close()
			}
		})
	}
	wg.Wait()
}

// TestBrokenCompression is not repeated: the service would compress the same way again.
func TestBrokenCompression(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(strings.Repeat("[1,2,3]", 1000)))
	_ = z.Close()
	damaged := bytes.Clone(b.Bytes())
	damaged[len(damaged)-6] ^= 0xff // the checksum
	for name, text := range map[string][]byte{"header": []byte("this is no gzip"), "checksum": damaged} {
		sent := 0
		c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
			sent++
			resp := answer(r, 200, "application/json", "")
			resp.Body = &gunzip{src: bytes.NewReader(text)}
			return resp, nil
		})))
		_, err := Decode[[]int](c.Do(newRequest(t, "GET", "https://api.example.com/jobs", "")))
		if !errors.Is(err, apierr.ErrDecode) || sent != 1 {
			t.Errorf("%s: %v after %d", name, err, sent)
		}
	}
}

// gunzip decompresses as http.Transport does: the header is read with the first Read.
type gunzip struct {
	src io.Reader
	z   *gzip.Reader
}

func (g *gunzip) Read(p []byte) (int, error) {
	if g.z == nil {
		z, err := gzip.NewReader(g.src)
		if err != nil {
			return 0, err
		}
		g.z = z
	}
	return g.z.Read(p)
}
func (g *gunzip) Close() error { return nil }

// TestStreamBreaksOff: the streamed rest of an answer is not repeated; its reader gets the typed error.
func TestStreamBreaksOff(t *testing.T) {
	for path, kind := range map[string]apierr.Kind{"/events": apierr.KindUnavailable, "/trigger": apierr.KindUnavailable} {
		c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
			resp := answer(r, 200, "application/json", "")
			resp.Body = &brokenBody{strings.NewReader(strings.Repeat("1", 2*readAhead)), io.ErrUnexpectedEOF}
			return resp, nil
		})))
		resp, err := c.Do(newRequest(t, "GET", "https://api.example.com"+path, ""))
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		var e *apierr.Error
		if !errors.As(err, &e) || e.Kind != kind || e.Status != 200 || e.MayHaveApplied != (path == "/trigger") || n != 2*readAhead {
			t.Errorf("%s: %#v after %d", path, err, n)
		}
		if _, again := resp.Body.Read(make([]byte, 1)); !errors.Is(again, err) {
			t.Errorf("%s: then %v", path, again)
		}
		_ = resp.Body.Close()
	}
}
