package atlan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// The kinds of type definitions that this package reads and writes, by how the API names them.
const (
	kindTag            = "CLASSIFICATION"
	kindCustomMetadata = "BUSINESS_METADATA"
	kindEnum           = "ENUM"
	kindStruct         = "STRUCT"
)

// Members of type definitions.
const (
	memberCategory    = "category"
	memberDisplayName = "displayName"
	memberDescription = "description"
	memberOptions     = "options"
	memberDefs        = "attributeDefs"
	memberElements    = "elementDefs"
	memberIsNew       = "isNew"
)

// listOf is what a list of one kind of definitions is called.
func listOf(kind string) string {
	switch kind {
	case kindTag:
		return "classificationDefs"
	case kindCustomMetadata:
		return "businessMetadataDefs"
	case kindEnum:
		return "enumDefs"
	}
	return "structDefs"
}

// pathOf is how a path names a kind.
func pathOf(kind string) atlanapi.GetTypeDefByKindAndNameParamsPathType {
	switch kind {
	case kindTag:
		return "classificationdef"
	case kindCustomMetadata:
		return "businessmetadatadef"
	case kindEnum:
		return "enumdef"
	}
	return "structdef"
}

// typeDefs are lists of definitions, by what the lists are called.
type typeDefs map[string][]json.RawMessage

// errNoDefinitions is why an empty answer is not believed.
var errNoDefinitions = errors.New("the answer has no definitions at all, not even those that every tenant has: the credentials have probably expired")

// definitions lists the definitions of a kind. A service whose token has expired at times answers 200 and nothing (pyatlan
// takes it for an expired token, too): structs are there in every tenant, so an answer without any definition is believed
// only when structs are still listed.
func (c *Client) definitions(ctx context.Context, kind string) ([]json.RawMessage, error) {
	list := func(kind string) ([]json.RawMessage, error) {
		answer, err := transport.Decode[typeDefs](c.raw.ListTypeDefs(ctx, &atlanapi.ListTypeDefsParams{Type: []atlanapi.ListTypeDefsParamsType{atlanapi.ListTypeDefsParamsType(kind)}}))
		if err != nil {
			return nil, err
		}
		return (*answer)[listOf(kind)], nil
	}
	found, err := list(kind)
	if err != nil || len(found) > 0 {
		return found, err
	}
	structs, err := list(kindStruct)
	if err != nil {
		return nil, err
	}
	if len(structs) == 0 {
		return nil, &apierr.Error{Service: service, Kind: apierr.KindUnauthenticated, Operation: "listTypeDefs", Message: errNoDefinitions.Error(),
			Hint: "Check the API token, or exchange it.", Err: errNoDefinitions}
	}
	return nil, nil
}

