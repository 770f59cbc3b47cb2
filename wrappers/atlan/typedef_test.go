package atlan

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// metastore is a server in memory that knows type definitions and identities, and counts what it is asked.
type metastore struct {
	mu        sync.Mutex
	defs      map[string][]string // kind → definitions
	asked     []string            // method, path and query of each request
	took      time.Duration       // by an answer
	locked    int                 // writes to answer 423
	expired   bool                // everything is answered 200 and nothing
	lost      int                 // writes whose answer is lost
	people    func(path, filter string, offset int) string
	entities  map[string]string // guid → entity
	bodies    []string          // of writes
	search    func(body string) string
	made      int
	forbidden bool
}

func newMetastore() *metastore {
	return &metastore{defs: map[string][]string{
		kindStruct: {`{"category":"STRUCT","name":"BadgeCondition"}`},
		kindTag: {
			`{"category":"CLASSIFICATION","name":"t1","displayName":"PII","guid":"g1","options":{"color":"Red","iconName":"PhShieldCheck","iconType":"icon"},"attributeDefs":[],"unknown":{"x":1}}`,
			`{"category":"CLASSIFICATION","name":"t2","displayName":"Source","attributeDefs":[{"name":"a1","displayName":"sourceTagAttachment","typeName":"array<SourceTagAttachment>"}]}`,
			`{"category":"CLASSIFICATION","name":"t3","displayName":"Twin"}`, `{"category":"CLASSIFICATION","name":"t4","displayName":"Twin"}`,
		},
		kindCustomMetadata: {
			`{"category":"BUSINESS_METADATA","name":"s1","displayName":"Quality","options":{"emoji":"x","logoType":"emoji"},"attributeDefs":[` + strings.Join([]string{
				attr("a-text", "Text", "string", `"primitiveType":"string"`), attr("a-int", "Int", "int", ""), attr("a-long", "Long", "long", ""),
				attr("a-num", "Number", "float", ""), attr("a-bool", "Bool", "boolean", ""), attr("a-date", "Date", "date", ""),
				attr("a-enum", "Option", "Levels", `"isEnum":"true","enumType":"Levels"`), attr("a-users", "Users", "array<string>", `"customType":"users","multiValueSelect":"true"`),
				attr("a-dates", "Dates", "array<date>", `"multiValueSelect":true`), attr("a-old", "Old-archived-1", "string", `"isArchived":true`),
				attr("a-options", "Options", "array<Levels>", `"isEnum":true,"enumType":"Levels","multiValueSelect":true`),
				attr("a-new", "Unheard", "hologram", ""),
			}, ",") + `],"unknown":[1]}`,
		},
		kindEnum: {`{"category":"ENUM","name":"Levels","elementDefs":[{"value":"low","ordinal":0,"extra":1},{"value":"high","ordinal":1}],"serviceType":"x"}`},
	}, entities: make(map[string]string)}
}

// foundNothing is the answer to a search that nothing matches.
const foundNothing = `{"approximateCount":0,"searchMetadata":{}}`

func attr(id, name, typeName, options string) string {
	return fmt.Sprintf(`{"name":%q,"displayName":%q,"typeName":%q,"options":{%s},"indexTypeESConfig":{"k":"v"}}`, id, name, typeName, options)
}

// count is how many requests began with a method and path.
func (s *metastore) count(prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, a := range s.asked {
		if strings.HasPrefix(a, prefix) {
			n++
		}
	}
	return n
}

const (
	tagList      = "GET /api/meta/types/typedefs?type=CLASSIFICATION"
	metadataList = "GET /api/meta/types/typedefs?type=BUSINESS_METADATA"
	enumList     = "GET /api/meta/types/typedefs?type=ENUM"
	structList   = "GET /api/meta/types/typedefs?type=STRUCT"
	definitionOf = "GET /api/meta/types/"
)

func (s *metastore) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.took > 0 {
		wait(s.took)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	query := r.URL.Query()
	asked := r.Method + " " + r.URL.Path
	if kind := query.Get("type"); kind != "" {
		asked += "?type=" + kind
	}
	if filter := query.Get("filter"); filter != "" {
		asked += " " + filter
	}
	s.asked = append(s.asked, asked)
	if s.forbidden {
		return reply(r, 403, `{"errorMessage":"no"}`), nil
	}
	path := strings.TrimPrefix(r.URL.Path, "/api/meta")
	switch {
	case strings.HasPrefix(path, "/types"):
		return s.types(r, path, body)
	case path == "/search/indexsearch":
		return reply(r, 200, s.search(string(body))), nil
	case strings.HasPrefix(path, "/entity/uniqueAttribute"):
		return s.entity(r, s.named(query.Get("attr:qualifiedName")))
	case path == "/entity/bulk":
		s.bodies = append(s.bodies, r.URL.RawQuery+" "+string(body))
		return reply(r, 200, `{"mutatedEntities":{"UPDATE":[]}}`), nil
	case strings.HasPrefix(path, "/entity/guid/") && r.Method == http.MethodGet:
		return s.entity(r, s.entities[strings.TrimPrefix(path, "/entity/guid/")])
	case strings.HasPrefix(path, "/entity/guid/"):
		s.bodies = append(s.bodies, r.Method+" "+path+" "+string(body))
		return reply(r, 204, ""), nil
	case path == "/glossary":
		return reply(r, 200, `[{"guid":"g","qualifiedName":"glossary1"}]`), nil
	case path == "/api/service/users/current":
		return reply(r, 200, `{"username":"me"}`), nil
	}
	var offset int
	_, _ = fmt.Sscan(query.Get("offset"), &offset)
	return reply(r, 200, s.people(path, query.Get("filter"), offset)), nil
}

