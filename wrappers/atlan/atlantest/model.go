package atlantest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/sluice-sdk/sluice/specs"
)

// typeDef is an asset type as the server knows it.
type typeDef struct {
	name      string
	supers    []string // all of them, nearest first, without the type itself
	attrs     map[string]string
	relations map[string]*relationDef
	own       []string // attributes and relationships the type declares itself
	direct    []string // its super types
	sub       []string
}

// relationDef is one end of a relationship: an attribute whose values are assets.
type relationDef struct {
	attr    string
	target  string // type
	many    bool
	inverse string // attribute of the other end, "" when it has none
	kind    string // type name of the relationship
}

// model is what types there are. The one of the document is shared by all fakes and immutable; a fake that is told of
// more types has its own.
type model struct {
	types      map[string]*typeDef
	enums      map[string][]string
	structs    map[string]map[string]string
	connectors map[string]string
}

var sharedModel = sync.OnceValues(func() (*model, error) { return parseModel(specs.AtlanTypedefs()) })

type writtenType struct {
	SuperTypes         []string          `json:"superTypes"`
	InferredSuperTypes []string          `json:"inferredSuperTypes"`
	SubTypes           []string          `json:"subTypes"`
	Attributes         map[string]string `json:"attributes"`
	Relations          map[string]string `json:"relationshipAttributes"`
}

func parseModel(raw []byte) (*model, error) {
	var written struct {
		Types   map[string]*writtenType `json:"types"`
		Enums   map[string][]string     `json:"enums"`
		Structs map[string]struct {
			Attributes map[string]string `json:"attributes"`
		} `json:"structs"`
		Connectors map[string]string `json:"connectors"`
	}
	if err := json.Unmarshal(raw, &written); err != nil {
		return nil, fmt.Errorf("atlantest: read the typedefs: %w", err)
	}
	m := &model{
		types: make(map[string]*typeDef, len(written.Types)), enums: written.Enums,
		structs: make(map[string]map[string]string), connectors: written.Connectors,
	}
	for name, s := range written.Structs {
		m.structs[name] = s.Attributes
	}
	inverses := inverses(written.Types)
	for _, name := range slices.Sorted(maps.Keys(written.Types)) {
		m.types[name] = define(written.Types, name, inverses)
	}
	return m, nil
}

// end names one end of a relationship: a type and its attribute.
type end struct{ typeName, attr string }

func define(written map[string]*writtenType, name string, inverses map[end]end) *typeDef {
	chain := closure(written, name)
	d := &typeDef{
		name: name, supers: chain[1:], attrs: make(map[string]string), relations: make(map[string]*relationDef),
		direct: written[name].SuperTypes, sub: written[name].SubTypes,
	}
	d.own = slices.Sorted(maps.Keys(written[name].Attributes))
	for _, t := range slices.Backward(chain) { // what is declared nearer wins
		maps.Copy(d.attrs, written[t].Attributes)
		for attr, kind := range written[t].Relations {
			r := &relationDef{attr: attr, target: element(kind), many: kind != element(kind)}
			other := inverses[end{t, attr}]
			r.inverse, r.kind = other.attr, relationshipType(end{t, attr}, other)
			d.relations[attr] = r
		}
	}
	return d
}

// element is X of array<X>, and X of X.
func element(kind string) string {
	if inner, ok := strings.CutPrefix(kind, "array<"); ok {
		return strings.TrimSuffix(inner, ">")
	}
	return kind
}

// closure is a type and all its super types, nearest first.
func closure(written map[string]*writtenType, name string) []string {
	out := []string{name}
	for i := 0; i < len(out); i++ {
		for _, super := range slices.Concat(written[out[i]].SuperTypes, written[out[i]].InferredSuperTypes) {
			if written[super] != nil && !slices.Contains(out, super) {
				out = append(out, super)
			}
		}
	}
	return out
}

// Ends of relationships that belong together although their types fit several others, too, by the names of their
// attributes. The typedefs do not say which do.
var pairs = [][2]string{
	{"inputToProcesses", "inputs"}, {"outputFromProcesses", "outputs"},
	{"inputToAirflowTasks", "inputs"}, {"outputFromAirflowTasks", "outputs"},
	{"inputToSparkJobs", "inputs"}, {"outputFromSparkJobs", "outputs"},
	{"inputToConnectionProcesses", "inputs"}, {"outputFromConnectionProcesses", "outputs"},
	{"parentCategory", "childrenCategories"}, {"anchor", "terms"}, {"anchor", "categories"}, {"categories", "terms"},
	{"meanings", "assignedEntities"}, {"antonyms", "antonyms"}, {"synonyms", "synonyms"}, {"seeAlso", "seeAlso"},
	{"preferredTerms", "preferredToTerms"}, {"replacedBy", "replacementTerms"},
	{"translatedTerms", "translationTerms"}, {"validValues", "validValuesFor"}, {"classifies", "isA"},
	{"foreignKeyFrom", "foreignKeyTo"}, {"parentColumn", "nestedColumns"}, {"parentDomain", "subDomains"},
	{"inputPorts", "inputPortDataProducts"}, {"outputPorts", "outputPortDataProducts"},
	{"dataContractLatest", "dataContractAssetLatest"}, {"dataContractLatestCertified", "dataContractAssetCertified"},
	{"dqBaseDatasetRules", "dqRuleBaseDataset"}, {"dqReferenceDatasetRules", "dqRuleReferenceDatasets"},
	{"dqBaseColumnRules", "dqRuleBaseColumn"}, {"dqReferenceColumnRules", "dqRuleReferenceColumns"},
	{"airflowDag", "airflowTasks"}, {"userDefRelationshipFrom", "userDefRelationshipTo"}, {"dimensions", "facts"},
	{"columns", "table"}, {"mongoDBColumns", "mongoDBCollection"}, {"columns", "cosmosMongoDBCollection"},
}

