package atlan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

const (
	// maxQueryParameter is the longest query parameter that the metastore takes (its AtlasConfiguration).
	maxQueryParameter = 4096
	// guidsAtOnce is how many assets one request reads: Atlan advises against more than 100 guids.
	guidsAtOnce = 100
	// namesAtOnce bounds the qualifiedNames of one request in bytes, so that its URL passes gateways.
	namesAtOnce = 6000
)

// ReadOptions says how much is read of an asset. The zero value is all of it.
type ReadOptions struct {
	// Minimal leaves out what the answer says about the assets that this one refers to, beyond their ids (minExtInfo).
	Minimal bool
	// WithoutRelationships leaves out the relationships (ignoreRelationships), which are most of a large asset. Terms and
	// categories read like this cannot be saved: they lack their glossary.
	WithoutRelationships bool
}

// only returns the one option that may be given.
func only(options []ReadOptions) (ReadOptions, error) {
	switch len(options) {
	case 0:
		return ReadOptions{}, nil
	case 1:
		return options[0], nil
	}
	return ReadOptions{}, apierr.Invalid(service, "options", "ReadOptions are given once")
}

func (o ReadOptions) flags() (minimal, without *bool) {
	yes := true
	if o.Minimal {
		minimal = &yes
	}
	if o.WithoutRelationships {
		without = &yes
	}
	return minimal, without
}

// entityAnswer is the answer of a read.
type entityAnswer struct{ entity *Entity }

// DecodeJSON is what transport.Decode asks for.
func (a *entityAnswer) DecodeJSON(text []byte) error {
	var answer struct {
		Entity json.RawMessage `json:"entity"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return err
	}
	a.entity = new(Entity)
	return decodeAnswer(a.entity, answer.Entity)
}

// decodeAnswer is decode for what a read answered: an entity without a type is none.
func decodeAnswer(e *Entity, text json.RawMessage) error {
	if err := decodeEntity(e, text); err != nil {
		return err
	}
	if e.TypeName == "" {
		return errNoType
	}
	return nil
}

var errNoType = errors.New("the entity of the answer has no type")

// entitiesAnswer is the answer of a read of many.
type entitiesAnswer struct{ entities []*Entity }

// DecodeJSON is what transport.Decode asks for.
func (a *entitiesAnswer) DecodeJSON(text []byte) error {
	var answer struct {
		Entities []json.RawMessage `json:"entities"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return err
	}
	a.entities = make([]*Entity, len(answer.Entities))
	for i, raw := range answer.Entities {
		a.entities[i] = new(Entity)
		if err := decodeAnswer(a.entities[i], raw); err != nil {
			return err
		}
	}
	return nil
}

// Entity reads an asset of any type by its guid. An asset that is archived is returned too: see its Status. One that does
// not exist is an error of category [ErrNotFound], an empty guid of [ErrInvalidRequest].
//
//sluice:operation GET /api/meta/entity/guid/{guid}
func (c *Client) Entity(ctx context.Context, guid string, options ...ReadOptions) (*Entity, error) {
	o, err := only(options)
	if err == nil {
		err = checkGUID(guid)
	}
	if err != nil {
		return nil, about("asset", guid, err)
	}
	minimal, without := o.flags()
	answer, err := transport.Decode[entityAnswer](c.raw.GetEntityByGUID(c.underConnection(ctx, guid), guid,
		&atlanapi.GetEntityByGUIDParams{MinExtInfo: minimal, IgnoreRelationships: without}))
	if err != nil {
		return nil, about("asset", guid, err)
	}
	answer.entity.complete = o == ReadOptions{}
	return answer.entity, nil
}

