package atlantest

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// TestManyAtOnce sends every operation from several clients at once to one fake, and looks at it meanwhile: nothing
// answers 500 but what says so, and what the store says of relationships is the same at both ends afterwards.
func TestManyAtOnce(t *testing.T) {
	f := New(t, Without(RateLimited, SearchDelay, SlowArchive, PermissionWindow), Tolerate(nonsense))
	steps := everyStep()
	var clients sync.WaitGroup
	for n := range 3 {
		clients.Go(func() {
			c := newClient(t, f)
			table := c.table(fmt.Sprintf("mine%d", n), "")
			// Some of all do the same at the same moment, each begins elsewhere.
			for i := range steps {
				s := steps[(i+n*len(steps)/6)%len(steps)]
				if strings.HasPrefix(s.body, "form:") || strings.HasPrefix(s.body, "urlencoded:") || strings.Contains(s.path, "filter=") {
					continue
				}
				fill := strings.NewReplacer("{t}", table, "{u}", table, "{tag}", "none").Replace
				path, body := place.ReplaceAllString(fill(s.path), "none"), fill(s.body)
				if a := c.send(s.method, path, body); a.status >= 500 && !strings.Contains(string(a.raw), "NullPointerException") {
					t.Errorf("%s answers %d: %s", s.operation, a.status, a.raw)
				}
				if i%10 == 0 || s.method == "DELETE" {
					table = c.table(fmt.Sprintf("mine%d", n), fmt.Sprintf(`,"rowCount":%d`, i)) // it may have been deleted
					f.CountAssets("Table")
				}
				f.Audit(table)
				f.Runs()
			}
		})
	}
	clients.Wait()
	for _, x := range f.Assets("") {
		for attr, guids := range x.Relationships {
			for _, guid := range guids {
				if _, ok := f.Asset(guid); !ok {
					t.Errorf("%s.%s leads to %s, which is not there", x.QualifiedName, attr, guid)
				}
			}
		}
	}
}

// TestQuirksAreDocumented checks that the package's page lists every quirk, and that Quirks does.
func TestQuirksAreDocumented(t *testing.T) {
	page, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("quirk.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), `Quirk = "`); n != len(Quirks()) {
		t.Errorf("%d constants, and Quirks returns %d", n, len(Quirks()))
	}
	for _, q := range Quirks() {
		name := ""
		for word := range strings.SplitSeq(string(q), "-") {
			name += strings.ToUpper(word[:1]) + word[1:]
		}
		if !strings.Contains(string(page), "//   - ["+name+"]: ") {
			t.Errorf("the package's page does not list %s", name)
		}
	}
}
