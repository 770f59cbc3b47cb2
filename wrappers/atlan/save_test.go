package atlan

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
)

// exchange is a request that came and the answer to it.
type exchange struct {
	method, target string // the target is the path and the query
	body           string
}

// script answers requests in order, and keeps them. An answer that begins with a number is a status and a body.
func script(t *testing.T, answers ...string) (*Client, *[]exchange) {
	t.Helper()
	var seen []exchange
	client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		e := exchange{method: r.Method, target: strings.TrimPrefix(r.URL.RequestURI(), "/api/meta/")}
		if r.Body != nil {
			text, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			e.body = string(text)
		}
		seen = append(seen, e)
		if len(answers) == 0 {
			t.Errorf("nobody expected %s %s", r.Method, r.URL)
			return reply(r, 500, "{}"), nil
		}
		answer := answers[0]
		answers = answers[1:]
		status, body, ok := strings.Cut(answer, " ")
		switch {
		case ok && status == "404":
			return reply(r, 404, body), nil
		case ok && status == "500":
			return reply(r, 500, body), nil
		}
		return reply(r, 200, answer), nil
	}), WithRetries(0))
	t.Cleanup(func() {
		if len(answers) > 0 {
			t.Errorf("%d answers were not asked for", len(answers))
		}
	})
	return client, &seen
}

func TestT1SaveNothingChanged(t *testing.T) {
	client, seen := script(t)
	a := ordersAsset(t)
	a.Attributes.ColumnCount.Set(7)
	report, err := client.Save(t.Context(), a)
	if err != nil || len(*seen) != 0 || report.Changed() || report.Items[0].Outcome != Unchanged || report.Items[0].GUID != "g-orders" {
		t.Errorf("%+v, %v, %d requests", report, err, len(*seen))
	}
	if report, err := client.Save(t.Context()); err != nil || len(report.Items) != 0 || report.Changed() {
		t.Errorf("a save of nothing: %+v, %v", report, err)
	}
}

