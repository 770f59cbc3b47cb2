package transport

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func TestCheckID(t *testing.T) {
	for _, id := range []string{"4711", "0e9a…ü", "a..b", "x@y", "a:b", "a=b", strings.Repeat("x", 512)} {
		if err := CheckID("acme", "job", id); err != nil {
			t.Errorf("%.20q: %v", id, err)
		}
	}
	for _, id := range []string{"", ".", "..", "../x", "a/b", `a\b`, "a?b", "a#b", "%2e%2e", "a&b", "a b", "a\tb", "a\x00b", "a\u200bb", "a\xffb", " a",
		strings.Repeat("x", 513), "https://host/jobs/1?token=hunter2"} {
		err := CheckID("acme", "job", id)
		e, ok := errors.AsType[*apierr.Error](err)
		if !ok || !errors.Is(err, apierr.ErrInvalid) || e.Service != "acme" || len(e.Fields) != 1 || e.Fields[0].Field != "job" {
			t.Errorf("%.20q: %v", id, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error repeats the id: %v", err)
		}
	}
}
