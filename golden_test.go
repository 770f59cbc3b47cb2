package sluice_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/gen/polytomicapi"
)

// clients are the generated clients, whose methods tell the types of answers.
var clients = map[string]reflect.Type{
	"airbyte":   reflect.TypeFor[*airbyteapi.ClientWithResponses](),
	"atlan":     reflect.TypeFor[*atlanapi.ClientWithResponses](),
	"polytomic": reflect.TypeFor[*polytomicapi.ClientWithResponses](),
}

// golden is one answer of a service: testdata/golden/<service>/<operation>.json, or <operation>.<what is special>.json.
type golden struct {
	service, operation, name string
	text                     []byte
}

func readGolden(t *testing.T) []golden {
	t.Helper()
	var all []golden
	for _, service := range slices.Sorted(maps.Keys(clients)) {
		paths, err := filepath.Glob("testdata/golden/" + service + "/*.json")
		if err != nil {
			t.Fatal(err)
		}
		operations := map[string]bool{}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			name := strings.TrimSuffix(filepath.Base(path), ".json")
			operation, _, _ := strings.Cut(name, ".")
			operations[operation] = true
			all = append(all, golden{service, operation, name, text})
		}
		if len(operations) < 15 {
			t.Errorf("%s has answers of %d operations, want 15 or more", service, len(operations))
		}
	}
	return all
}

// answerType is the type that the success of an operation decodes into, as transport.Decode is asked for it.
func (g golden) answerType() (reflect.Type, error) {
	client := clients[g.service]
	want := strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, g.operation))
	for method := range client.Methods() {
		name := strings.ToLower(method.Name)
		if name != want+"withresponse" && name != want+"withbodywithresponse" {
			continue
		}
		answer := method.Type.Out(0).Elem()
		for field := range answer.Fields() {
			if strings.HasPrefix(field.Name, "JSON2") {
				return field.Type.Elem(), nil
			}
		}
	}
	return nil, fmt.Errorf("%s has no operation %s with a JSON answer", g.service, g.operation)
}

// roundTrip decodes an answer into its type, as the wrappers do where numbers of no known type may come, and encodes that
// again.
func roundTrip(answer reflect.Type, text []byte) ([]byte, error) {
	value := reflect.New(answer)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(value.Interface()); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	return json.Marshal(value.Interface())
}

// tree reads JSON with its numbers as they are spelled.
func tree(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the value")
	}
	return value, nil
}

// losses compares two trees and says what differs, by JSON pointer, with * for the index of a list.
func losses(want, got any, at string, say func(pointer, what string)) {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			say(at, "an object became something else")
			return
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			below := at + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
			value, ok := got[name]
			switch {
			case ok:
				losses(want[name], value, below, say)
			case want[name] == nil:
				say(below, "null became absent")
			case reflect.DeepEqual(want[name], []any{}), reflect.DeepEqual(want[name], map[string]any{}):
				say(below, "empty became absent")
			default:
				say(below, "lost")
			}
		}
		for _, name := range slices.Sorted(maps.Keys(got)) {
			if _, ok := want[name]; !ok {
				say(at+"/"+name, "came from nowhere")
			}
		}
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			say(at, "a list became something else")
			return
		}
		for i := range want {
			losses(want[i], got[i], at+"/*", say)
		}
	default:
		if !same(want, got) {
			say(at, fmt.Sprintf("%v became %v", want, got))
		}
	}
}

// same compares two values that are neither objects nor lists. Numbers are compared by what they are, to the last digit;
// and a time may be spelled in another way, as long as it is the same moment in the same zone.
func same(want, got any) bool {
	switch want := want.(type) {
	case json.Number:
		got, ok := got.(json.Number)
		if !ok {
			return false
		}
		a, aOK := new(big.Rat).SetString(want.String())
		b, bOK := new(big.Rat).SetString(got.String())
		return aOK && bOK && a.Cmp(b) == 0
	case string:
		got, ok := got.(string)
		if !ok {
			return false
		}
		if want == got {
			return true
		}
		a, errA := time.Parse(time.RFC3339Nano, want)
		b, errB := time.Parse(time.RFC3339Nano, got)
		_, zoneA := a.Zone()
		_, zoneB := b.Zone()
		return errA == nil && errB == nil && a.Equal(b) && zoneA == zoneB
	}
	return want == got
}