// One request holds what was changed and what is new, with guids of its own; each item is told what became of it.
func TestT1SaveMatchesResults(t *testing.T) {
	client, seen := script(t, `{"mutatedEntities":{
		"CREATE":[{"typeName":"AtlasGlossary","guid":"G","attributes":{"name":"Metrics","qualifiedName":"nano"}},
			{"typeName":"AtlasGlossaryTerm","guid":"T","attributes":{"name":"Revenue","qualifiedName":"nano2@nano"}}],
		"UPDATE":[{"typeName":"Schema","guid":"s1","attributes":{"qualifiedName":"`+schema+`"}}],
		"PARTIAL_UPDATE":[{"typeName":"Table","guid":"g-orders","attributes":{}},{"typeName":"View","guid":"V","attributes":{"qualifiedName":"`+schema+`/V"}}]},
		"guidAssignments":{"-2":"G","-3":"T","-5":"same"}}`)
	orders, untouched := ordersAsset(t), ordersAsset(t)
	orders.Attributes.Description.Set("new")
	untouched.GUID = "g-2"
	glossary, err := NewGlossary("Metrics")
	if err != nil {
		t.Fatal(err)
	}
	term, err := NewTerm("Revenue", glossary.Ref())
	if err != nil {
		t.Fatal(err)
	}
	view, err := NewView("V", schema)
	if err != nil {
		t.Fatal(err)
	}
	column, err := NewColumn("C", view.Ref(), 1)
	if err != nil {
		t.Fatal(err)
	}
	report, err := client.Save(t.Context(), orders, glossary, untouched, term, view, column)
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		Outcome                       Outcome
		GUID, TypeName, QualifiedName string
	}
	var rows []row
	for i, r := range append(slices.Clone(report.Items), report.Others...) {
		rows = append(rows, row{r.Outcome, r.GUID, r.TypeName, r.QualifiedName})
		if i < len(report.Items) && r.Item == nil || r.Recovered {
			t.Errorf("%d: %+v", i, r)
		}
	}
	if diff := cmp.Diff([]row{
		{PartiallyUpdated, "g-orders", "Table", "default/snowflake/1/DB/S/ORDERS"},
		{Created, "G", "AtlasGlossary", "nano"},
		{Unchanged, "g-2", "Table", "default/snowflake/1/DB/S/ORDERS"},
		{Created, "T", "AtlasGlossaryTerm", "nano2@nano"},
		{PartiallyUpdated, "V", "View", schema + "/V"},
		{Unchanged, "same", "Column", schema + "/V/C"},
		{Updated, "s1", "Schema", schema},
	}, rows); diff != "" {
		t.Error(diff)
	}
	if report.Count(Created) != 2 || report.Count(Unchanged) != 2 || !report.Changed() {
		t.Errorf("%d created, %d unchanged", report.Count(Created), report.Count(Unchanged))
	}
	var sent struct{ Entities []json.RawMessage }
	if err := json.Unmarshal([]byte((*seen)[0].body), &sent); err != nil || len(sent.Entities) != 5 {
		t.Fatalf("%v: %s", err, (*seen)[0].body)
	}
	for i, want := range map[int]string{
		1: `{"typeName":"AtlasGlossary","guid":"-2","attributes":{"name":"Metrics","qualifiedName":"-2"}}`,
		2: `{"typeName":"AtlasGlossaryTerm","guid":"-3","attributes":{"name":"Revenue","qualifiedName":"-3"},"relationshipAttributes":{"anchor":{"guid":"-2","typeName":"AtlasGlossary"}}}`,
	} {
		if diff := cmp.Diff(want, string(sent.Entities[i])); diff != "" {
			t.Error(diff)
		}
	}
	// The column leads to the new view by the guid of this request: its name is not known to the server yet.
	if !strings.Contains(string(sent.Entities[4]), `"view":{"guid":"-4","typeName":"View"}`) {
		t.Errorf("the column is sent as %s", sent.Entities[4])
	}
	// What was saved is what was read now.
	if glossary.GUID != "G" || glossary.QualifiedName() != "nano" || glossary.Attributes.QualifiedName.Or("") != "nano" || term.Ref().GUID != "T" {
		t.Errorf("the glossary is %+v", glossary)
	}
	if again, err := client.Save(t.Context(), orders, glossary, term, view, column); err != nil || again.Changed() {
		t.Errorf("saved again: %+v, %v", again, err)
	}
	glossary.Attributes.UserDescription.Set("x")
	if sent := sentBy(t, glossary); sent != `{"typeName":"AtlasGlossary","guid":"G","attributes":{"name":"Metrics","qualifiedName":"nano","userDescription":"x"}}` {
		t.Error(sent)
	}
}

// Members that were added to a relationship or taken out of it are sent once, and what the relationship holds then is not known.
func TestT1SaveForgetsAppended(t *testing.T) {
	client, seen := script(t, `{"mutatedEntities":{"PARTIAL_UPDATE":[{"typeName":"Table","guid":"g-orders"}]}}`)
	a := ordersAsset(t)
	a.Attributes.Columns.Set([]atlanassets.Ref{{GUID: "c9", Semantic: atlanassets.SaveSemanticAppend}})
	if _, err := client.Save(t.Context(), a); err != nil || len(*seen) != 1 {
		t.Fatal(err)
	}
	if sent := sentBy(t, a); sent != "" || !a.Attributes.Columns.IsZero() {
		t.Errorf("%s, %v", sent, a.Attributes.Columns)
	}
	a.Attributes.Columns.Set([]atlanassets.Ref{{GUID: "c1"}, {GUID: "c2"}})
	if sent := sentBy(t, a); !strings.Contains(sent, `"columns":[{"guid":"c1"},{"guid":"c2"}]`) {
		t.Errorf("set to what was read before: %s", sent)
	}
}