func paired(a, b string) bool {
	return slices.Contains(pairs, [2]string{a, b}) || slices.Contains(pairs, [2]string{b, a})
}

// inverses finds the other end of each relationship. Where the types leave exactly one possibility, it is that one;
// where they leave several, the names decide, or that all others belong elsewhere; where they leave none because a type
// repeats what another one declares, it is the other one's. A relationship for which nothing is found is kept at its
// own end only.
func inverses(types map[string]*writtenType) map[end]end {
	found, declared, ambiguous := make(map[end]end), make(map[end]string), make(map[end]bool)
	for _, t := range slices.Sorted(maps.Keys(types)) {
		for _, attr := range slices.Sorted(maps.Keys(types[t].Relations)) {
			kind := types[t].Relations[attr]
			e := end{t, attr}
			declared[e] = kind
			if types[element(kind)] == nil {
				continue
			}
			var candidates, named []end
			for _, s := range closure(types, element(kind)) {
				for _, back := range slices.Sorted(maps.Keys(types[s].Relations)) {
					if element(types[s].Relations[back]) != t {
						continue
					}
					candidates = append(candidates, end{s, back})
					if paired(attr, back) {
						named = append(named, end{s, back})
					}
				}
			}
			ambiguous[e] = len(candidates) > 0
			switch {
			case len(named) > 0:
				found[e] = named[0]
			case len(candidates) == 1:
				found[e] = candidates[0]
			}
		}
	}
	claims := make(map[end][]end)
	for e, other := range found {
		claims[other] = append(claims[other], e)
	}
	for other, by := range claims { // the only one that leads to an end is where that end leads
		if _, ok := found[other]; !ok && len(by) == 1 {
			found[other] = by[0]
		}
	}
	agreed := make(map[end]end)
	for e, other := range found {
		if back, ok := found[other]; ok && back.attr == e.attr {
			agreed[e] = other
		}
	}
	byName := make(map[end]end) // by attribute and kind
	for _, e := range slices.SortedFunc(maps.Keys(agreed), compareEnds) {
		if _, ok := byName[end{e.attr, declared[e]}]; !ok {
			byName[end{e.attr, declared[e]}] = agreed[e]
		}
	}
	for e, kind := range declared {
		if _, ok := agreed[e]; !ok && !ambiguous[e] {
			if other, ok := byName[end{e.attr, kind}]; ok {
				agreed[e] = other
			}
		}
	}
	return agreed
}

func compareEnds(a, b end) int {
	return strings.Compare(a.typeName+"\x00"+a.attr, b.typeName+"\x00"+b.attr)
}

// relationshipTypes are the names of relationships that are known; the others get one made of their ends.
var relationshipTypes = map[[2]string]string{
	{"terms", "anchor"}: "AtlasGlossaryTermAnchor", {"categories", "anchor"}: "AtlasGlossaryCategoryAnchor",
	{"terms", "categories"}: "AtlasGlossaryTermCategorization", {"assignedEntities", "meanings"}: "AtlasGlossarySemanticAssignment",
	{"childrenCategories", "parentCategory"}: "AtlasGlossaryCategoryHierarchyLink",
	{"columns", "table"}:                     "table_columns", {"columns", "view"}: "view_columns", {"tables", "atlanSchema"}: "schema_tables",
	{"views", "atlanSchema"}: "schema_views", {"schemas", "database"}: "database_schemas",
	{"inputs", "inputToProcesses"}: "dataset_process_inputs", {"outputs", "outputFromProcesses"}: "process_dataset_outputs",
	{"asset", "readme"}: "asset_readme", {"asset", "links"}: "asset_links",
}

func relationshipType(a, b end) string {
	if name, ok := relationshipTypes[[2]string{a.attr, b.attr}]; ok {
		return name
	}
	if name, ok := relationshipTypes[[2]string{b.attr, a.attr}]; ok {
		return name
	}
	if b.attr == "" {
		return a.attr
	}
	return strings.Join(slices.Sorted(slices.Values([]string{a.attr, b.attr})), "_")
}

// is says whether the type is, or inherits from, another.
func (d *typeDef) is(name string) bool { return d.name == name || slices.Contains(d.supers, name) }

// clone returns a model that can be changed without changing the other.
func (m *model) clone() *model {
	c := *m
	c.types = maps.Clone(m.types)
	return &c
}

// add defines one more type, or more attributes of one.
func (m *model) add(name string, supers []string, attrs map[string]string) error {
	d := &typeDef{name: name, attrs: make(map[string]string), relations: make(map[string]*relationDef), direct: supers}
	if old := m.types[name]; old != nil {
		c := *old
		c.attrs, c.own = maps.Clone(old.attrs), slices.Clone(old.own)
		d = &c
	} else {
		for _, s := range supers {
			super := m.types[s]
			if super == nil {
				return fmt.Errorf("atlantest: %s has an unknown super type %s", name, s)
			}
			for _, t := range append([]string{s}, super.supers...) {
				if !slices.Contains(d.supers, t) {
					d.supers = append(d.supers, t)
				}
			}
			maps.Copy(d.attrs, super.attrs)
			maps.Copy(d.relations, super.relations)
		}
	}
	for attr, kind := range attrs {
		d.attrs[attr] = kind
		d.own = append(d.own, attr)
	}
	slices.Sort(d.own)
	m.types[name] = d
	for t, other := range m.types { // the types below have the new attributes, too
		if t != name && other.is(name) {
			c := *other
			c.attrs = maps.Clone(other.attrs)
			maps.Copy(c.attrs, attrs)
			m.types[t] = &c
		}
	}
	return nil
}