// EntityByQualifiedName reads an asset by the name of its type, such as "Table", and its qualifiedName. An archived asset
// is returned too, unless an active one has the same name. A qualifiedName of more than 4,096 characters is not taken by
// the server in a URL: it is looked up in the search index, which sees an asset some seconds after it was made (not tried
// on the live service). Errors are those of [Client.Entity].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/search/indexsearch
//sluice:operation GET /api/meta/entity/bulk
func (c *Client) EntityByQualifiedName(ctx context.Context, typeName, qualifiedName string, options ...ReadOptions) (*Entity, error) {
	o, err := only(options)
	if err == nil {
		err = checkName(memberTypeName, typeName)
	}
	if err == nil {
		err = checkName(attributeQualifiedName, qualifiedName)
	}
	if err != nil {
		return nil, about(orAsset(typeName), qualifiedName, err)
	}
	ctx = c.underConnection(ctx, qualifiedName)
	if utf8.RuneCountInString(qualifiedName) > maxQueryParameter {
		e, err := c.entityByLongName(ctx, typeName, qualifiedName, o)
		return e, about(typeName, qualifiedName, err)
	}
	minimal, without := o.flags()
	answer, err := transport.Decode[entityAnswer](c.raw.GetEntityByUniqueAttribute(ctx, typeName,
		&atlanapi.GetEntityByUniqueAttributeParams{AttrQualifiedName: &qualifiedName, MinExtInfo: minimal, IgnoreRelationships: without}))
	if err != nil {
		return nil, about(typeName, qualifiedName, err)
	}
	answer.entity.complete = o == ReadOptions{}
	return answer.entity, nil
}

// entityByLongName finds an asset whose qualifiedName does not fit into a URL.
func (c *Client) entityByLongName(ctx context.Context, typeName, qualifiedName string, o ReadOptions) (*Entity, error) {
	guids, _, err := c.searchExactly(ctx, map[string]string{"__typeName.keyword": typeName, attributeQualifiedName: qualifiedName})
	if err != nil {
		return nil, err
	}
	found, _, err := c.Entities(ctx, guids, o)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(e *Entity) bool { return e.QualifiedName() != qualifiedName })
	if active := slices.DeleteFunc(slices.Clone(found), func(e *Entity) bool { return e.Status == StatusDeleted }); len(active) > 0 {
		found = active // as a read by the name would
	}
	switch len(found) {
	case 0:
		return nil, notFound("no %s has this qualifiedName, as far as the search index knows", typeName)
	case 1:
		return found[0], nil
	}
	return nil, &apierr.Error{Service: service, Kind: apierr.KindUnexpected, Err: &AmbiguousNameError{TypeName: typeName, Name: qualifiedName, Candidates: found}}
}

// searchExactly returns the guids of up to 100 assets whose fields have exactly these values, and by how much the
// server's clock is ahead of ours.
func (c *Client) searchExactly(ctx context.Context, fields map[string]string) ([]string, time.Duration, error) {
	type terms = map[string]any
	filter := make([]terms, 0, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		filter = append(filter, terms{"term": terms{name: terms{"value": fields[name]}}})
	}
	body, err := json.Marshal(terms{
		"dsl": terms{
			"from": 0, "size": guidsAtOnce, "track_total_hits": true,
			"query": terms{"bool": terms{"filter": filter}}, "sort": []terms{{"__guid": terms{"order": "asc"}}},
		},
		"attributes": []string{}, "relationAttributes": []string{},
		"requestMetadata": terms{"saveSearchLog": false},
	})
	if err != nil {
		return nil, 0, err
	}
	resp, err := c.raw.IndexSearchWithBody(ctx, jsonBody, bytes.NewReader(body))
	skew := skewOf(resp)
	answer, err := transport.Decode[entitiesAnswer](resp, err)
	if err != nil {
		return nil, 0, err
	}
	var guids []string
	for _, e := range answer.entities {
		if !e.Scrubbed() && e.GUID != "" {
			guids = append(guids, e.GUID)
		}
	}
	return guids, skew, nil
}

// Entities reads many assets by their guids, up to 100 in a request, one request after the other. What does not exist is
// in missing, and no error. The order of the assets is that of the guids; one that is there twice is read once.
//
//sluice:operation GET /api/meta/entity/bulk
func (c *Client) Entities(ctx context.Context, guids []string, options ...ReadOptions) (found []*Entity, missing []string, err error) {
	o, err := only(options)
	if err != nil {
		return nil, nil, err
	}
	guids = distinct(guids)
	for _, guid := range guids {
		if err := checkGUID(guid); err != nil {
			return nil, nil, about("asset", guid, err)
		}
	}
	for chunk := range slices.Chunk(guids, guidsAtOnce) {
		entities, err := c.entities(ctx, chunk, o)
		if err != nil {
			return nil, nil, err
		}
		byGUID := make(map[string]*Entity, len(entities))
		for _, e := range entities {
			byGUID[e.GUID] = e
		}
		for _, guid := range chunk {
			if e := byGUID[guid]; e != nil {
				found = append(found, e)
			} else {
				missing = append(missing, guid)
			}
		}
	}
	return found, missing, nil
}