// limit is a loss that we know of and live with.
type limit struct {
	service, pointer, what *regexp.Regexp
	reason                 string
}

func loss(service, pointer, what, reason string) limit {
	return limit{regexp.MustCompile("^(" + service + ")$"), regexp.MustCompile("^(" + pointer + ")$"), regexp.MustCompile("^(" + what + ")$"), reason}
}

// limits are all of them. Each one is needed by an answer in testdata/golden.
var limits = []limit{
	loss("airbyte|atlan|polytomic", `.*`, "empty became absent",
		"an optional list or map is a slice or a map and no pointer to one, so that it can be ranged over; both read alike"),
	loss("atlan", `.*/(options/\w+|entity|personas|purposes|requiredActions|details|level|inputs|metadata|_seq_no|_primary_term)`, "null became absent",
		"a field of any type at all is an interface, whose nil is left out; both read alike"),
	loss("polytomic", `.*/(example|type_spec|value)`, "null became absent",
		"a field of any type at all is an interface, whose nil is left out; both read alike, and an update of a model sync sends a "+
			"filter or an override whose value is null without it; as a field that can be null it would lose the digits of numbers"),
	loss("polytomic", `/data`, "null became absent",
		"the document does not say that a model can be null while its job runs; the pointer is nil either way"),
	loss("polytomic", `.*/(configuration|source_configuration|destination_configuration)/large`, `\d+ became \d+`,
		"the library for fields that can be null decodes them by itself, into float64: updates by the wrapper read configurations from the answer's own text"),
	loss("atlan", `.*/(indexTypeESFields|key|terms|buckets|options)/.*large|.*/key/large`, `\d+ became \d+`,
		"generated code decodes objects with fields of their own and any others besides by itself, into float64: type definitions, "+
			"glossary headers and aggregations; the attributes of assets are exact"),
}

// Answers in the shapes that the services give survive being decoded into the generated types and encoded again.
func TestGoldenAnswers(t *testing.T) {
	used := make([]bool, len(limits))
	count := map[string]int{}
	for _, g := range readGolden(t) {
		count[g.service]++
		answer, err := g.answerType()
		if err != nil {
			t.Error(err)
			continue
		}
		want, err := tree(g.text)
		if err != nil {
			t.Errorf("%s/%s: %v", g.service, g.name, err)
			continue
		}
		text, err := roundTrip(answer, g.text)
		if err != nil {
			t.Errorf("%s/%s: %v", g.service, g.name, err)
			continue
		}
		got, err := tree(text)
		if err != nil {
			t.Fatal(err)
		}
		losses(want, got, "", func(pointer, what string) {
			known := slices.IndexFunc(limits, func(l limit) bool {
				return l.service.MatchString(g.service) && l.pointer.MatchString(pointer) && l.what.MatchString(what)
			})
			if known < 0 {
				t.Errorf("%s/%s: %s: %s", g.service, g.name, pointer, what)
				return
			}
			used[known] = true
		})
	}
	for i, l := range limits {
		if !used[i] {
			t.Errorf("%v %v %v: no answer shows this loss any more: delete it from the table", l.service, l.pointer, l.what)
		}
	}
	t.Logf("answers: %v", count)
}

