package airbyte

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// badIDs are ids that must never become a part of a URL.
func badIDs() []string {
	return []string{"", ".", "..", "a/b", "../../workspaces", `a\b`, "a b", "a\nb", "a\x00b", "a?b", "a#b", "a%2e", "a&b", "\xff", "\u200b",
		"https://cloud.airbyte.com/workspaces/1", strings.Repeat("a", 129)}
}

func TestBadIDsAreRefusedBeforeAnyRequest(t *testing.T) {
	for _, id := range badIDs() {
		if err := checkID("connection", id); !errors.Is(err, apierr.ErrInvalid) || !strings.Contains(err.Error(), "connection") {
			t.Errorf("checkID(%q) = %v; want an invalid request that names the field", id, err)
		}
	}
	for _, id := range []string{"0e1c3d3c-6d2f-4b0a-8f5e-1f1d9a1b2c3d", "a", "A_b-c.d~1", strings.Repeat("a", 128)} {
		if err := checkID("connection", id); err != nil {
			t.Errorf("checkID(%q) = %v", id, err)
		}
	}
}

func FuzzCheckID(f *testing.F) {
	for _, id := range badIDs() {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if checkID("id", id) == nil && (id == "" || strings.ContainsAny(id, "/\\?#% \n\x00") || strings.Contains(id, "..")) {
			t.Errorf("checkID accepted %q", id)
		}
	})
}