// entities reads assets in one request. The metastore refuses the whole when one of them does not exist: then the halves
// are asked for.
func (c *Client) entities(ctx context.Context, guids []string, o ReadOptions) ([]*Entity, error) {
	minimal, without := o.flags()
	answer, err := transport.Decode[entitiesAnswer](c.raw.GetEntitiesByGuids(c.underConnection(ctx, guids...),
		&atlanapi.GetEntitiesByGuidsParams{GUID: guids, MinExtInfo: minimal, IgnoreRelationships: without}))
	switch {
	case err == nil:
		for _, e := range answer.entities {
			e.complete = o == ReadOptions{}
		}
		return answer.entities, nil
	case !isNoAsset(err):
		return nil, err
	case len(guids) == 1:
		return nil, nil
	}
	first, err := c.entities(ctx, guids[:len(guids)/2], o)
	if err != nil {
		return nil, err
	}
	second, err := c.entities(ctx, guids[len(guids)/2:], o)
	return append(first, second...), err
}

// EntitiesByQualifiedName reads many assets of one type by their qualifiedNames, as many in a request as fit into a URL.
// What does not exist is in missing, and no error. The order of the assets is that of the names; one that is there twice is
// read once.
//
//sluice:operation GET /api/meta/entity/bulk/uniqueAttribute/type/{typeName}
func (c *Client) EntitiesByQualifiedName(ctx context.Context, typeName string, qualifiedNames []string, options ...ReadOptions) (found []*Entity, missing []string, err error) {
	o, err := only(options)
	if err == nil {
		err = checkName(memberTypeName, typeName)
	}
	if err != nil {
		return nil, nil, about(orAsset(typeName), "", err)
	}
	qualifiedNames = distinct(qualifiedNames)
	byName := make(map[string]*Entity, len(qualifiedNames))
	var chunk []string
	size := 0
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		entities, err := c.entitiesByName(ctx, typeName, chunk, o)
		for _, e := range entities {
			byName[e.QualifiedName()] = e
		}
		chunk, size = chunk[:0], 0
		return err
	}
	for _, name := range qualifiedNames {
		if err := checkName(attributeQualifiedName, name); err != nil {
			return nil, nil, about(typeName, name, err)
		}
		if utf8.RuneCountInString(name) > maxQueryParameter {
			e, err := c.entityByLongName(c.underConnection(ctx, name), typeName, name, o)
			if err != nil && !isNoAsset(err) {
				return nil, nil, about(typeName, name, err)
			}
			if err == nil {
				byName[name] = e
			}
			continue
		}
		escaped := len(url.QueryEscape(name))
		if size+escaped > namesAtOnce || len(chunk) == guidsAtOnce {
			if err := flush(); err != nil {
				return nil, nil, err
			}
		}
		chunk, size = append(chunk, name), size+escaped
	}
	if err := flush(); err != nil {
		return nil, nil, err
	}
	for _, name := range qualifiedNames {
		if e := byName[name]; e != nil {
			found = append(found, e)
		} else {
			missing = append(missing, name)
		}
	}
	return found, missing, nil
}

// entitiesByName reads assets in one request. The metastore leaves out what does not exist; a server that refuses the
// whole instead is asked for the halves.
func (c *Client) entitiesByName(ctx context.Context, typeName string, names []string, o ReadOptions) ([]*Entity, error) {
	minimal, without := o.flags()
	parameters := &atlanapi.GetEntitiesByUniqueAttributeParams{MinExtInfo: minimal, IgnoreRelationships: without}
	answer, err := transport.Decode[entitiesAnswer](c.raw.GetEntitiesByUniqueAttribute(c.underConnection(ctx, names...), typeName, parameters,
		func(_ context.Context, req *http.Request) error {
			query := req.URL.Query()
			for i, name := range names {
				query.Set("attr_"+strconv.Itoa(i)+":"+attributeQualifiedName, name)
			}
			req.URL.RawQuery = query.Encode()
			return nil
		}))
	switch {
	case err == nil:
		for _, e := range answer.entities {
			e.complete = o == ReadOptions{}
		}
		return answer.entities, nil
	case !isNoAsset(err):
		return nil, about(typeName, "", err)
	case len(names) == 1:
		return nil, nil
	}
	first, err := c.entitiesByName(ctx, typeName, names[:len(names)/2], o)
	if err != nil {
		return nil, err
	}
	second, err := c.entitiesByName(ctx, typeName, names[len(names)/2:], o)
	return append(first, second...), err
}

