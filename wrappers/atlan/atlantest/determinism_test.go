package atlantest

import (
	"fmt"
	"slices"
	"testing"
)

// transcript is what a fake answers to every operation, and to what is asked of several assets that were made at one
// moment.
func transcript(t *testing.T) []string {
	var out []string
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		note := c.send
		c.heard = func(method, path string, a answer) {
			out = append(out, fmt.Sprintf("%s %s: %d %s", method, path, a.status, a.raw))
		}
		kept := make(map[string]string)
		for _, s := range everyStep() {
			c.take(s, kept)
		}
		glossary, _ := f.AddGlossary("g")
		tag := f.AddTag("x")
		for i := range 4 {
			f.AddTerm(glossary, fmt.Sprint("term", i))
			c.save(fmt.Sprintf(`{"typeName":"AtlasGlossaryCategory","guid":"-1","attributes":{"name":"c%d","anchor":{"guid":"%s"}}}`, i, glossary))
		}
		note("GET", "/api/meta/glossary", "")
		// Three assets of one name, of types below Asset: the one that came first is found.
		for _, typeName := range []string{"View", "Table", "Column", "Schema"} {
			c.save(fmt.Sprintf(`{"typeName":"%s","guid":"-1","attributes":{"name":"n","qualifiedName":"same"},"classifications":[{"typeName":"%s"}]}`, typeName, tag))
		}
		if a := note("GET", "/api/meta/entity/uniqueAttribute/type/Asset?attr:qualifiedName=same", ""); a.text("entity/typeName") != "View" {
			t.Errorf("of several assets, %s is found", a.text("entity/typeName"))
		}
		// Many audits of one moment.
		guid := c.table("audited", "")
		for i := range 12 {
			c.want(204, "POST", guidPath+guid+"/labels", fmt.Sprintf(`["l%d"]`, i))
			if i%3 == 0 {
				c.table("audited", fmt.Sprintf(`,"description":"%d"`, i))
			}
		}
		note("GET", "/api/meta/entity/"+guid+"/audit", "")
		actions := []string{}
		for _, e := range f.Audit(guid) {
			actions = append(actions, e.Action)
		}
		want := []string{"ENTITY_CREATE"}
		for i := range 12 {
			want = append(want, "LABEL_ADD")
			if i%3 == 0 {
				want = append(want, "ENTITY_UPDATE")
			}
		}
		if !slices.Equal(actions, want) {
			t.Errorf("oldest first, the audits are %v, not %v", actions, want)
		}
		c.heard = nil
	}, Without(RateLimited), WithoutContract())
	return out
}

// TestSameSeedSameAnswers checks what WithSeed promises: fakes that get the same requests answer the same, byte for byte.
func TestSameSeedSameAnswers(t *testing.T) {
	first := transcript(t)
	for range 3 {
		again := transcript(t)
		if len(again) != len(first) {
			t.Fatalf("%d answers, and %d", len(first), len(again))
		}
		for i := range first {
			if first[i] != again[i] {
				t.Errorf("one time  %s\nthe other %s", first[i], again[i])
			}
		}
	}
}