func (s *metastore) named(qualifiedName string) string {
	for _, e := range s.entities {
		if strings.Contains(e, `"`+qualifiedName+`"`) {
			return e
		}
	}
	return ""
}

func (*metastore) entity(r *http.Request, e string) (*http.Response, error) {
	if e == "" {
		return reply(r, 404, `{"errorCode":"ATLAS-404-00-005","errorMessage":"no such"}`), nil
	}
	return reply(r, 200, `{"entity":`+e+`}`), nil
}

func (s *metastore) types(r *http.Request, path string, body []byte) (*http.Response, error) {
	if s.expired {
		return reply(r, 200, "{}"), nil
	}
	if r.Method != http.MethodGet && s.locked > 0 {
		s.locked--
		return reply(r, 423, `{"errorCode":"ATLAS-423-00-001","errorMessage":"typedef lock"}`), nil
	}
	name := path[strings.LastIndexByte(path, '/')+1:]
	switch {
	case r.Method == http.MethodGet && path == "/types/typedefs":
		kind := r.URL.Query().Get("type")
		return reply(r, 200, `{"`+listOf(kind)+`":[`+strings.Join(s.defs[kind], ",")+`]}`), nil
	case r.Method == http.MethodGet:
		for kind, defs := range s.defs {
			if i := index(defs, name); i >= 0 && strings.Contains(path, string(pathOf(kind))) {
				return reply(r, 200, defs[i]), nil
			}
		}
		return reply(r, 404, `{"errorCode":"ATLAS-404-00-001","errorMessage":"no such type"}`), nil
	case r.Method == http.MethodDelete:
		for kind, defs := range s.defs {
			if i := index(defs, name); i >= 0 {
				s.defs[kind] = slices.Delete(defs, i, i+1)
				if s.lost > 0 {
					s.lost--
					return nil, io.ErrUnexpectedEOF
				}
				return reply(r, 204, ""), nil
			}
		}
		return reply(r, 404, `{"errorCode":"ATLAS-404-00-001","errorMessage":"no such type"}`), nil
	}
	s.bodies = append(s.bodies, string(body))
	for list, defs := range membersOf(body) {
		var sent []json.RawMessage
		if err := json.Unmarshal(defs, &sent); err != nil || len(sent) != 1 {
			return reply(r, 400, `{"errorMessage":"one definition"}`), nil
		}
		kind := ""
		for _, k := range []string{kindTag, kindCustomMetadata, kindEnum} {
			if listOf(k) == list {
				kind = k
			}
		}
		text := string(s.complete(kind, sent[0], r.Method == http.MethodPost))
		if i := index(s.defs[kind], textOf(memberOf([]byte(text), "name"))); i >= 0 {
			s.defs[kind][i] = text
		} else {
			s.defs[kind] = append(s.defs[kind], text)
		}
		if s.lost > 0 {
			s.lost--
			return nil, io.ErrUnexpectedEOF
		}
		return reply(r, 200, `{"`+list+`":[`+text+`]}`), nil
	}
	return reply(r, 400, `{"errorMessage":"nothing"}`), nil
}

// complete gives a new definition and new attributes their hashed ids.
func (s *metastore) complete(kind string, text json.RawMessage, created bool) json.RawMessage {
	def := object{raw: text}
	if created && kind != kindEnum {
		s.made++
		def.put("name", appendString(nil, fmt.Sprintf("made%d", s.made)))
	}
	raw, _ := def.get(memberDefs)
	var attrs []json.RawMessage
	if json.Unmarshal(raw, &attrs) == nil {
		for i := range attrs {
			a := object{raw: attrs[i]}
			if id := textOf(a.get("name")); id == "" || id == textOf(a.get(memberDisplayName)) {
				s.made++
				a.put("name", appendString(nil, fmt.Sprintf("made%d", s.made)))
			}
			attrs[i] = slices.Clone(a.text())
		}
		def.put(memberDefs, listText(attrs))
	}
	return slices.Clone(def.text())
}

func index(defs []string, name string) int {
	return slices.IndexFunc(defs, func(d string) bool { return textOf(memberOf([]byte(d), "name")) == name })
}

// add adds a definition behind the client's back.
func (s *metastore) add(kind, def string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.defs[kind] = append(s.defs[kind], def)
}
