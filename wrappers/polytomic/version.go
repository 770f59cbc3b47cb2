package polytomic

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
)

// Version is the version of the API that this package speaks, which is sent with every request. Polytomic answers in the
// version that is asked for and names it in the answer (apidocs.polytomic.com, "Versioning"). Without the header the
// service chooses one, and has changed its choice before.
const Version = "2025-09-18"

const versionHeader = "X-Polytomic-Version"

// VersionMismatchError says that the service answered in another version of the API than the one that was asked for, so
// that fields may be missing or mean something else. See [OnVersionMismatch] and [RequireVersion].
type VersionMismatchError struct {
	// Want is the version that was asked for, Got the one that was served.
	Want, Got string
}

// Error returns one line with both versions.
func (e *VersionMismatchError) Error() string {
	return service + ": the service answered in API version " + e.Got + " where " + e.Want + " was asked for"
}

// versionCheck looks at the version that answers name, and tells about each strange one once.
type versionCheck struct {
	log    *slog.Logger
	tell   func(*VersionMismatchError)
	strict bool

	mu   sync.Mutex
	told map[string]bool
}

func newVersionCheck(s *settings) *versionCheck {
	return &versionCheck{log: s.log, tell: s.onMismatch, strict: s.strict}
}

// observe returns an error when the version is not the one that was asked for and that is not tolerated. An answer that
// names none, such as a proxy's, says nothing.
func (v *versionCheck) observe(h http.Header) error {
	got := h.Get(versionHeader)
	if got == "" || got == Version {
		return nil
	}
	if len(got) > 32 {
		got = got[:32]
	}
	mismatch := &VersionMismatchError{Want: Version, Got: got}
	const most = 16 // a service that makes up versions must not fill the memory
	v.mu.Lock()
	first := !v.told[got] && len(v.told) < most
	if first {
		if v.told == nil {
			v.told = make(map[string]bool)
		}
		v.told[got] = true
	}
	v.mu.Unlock()
	if first {
		if v.tell != nil {
			v.tell(mismatch)
		}
		if v.log != nil {
			v.log.LogAttrs(context.Background(), slog.LevelWarn, "another API version was served",
				slog.String("service", service), slog.String("want", mismatch.Want), slog.String("got", mismatch.Got))
		}
	}
	if v.strict {
		return mismatch
	}
	return nil
}
