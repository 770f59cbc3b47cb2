package atlantest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// parents are the types whose names the server mints, with the attributes that lead to what they are named after.
var parents = map[string][]string{
	"AtlasGlossary": nil, "AtlasGlossaryTerm": {"anchor"}, "AtlasGlossaryCategory": {"anchor"},
	"DataDomain": {"parentDomain"}, "DataProduct": {"dataDomain"}, "Persona": nil, "Purpose": nil,
	"AuthPolicy": {"accessControl"}, "Collection": nil, "Folder": {"parent"}, "Query": {"parent"}, "DataContract": nil,
}

// minted says whether the server names assets of a type.
func (f *Fake) minted(def *typeDef) bool { _, ok := parents[def.name]; return ok }

// parentLink returns the reference that a new asset is named after.
func (x *saving) parentLink() *link {
	for _, attr := range parents[x.def.name] {
		if l := x.linked(attr); l != nil {
			return l
		}
	}
	return nil
}

// mint makes up a qualifiedName (atlas-metastore's preprocessors). What is below a connection or a domain is named
// after it.
func (s *saver) mint(x *saving) string {
	id := s.newNanoID(21)
	above := ""
	if l := x.parentLink(); l != nil {
		above = l.asset().qualifiedName
	}
	switch x.def.name {
	case "AtlasGlossaryTerm", "AtlasGlossaryCategory":
		return id + "@" + above
	case "DataDomain":
		if above == "" {
			return "default/domain/" + id + "/super"
		}
		return above + "/domain/" + id
	case "DataProduct":
		return above + "/product/" + id
	case "Persona", "Purpose":
		return "default/" + id
	case "AuthPolicy":
		return cmp.Or(above, "default") + "/" + id
	case "Collection":
		return "default/collection/" + s.who.name + "/" + id
	case "Folder":
		return above + "/folder/" + s.who.name + "/" + id
	case "Query":
		return above + "/query/" + s.who.name + "/" + id
	case "DataContract":
		prefix := s.contractPrefix(x.name)
		return prefix + strconv.Itoa(s.versions(prefix)+1)
	}
	return id
}

// contractPrefix is the name of a contract up to the number of its version: the name that was sent, <asset>/contract,
// with the type of the asset.
func (f *Fake) contractPrefix(sent string) string {
	of := strings.TrimSuffix(sent, "/contract")
	for _, name := range slices.Sorted(maps.Keys(f.model.types)) {
		if f.store.byName[nameKey{name, of}] != nil {
			return of + "/" + name + "/contract/V"
		}
	}
	return of + "/contract/V"
}

// versions counts the versions of a contract.
func (f *Fake) versions(prefix string) int {
	n := 0
	for f.store.byName[nameKey{"DataContract", prefix + strconv.Itoa(n+1)}] != nil {
		n++
	}
	return n
}

// sameContract returns the latest version of a contract when it says what is sent, nil when a new version is due.
func (s *saver) sameContract(x *saving) *asset {
	prefix := s.contractPrefix(x.name)
	latest := s.store.byName[nameKey{"DataContract", prefix + strconv.Itoa(s.versions(prefix))}]
	if latest == nil {
		return nil
	}
	for _, attr := range []string{"dataContractSpec", "dataContractJson"} {
		if sent, ok := x.sent.Attributes[attr]; ok && !sameJSON(string(sent), latest.get(attr)) {
			return nil
		}
	}
	return latest
}

// checkParent sees that an asset which is named after another refers to it, also when it is updated.
func (s *saver) checkParent(x *saving) error {
	switch x.def.name {
	case "AtlasGlossaryTerm", "AtlasGlossaryCategory":
		if x.linked("anchor") == nil {
			return metastore(http.StatusBadRequest, "ATLAS-400-00-072", "Mandatory anchor attribute is missing")
		}
	case "DataProduct":
		if x.isNew && x.linked("dataDomain") == nil {
			return metastore(http.StatusBadRequest, "ATLAS-400-00-029", "a data product needs its dataDomain")
		}
	case "Query", "Folder":
		if x.isNew && x.linked("parent") == nil {
			return metastore(http.StatusBadRequest, "ATLAS-400-00-029", "a %s needs its parent", x.def.name)
		}
	}
	return nil
}

// taken are the errors for a second asset of the same name, by type.
var taken = map[string]struct {
	status int
	code   string
}{
	"AtlasGlossary":         {http.StatusConflict, "ATLAS-409-00-007"},
	"AtlasGlossaryTerm":     {http.StatusConflict, "ATLAS-409-00-009"},
	"AtlasGlossaryCategory": {http.StatusConflict, "ATLAS-409-00-00A"},
	"Persona":               {http.StatusConflict, "ATLAS-409-00-016"},
	"Purpose":               {http.StatusConflict, "ATLAS-409-00-016"},
	"DataDomain":            {http.StatusBadRequest, "ATLAS-400-00-029"},
}

// unique refuses a new asset whose human name another one has in the same place, as far as the server notices.
func (s *saver) unique(x *saving) error {
	e, checked := taken[x.def.name]
	if !checked || !x.isNew {
		return nil
	}
	name := unquoted(string(x.sent.Attributes["name"]))
	var above *asset
	if l := x.parentLink(); l != nil {
		if l.with != nil {
			return nil // a parent as new as the asset has no others
		}
		above = l.to
	}
	for _, o := range s.byHuman[nameKey{x.def.name, name}] {
		if o.deleted || s.has(UniqueByIndex) && !o.indexed {
			continue
		}
		if attrs := parents[x.def.name]; len(attrs) > 0 && o.first(attrs[0]) != above {
			continue
		}
		if x.def.name == "AtlasGlossaryCategory" {
			var parent *asset
			if l := x.linked("parentCategory"); l != nil {
				parent = l.asset()
			}
			if o.first("parentCategory") != parent {
				continue
			}
		}
		return metastore(e.status, e.code, "%s with name %s already exists", x.def.name, name)
	}
	return nil
}