func TestT1SaveFlags(t *testing.T) {
	for name, test := range map[string]struct {
		options SaveOptions
		change  func(*Asset[atlanassets.Table])
		query   string // "" is a refusal
		refused string
	}{
		"plain":                   {query: "entity/bulk"},
		"append tags":             {options: SaveOptions{Tags: TagsAppend}, query: "entity/bulk?appendTags=true"},
		"replace tags":            {options: SaveOptions{Tags: TagsReplace}, query: "entity/bulk?replaceTags=true"},
		"replace classifications": {options: SaveOptions{Tags: ClassificationsReplace}, query: "entity/bulk?replaceClassifications=true"},
		"merge":                   {options: SaveOptions{CustomMetadata: CustomMetadataMerge}, query: "entity/bulk?replaceBusinessAttributes=true"},
		"replace":                 {options: SaveOptions{CustomMetadata: CustomMetadataReplace}, query: "entity/bulk?replaceBusinessAttributes=true&overwriteBusinessAttributes=true"},
		"edges":                   {options: SaveOptions{SkipProcessEdgeRestoration: true}, query: "entity/bulk?skipProcessEdgeRestoration=true"},
		"one tag":                 {change: func(a *Asset[atlanassets.Table]) { _ = a.SetMember("addOrUpdateClassifications", []int{}) }, query: "entity/bulk?appendTags=true"},
		"one tag of all": {options: SaveOptions{Tags: TagsReplace},
			change: func(a *Asset[atlanassets.Table]) { _ = a.SetMember("removeClassifications", []int{}) }, refused: "classifications"},
		"tags without a mode":            {change: func(a *Asset[atlanassets.Table]) { _ = a.SetMember("classifications", []int{}) }, refused: "classifications"},
		"custom metadata without a mode": {change: func(a *Asset[atlanassets.Table]) { _ = a.SetMember("businessAttributes", map[string]int{}) }, refused: "businessAttributes"},
		"custom metadata ignored": {options: SaveOptions{CustomMetadata: CustomMetadataIgnore},
			change: func(a *Asset[atlanassets.Table]) { _ = a.SetMember("businessAttributes", map[string]int{}) }, query: "entity/bulk"},
		"text too long":  {change: func(a *Asset[atlanassets.Table]) { a.Attributes.Description.Set(strings.Repeat("😀", 50_001)) }, refused: "description"},
		"text just fits": {change: func(a *Asset[atlanassets.Table]) { a.Attributes.Description.Set(strings.Repeat("😀", 50_000)) }, query: "entity/bulk"},
		"long text":      {change: func(a *Asset[atlanassets.Table]) { _ = a.SetAttribute("rawQueryText", strings.Repeat("x", 2_000_000)) }, query: "entity/bulk"},
		"longer text":    {change: func(a *Asset[atlanassets.Table]) { _ = a.SetAttribute("rawQueryText", strings.Repeat("x", 2_000_001)) }, refused: "rawQueryText"},
	} {
		t.Run(name, func(t *testing.T) {
			var answers []string
			if test.refused == "" {
				answers = []string{`{"mutatedEntities":{"UPDATE":[{"typeName":"Table","guid":"g-orders"}]}}`}
			}
			client, seen := script(t, answers...)
			a := ordersAsset(t)
			a.Attributes.ColumnCount.Set(8)
			if test.change != nil {
				test.change(a)
			}
			_, err := client.SaveWith(t.Context(), test.options, a)
			if test.refused != "" {
				if !errors.Is(err, ErrInvalidRequest) || !strings.Contains(err.Error(), test.refused) || len(*seen) != 0 {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || (*seen)[0].target != test.query {
				t.Errorf("%v, %+v", err, (*seen)[0].target)
			}
			sent := (*seen)[0].body
			if test.options.CustomMetadata == CustomMetadataReplace && !strings.Contains(sent, `"businessAttributes":{"setid": {"attrid": "x"}}`) {
				t.Errorf("custom metadata that was left out would be removed: %s", sent)
			}
			if (test.options.Tags == TagsReplace || test.options.Tags == ClassificationsReplace) && !strings.Contains(sent, `"classifications":[{"typeName": "hashed"}]`) {
				t.Errorf("tags that were left out would be removed: %s", sent)
			}
		})
	}
}

// Replacing custom metadata of an asset that was read without it would remove all of it.
func TestT1SaveReplacesOnlyWhatWasRead(t *testing.T) {
	client, _ := script(t)
	a, err := UpdateOf[atlanassets.Table](table, "T")
	if err != nil {
		t.Fatal(err)
	}
	a.Attributes.ColumnCount.Set(1)
	if _, err := client.SaveWith(t.Context(), SaveOptions{CustomMetadata: CustomMetadataReplace}, a); !errors.Is(err, ErrInvalidRequest) {
		t.Errorf("%v", err)
	}
}

func TestT1SaveRefuses(t *testing.T) {
	client, _ := script(t)
	orders := ordersAsset(t)
	orders.Attributes.ColumnCount.Set(8)
	many := make([]Item, maxSaved+1)
	for i := range many {
		many[i] = NewEntity("Table")
	}
	glossary, _ := NewGlossary("G")
	term, _ := NewTerm("T", glossary.Ref())
	hidden := new(Entity)
	if err := json.Unmarshal([]byte(`{"guid":"-1","typeName":"Table","attributes":{}}`), hidden); err != nil {
		t.Fatal(err)
	}
	empty := ordersAsset(t)
	empty.Attributes.AtlanSchema.Set(atlanassets.Ref{})
	for name, items := range map[string][]Item{
		"too many": many, "twice": {orders, orders}, "nil": {nil}, "no type": {&Entity{}}, "no qualifiedName": {NewEntity("Table")},
		"an unsaved glossary": {term}, "a term without a name": {NewEntity("DataDomain")}, "hidden": {hidden}, "an empty reference": {empty},
	} {
		if _, err := client.Save(t.Context(), items...); !errors.Is(err, ErrInvalidRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A success that does not mention a new asset is no success.
func TestT1SaveUnconfirmed(t *testing.T) {
	client, _ := script(t, `{}`)
	glossary, _ := NewGlossary("G")
	report, err := client.Save(t.Context(), glossary)
	if !errors.Is(err, ErrLogic) || report.Items[0].Outcome != Unconfirmed || glossary.GUID != "" {
		t.Errorf("%v, %+v", err, report)
	}
}

// A save of what has a name of the caller's is repeated, one with names of the server's is not.
func TestT1SaveSafety(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		posts := 0
		client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/entity/bulk") {
				posts++
				return reply(r, 502, `{}`), nil
			}
			return reply(r, 200, `[]`), nil
		}), WithRetries(3))
		view, _ := NewView("V", schema)
		if _, err := client.Save(t.Context(), view); !errors.Is(err, ErrServer) || posts != 4 {
			t.Errorf("%d posts, %v", posts, err)
		}
		posts = 0
		glossary, _ := NewGlossary("G")
		_, err := client.Save(t.Context(), glossary)
		var ambiguous *AmbiguousSaveError
		if !errors.As(err, &ambiguous) || !errors.Is(err, ErrServer) || posts != 1 || len(ambiguous.Items) != 1 || ambiguous.Items[0] != Item(glossary) {
			t.Errorf("%d posts, %v", posts, err)
		}
		if glossary.GUID != "" {
			t.Errorf("the glossary has the guid %s", glossary.GUID)
		}
		// An update of a term by its qualifiedName cannot make one: it gets its guid first, and is then repeated.
		posts = 0
		known := new(Asset[atlanassets.AtlasGlossary])
		if err := json.Unmarshal([]byte(`{"typeName":"AtlasGlossary","guid":"g1","attributes":{"name":"G","qualifiedName":"g"}}`), known); err != nil {
			t.Fatal(err)
		}
		known.Attributes.UserDescription.Set("x")
		if _, err := client.Save(t.Context(), known); !errors.Is(err, ErrServer) || posts != 4 {
			t.Errorf("%d posts, %v", posts, err)
		}
	})
}

func TestT1UpdateOfMintedTypeFindsItFirst(t *testing.T) {
	client, seen := script(t,
		`{"entity":{"typeName":"DataDomain","guid":"d1","status":"ACTIVE","attributes":{"name":"D","qualifiedName":"default/domain/x/super"}}}`,
		`{"mutatedEntities":{"UPDATE":[{"typeName":"DataDomain","guid":"d1"}]}}`, `404 {"errorCode":"ATLAS-404-00-009"}`)
	domain, err := UpdateOf[atlanassets.DataDomain]("default/domain/x/super", "D")
	if err != nil {
		t.Fatal(err)
	}
	domain.Attributes.UserDescription.Set("x")
	report, err := client.Save(t.Context(), domain)
	if err != nil || report.Items[0].GUID != "d1" || !strings.Contains((*seen)[1].body, `"guid":"d1"`) {
		t.Errorf("%+v, %v, %+v", report, err, *seen)
	}
	none, err := UpdateOf[atlanassets.DataDomain]("default/domain/y/super", "D")
	if err != nil {
		t.Fatal(err)
	}
	none.Attributes.UserDescription.Set("x")
	if _, err := client.Save(t.Context(), none); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
}
