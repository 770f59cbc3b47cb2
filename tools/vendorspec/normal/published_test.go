package normal_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
	"github.com/sluice-sdk/sluice/tools/vendorspec/normal"
)

var services = []string{"airbyte", "polytomic", "atlan"}

// What is committed is in the normal form: bringing it there changes nothing, whether or not it is there already.
func TestCommittedIsNormal(t *testing.T) {
	for _, service := range services {
		committed := readFile(t, specs(service, "openapi.json"))
		for name, old := range map[string][]byte{"again": committed, "for the first time": nil} {
			t.Run(service+" "+name, func(t *testing.T) {
				got, notes, err := normalise(t.Context(), files{entryName: committed}, readRules(t, service), old)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, committed) {
					t.Errorf("-committed +got\n%s", cmp.Diff(string(committed), string(got)))
				}
				for _, note := range notes {
					t.Errorf("note: %s", note)
				}
			})
		}
	}
}

// publishing says which shapes a document is published in.
type publishing struct {
	prose, modern, shuffle, prefix, connectors, split, json bool
}

// publish writes a normalised document as upstream might.
func (s publishing) publish(p *publisher, service string, rules normal.Rules) files {
	if s.connectors {
		p.connectors(rules.FreeForm)
	}
	if s.modern {
		p.modern()
	}
	if s.prose {
		p.prose()
	}
	if s.prefix {
		p.prefix(service)
	}
	if s.shuffle {
		p.shuffle()
	}
	f := files{}
	if s.split {
		f = p.split()
	}
	f[entryName] = p.encode(p.root, s.json)
	return f
}

// published publishes a document in a way, brings it back, and says what is different then.
func published(ctx context.Context, service string, committed []byte, rules normal.Rules, way publishing, p *publisher) error {
	f := way.publish(p, service, rules)
	got, _, err := normalise(ctx, f, rules, committed)
	if err != nil {
		return fmt.Errorf("%s %+v: %w\n%s", service, way, err, f[entryName][:min(len(f[entryName]), 1500)])
	}
	if !bytes.Equal(got, committed) {
		return fmt.Errorf("%s %+v: -committed +got\n%s", service, way, cmp.Diff(string(committed), string(got)))
	}
	return nil
}

// However the facts are published, what is committed comes back byte for byte.
func TestPublished(t *testing.T) {
	type original struct {
		root  any
		rules normal.Rules
	}
	originals := map[string]original{}
	for _, service := range services {
		originals[service] = original{parse(t, readFile(t, specs(service, "openapi.json"))), readRules(t, service)}
	}
	rapid.Check(t, func(r *rapid.T) {
		service := rapid.SampledFrom(services).Draw(r, "service")
		o := originals[service]
		p := &publisher{Rand: rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 1)), root: object(clone(o.root))}
		p.part(rapid.IntRange(1, 4).Draw(r, "paths"))
		committed := document.Print(p.root, o.rules.Indent)
		draw := func(name string) bool { return rapid.Bool().Draw(r, name) }
		way := publishing{draw("prose"), draw("modern"), draw("shuffle"), draw("prefix"), draw("connectors"), draw("split"), draw("json")}
		if err := published(t.Context(), service, committed, o.rules, way, p); err != nil {
			r.Fatal(err)
		}
	})
}

// The whole documents, in every way at once.
func TestWholeDocumentsPublished(t *testing.T) {
	for _, service := range services {
		t.Run(service, func(t *testing.T) {
			committed := readFile(t, specs(service, "openapi.json"))
			p := &publisher{Rand: rand.New(rand.NewPCG(2, 3)), root: object(parse(t, committed))}
			if err := published(t.Context(), service, committed, readRules(t, service), publishing{true, true, true, true, true, true, false}, p); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// What is new follows the committed order of what is known, and the same facts make the same document whatever
// the order they are published in.
func TestOrderOfWhatIsNew(t *testing.T) {
	committed := []byte(`{"openapi":"3.0.3","info":{"version":"1","title":"a"},"paths":{},"components":{"schemas":{
		"A":{"type":"object","properties":{"z":{},"a":{}}},"C":{}}}}`)
	published := `{"components":{"schemas":{"C":{},"B":{},"A":{"type":"object","required":["a"],"properties":{"n":{},"a":{},"m":{},"z":{}}}}},
		"paths":{},"info":{"title":"a","version":"1"},"openapi":"3.0.1"}`
	want := `{"openapi": "3.0.3","info": {"version": "1","title": "a"},"paths": {},"components": {"schemas": {"A": {"type": "object","properties": {"z": {},"a": {},"n": {},"m": {}},"required": ["a"]},"B": {},"C": {}}}}`
	got, _, err := normalise(t.Context(), files{entryName: []byte(published)}, normal.Rules{}, committed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(document.Print(parse(t, []byte(want)), 1)), string(got)); diff != "" {
		t.Error(diff)
	}
}

// What is written is what the validator of the fakes and the generator read.
func TestWrittenIsValid(t *testing.T) {
	for _, service := range services {
		p := &publisher{Rand: rand.New(rand.NewPCG(4, 5)), root: object(parse(t, readFile(t, specs(service, "openapi.json"))))}
		rules := readRules(t, service)
		f := publishing{true, true, true, true, true, true, false}.publish(p, service, rules)
		got, _, err := normalise(t.Context(), f, rules, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, got); err != nil {
			t.Errorf("%s: %v", service, err)
		}
	}
}

func validate(t testing.TB, text []byte) error {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return doc.Validate(t.Context(), openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation())
}

func TestTypedefs(t *testing.T) {
	committed := readFile(t, specs("atlan", "typedefs.json"))
	root := parse(t, committed)
	if !normal.IsTypedefs(root) {
		t.Fatal("not recognised")
	}
	for seed := range uint64(3) {
		p := &publisher{Rand: rand.New(rand.NewPCG(seed, 1)), root: object(clone(root))}
		if seed > 0 {
			p.shuffle()
			for _, m := range object(p.root.Get("types")).Members() {
				object(m.Value).Set("description", "prose")
			}
		}
		result, err := normal.Typedefs(t.Context(), parse(t, p.encode(p.root, seed == 1)), root, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := document.Print(result.Document, 1); !bytes.Equal(got, committed) {
			t.Errorf("seed %d: -committed +got\n%s", seed, cmp.Diff(string(committed), string(got)))
		}
		if result.Version != "9.10.3" {
			t.Errorf("version %q", result.Version)
		}
	}
}