// Fields that the document does not have never fail an answer. They are dropped, except in objects that take any field,
// such as configurations and attributes, and in the few schemas of Atlan's that say so.
func TestUnknownFieldsOfAnswers(t *testing.T) {
	const unknown = "sluice_unknown"
	for _, g := range readGolden(t) {
		answer, err := g.answerType()
		if err != nil {
			t.Error(err)
			continue
		}
		value, err := tree(g.text)
		if err != nil {
			t.Fatal(err)
		}
		if addField(value, unknown) == 0 {
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		with, err := roundTrip(answer, text)
		if err != nil {
			t.Errorf("%s/%s: %v", g.service, g.name, err)
			continue
		}
		without, err := roundTrip(answer, g.text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tree(with)
		if err != nil {
			t.Fatal(err)
		}
		want, err := tree(without)
		if err != nil {
			t.Fatal(err)
		}
		kept := dropField(got, unknown)
		// The added field makes an object of what was empty, and so left out: only what was there before is compared.
		losses(want, got, "", func(pointer, what string) {
			if what != "came from nowhere" {
				t.Errorf("%s/%s: %s: %s once there are unknown fields", g.service, g.name, pointer, what)
			}
		})
		if _, object := got.(map[string]any); object && strings.Contains(string(with), unknown) && kept == 0 {
			t.Errorf("%s/%s: the unknown field went somewhere else", g.service, g.name)
		}
	}
}

// addField puts a field into every object that has any, and says how many there are.
func addField(value any, name string) (n int) {
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range value {
			n += addField(inner, name)
		}
		if len(value) > 0 && !typed(value) {
			value[name] = map[string]any{"a": []any{json.Number("1"), nil}}
			n++
		}
	case []any:
		for _, inner := range value {
			n += addField(inner, name)
		}
	}
	return n
}

// dropField takes the field out again, and says how often it was there.
func dropField(value any, name string) (n int) {
	switch value := value.(type) {
	case map[string]any:
		if _, ok := value[name]; ok {
			delete(value, name)
			n++
		}
		for _, inner := range value {
			n += dropField(inner, name)
		}
	case []any:
		for _, inner := range value {
			n += dropField(inner, name)
		}
	}
	return n
}

// typed reports whether an object is a map of things of one sort, such as ids to ids: another value there is no unknown field
// but a broken entry. The answers have such maps with keys that no field could have.
func typed(object map[string]any) bool {
	for key := range object {
		if strings.HasPrefix(key, "-") || strings.Contains(key, "/") {
			return true
		}
	}
	return false
}

// The comparison must notice what it is there for.
func TestGoldenNotices(t *testing.T) {
	const answer = `{"id":9007199254740993,"at":"2026-11-20T10:00:00.120Z","list":[],"map":{},"none":null,"inner":[{"text":"x","status":"brand_new"}]}`
	for _, c := range []struct{ got, want string }{
		{answer, ""},
		{strings.Replace(answer, "9007199254740993", "9007199254740993.0", 1), ""},
		{strings.Replace(answer, ".120Z", ".12Z", 1), ""},
		{strings.Replace(answer, "9007199254740993", "9007199254740992", 1), "/id: 9007199254740993 became 9007199254740992"},
		{strings.Replace(answer, "9007199254740993", `"9007199254740993"`, 1), "/id: 9007199254740993 became 9007199254740993"},
		{strings.Replace(answer, ".120Z", ".120+01:00", 1), "/at: "},
		{strings.Replace(answer, "10:00:00.120Z", "11:00:00.120+01:00", 1), "/at: "},
		{strings.Replace(answer, `"list":[],`, "", 1), "/list: empty became absent"},
		{strings.Replace(answer, `"map":{},`, "", 1), "/map: empty became absent"},
		{strings.Replace(answer, `"none":null,`, "", 1), "/none: null became absent"},
		{strings.Replace(answer, `"none":null`, `"none":""`, 1), "/none: "},
		{strings.Replace(answer, `"brand_new"`, `""`, 1), "/inner/*/status: brand_new became"},
		{strings.Replace(answer, `"text":"x",`, "", 1), "/inner/*/text: lost"},
		{strings.Replace(answer, `[{"text":"x","status":"brand_new"}]`, "[]", 1), "/inner: a list became something else"},
		{strings.Replace(answer, `[{"text":"x","status":"brand_new"}]`, "{}", 1), "/inner: a list became something else"},
		{strings.Replace(answer, `"map":{}`, `"map":[]`, 1), "/map: an object became something else"},
		{strings.Replace(answer, `"map":{}`, `"map":{"a":1}`, 1), "/map/a: came from nowhere"},
	} {
		want, err := tree([]byte(answer))
		if err != nil {
			t.Fatal(err)
		}
		got, err := tree([]byte(c.got))
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		losses(want, got, "", func(pointer, what string) { found = append(found, pointer+": "+what) })
		text := strings.Join(found, "; ")
		if (c.want == "") != (text == "") || !strings.HasPrefix(text, c.want) {
			t.Errorf("%s: got %q, want %q", c.got, text, c.want)
		}
	}
}