// definition reads one definition by its name, which is the hashed id of what has one. What is not there is nil.
func (c *Client) definition(ctx context.Context, kind, name string) (json.RawMessage, error) {
	answer, err := transport.Decode[json.RawMessage](c.raw.GetTypeDefByKindAndName(ctx, pathOf(kind), name))
	switch {
	case isNoDefinition(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	// What an expired token gets is no definition at all, and nothing that could be changed and sent back.
	if textOf(memberOf(*answer, attributeName)) == "" {
		return nil, &apierr.Error{Service: service, Kind: apierr.KindDecode, Operation: "getTypeDefByKindAndName", Message: errNamelessDefinition.Error(),
			Hint: "Check the API token, or exchange it.", Err: errNamelessDefinition}
	}
	return *answer, nil
}

// errNamelessDefinition is why an answer is not believed.
var errNamelessDefinition = errors.New("the answer is not the definition that was asked for: perhaps the credentials have expired")

// isNoDefinition reports whether an error says that a definition does not exist. Only the metastore can say so, with a code
// of its own: a 404 of a gateway says nothing of it.
func isNoDefinition(err error) bool {
	e, ok := errors.AsType[*apierr.Error](err)
	return ok && e.Kind == apierr.KindNotFound && strings.HasPrefix(e.Code, "ATLAS-")
}

// create sends a new definition and returns what the server made of it.
func (c *Client) createDefinition(ctx context.Context, kind string, text json.RawMessage) (json.RawMessage, error) {
	answer, err := transport.Decode[typeDefs](c.raw.CreateTypeDefsWithBody(ctx, &atlanapi.CreateTypeDefsParams{}, jsonBody, bytes.NewReader(envelope(kind, text))))
	return theOne(kind, answer, err)
}

// updateDefinition sends a definition in the place of the one that is there. It leaves the same state however often it is
// sent, unless it brings new attributes: to each of those the server gives another id each time (TypesREST of
// atlas-metastore).
func (c *Client) updateDefinition(ctx context.Context, kind string, text json.RawMessage) (json.RawMessage, error) {
	if bringsAttributes(text) {
		ctx = transport.WithSafety(ctx, transport.Unsafe)
	}
	answer, err := transport.Decode[typeDefs](c.raw.UpdateTypeDefsWithBody(ctx, &atlanapi.UpdateTypeDefsParams{}, jsonBody, bytes.NewReader(envelope(kind, text))))
	return theOne(kind, answer, err)
}

// definedList reads a list of a definition as the server wrote it. One that cannot be read is not an empty one: an update
// would take away what it holds.
func definedList(wire json.RawMessage, member string) ([]json.RawMessage, error) {
	text, ok := memberOf(wire, member)
	if !ok {
		return nil, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, undecodable(member, err)
	}
	return list, nil
}

// bringsAttributes reports whether a definition has attributes that are new.
func bringsAttributes(text json.RawMessage) bool {
	var list []json.RawMessage
	defs, _ := memberOf(text, memberDefs)
	_ = json.Unmarshal(defs, &list) // none
	return slices.ContainsFunc(list, func(def json.RawMessage) bool { return flag(memberOf(def, memberIsNew)) })
}

// purgeDefinition removes a definition by its name, which is the hashed id of what has one. The definition was just read: one
// that is gone after a try whose answer was lost is what was asked for.
func (c *Client) purgeDefinition(ctx context.Context, name string) error {
	err := transport.Discard(c.raw.DeleteTypeDefByName(ctx, name))
	if e, ok := errors.AsType[*apierr.Error](err); ok && e.Attempts > 1 && isNoDefinition(err) {
		return nil
	}
	return err
}

// errNoChange refuses an update without a function that does it.
func errNoChange() error {
	return apierr.Invalid(service, "change", "the function that is to change the definition is nil")
}

// envelope is the body of a request with one definition.
func envelope(kind string, text json.RawMessage) []byte {
	return appendObject(nil, func(yield func(string, json.RawMessage) bool) { yield(listOf(kind), listText([]json.RawMessage{text})) })
}

func theOne(kind string, answer *typeDefs, err error) (json.RawMessage, error) {
	if err != nil {
		return nil, err
	}
	list := (*answer)[listOf(kind)]
	if len(list) != 1 || textOf(memberOf(list[0], attributeName)) == "" {
		return nil, &apierr.Error{Service: service, Kind: apierr.KindDecode, Message: "the answer has " + strconv.Itoa(len(list)) + " definitions, want the one that was sent",
			MayHaveApplied: true}
	}
	return list[0], nil
}

// flag reads a truth that is written as one or as text.
func flag(value json.RawMessage, ok bool) bool {
	return ok && (string(value) == "true" || textOf(value, true) == "true")
}

// flagText writes a truth as definitions keep it: options are text.
func flagText(b bool) json.RawMessage { return appendString(nil, strconv.FormatBool(b)) }

// putText writes a text, and nothing when there was and is none.
func putText(o *object, name, value string) {
	if was, ok := o.get(name); value != textOf(was, ok) {
		o.put(name, appendString(nil, value))
	}
}

// listedNames are the names in a list that is kept as the text of a JSON list.
func listedNames(value json.RawMessage, ok bool) []string {
	var list []string
	if text := textOf(value, ok); text != "" && json.Unmarshal([]byte(text), &list) != nil {
		return nil
	}
	return list
}