// Get reads an asset by its qualifiedName.
//
//	table, err := atlan.Get[atlanassets.Table](ctx, client, "default/snowflake/1700000000/DB/SCHEMA/ORDERS")
//
// Errors are those of [Client.EntityByQualifiedName].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
func Get[T atlanassets.Type](ctx context.Context, c *Client, qualifiedName string, options ...ReadOptions) (*Asset[T], error) {
	return assetFrom[T](c.entityOfName(ctx, typeNameOf[T](), qualifiedName, options))
}

// GetByGUID reads an asset by its guid. One of another type is a [*WrongTypeError]; other errors are those of
// [Client.Entity].
//
//sluice:operation GET /api/meta/entity/guid/{guid}
func GetByGUID[T atlanassets.Type](ctx context.Context, c *Client, guid string, options ...ReadOptions) (*Asset[T], error) {
	return assetFrom[T](c.entityOfGUID(ctx, typeNameOf[T](), guid, options))
}

// entityOfName is [Get] without a type.
func (c *Client) entityOfName(ctx context.Context, typeName, qualifiedName string, options []ReadOptions) (*Entity, error) {
	e, err := c.EntityByQualifiedName(ctx, typeName, qualifiedName, options...)
	if err != nil {
		return nil, err
	}
	return e, about(typeName, qualifiedName, mustBe(e, typeName))
}

// entityOfGUID is [GetByGUID] without a type.
func (c *Client) entityOfGUID(ctx context.Context, typeName, guid string, options []ReadOptions) (*Entity, error) {
	e, err := c.Entity(ctx, guid, options...)
	if err != nil {
		return nil, err
	}
	return e, about(typeName, guid, mustBe(e, typeName))
}

// entitiesOf is [Collection.GetMany] without a type.
func (c *Client) entitiesOf(ctx context.Context, typeName string, qualifiedNames []string, options []ReadOptions) (found []*Entity, missing []string, err error) {
	found, missing, err = c.EntitiesByQualifiedName(ctx, typeName, qualifiedNames, options...)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range found {
		if err := mustBe(e, typeName); err != nil {
			return nil, nil, about(typeName, e.QualifiedName(), err)
		}
	}
	return found, missing, nil
}

// checkGUID refuses what is not the guid of an asset on the server.
func checkGUID(guid string) error {
	if err := checkName(memberGUID, guid); err != nil {
		return err
	}
	if isPlaceholder(guid) {
		return apierr.Invalid(service, memberGUID, "the asset was not saved yet, or its values are hidden: it has no guid")
	}
	return nil
}

// notFound is an error of category [ErrNotFound] that no answer brought.
func notFound(format string, args ...any) error {
	e := apierr.Invalid(service, "", format, args...)
	e.Kind = apierr.KindNotFound
	return e
}

// isNotFound reports whether an error says that something does not exist.
func isNotFound(err error) bool {
	e, ok := errors.AsType[*apierr.Error](err)
	return ok && e.Kind == apierr.KindNotFound
}

// isNoAsset reports whether an error says that an asset does not exist: the metastore says so with a code of its own, and a
// look-up of ours without a status. Any other 404 comes from a gateway, or means the type, and says nothing of the asset.
func isNoAsset(err error) bool {
	e, ok := errors.AsType[*apierr.Error](err)
	if !ok || e.Kind != apierr.KindNotFound {
		return false
	}
	return e.Status == 0 || strings.HasPrefix(e.Code, "ATLAS-") && e.Code != codeNoType
}

// distinct returns the values in their order, each once.
func distinct(values []string) []string {
	seen := make(map[string]bool, len(values))
	list := make([]string, 0, len(values))
	for _, value := range values {
		if !seen[value] {
			seen[value] = true
			list = append(list, value)
		}
	}
	return list
}
