package atlan

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// compareCustomMetadata reads the assets that were to be new, came with custom metadata and were there already: the metastore
// leaves theirs as it is unless it is told to merge or to replace it. What was left although it is not what the item has is
// noted in the change.
func (s *saving) compareCustomMetadata(ctx context.Context, answer *mutations) {
	if s.options.CustomMetadata != CustomMetadataKeep {
		return
	}
	of := make(map[string]*change)
	var guids []string
	for _, change := range s.changes {
		if change == nil || change.entity.known || change.recovered != nil || change.members[memberBusiness] == nil {
			continue
		}
		if e, outcome := answer.of(change); e != nil && e.GUID != "" && outcome != Created {
			of[e.GUID] = change
			guids = append(guids, e.GUID)
		}
	}
	if len(guids) == 0 {
		return
	}
	found, missing, err := s.client.Entities(ctx, guids, ReadOptions{WithoutRelationships: true})
	if err != nil {
		missing = guids
	}
	for _, guid := range missing {
		if err == nil {
			err = notFound("there is no asset with this guid")
		}
		of[guid].left = about(of[guid].typeName, of[guid].label(), unknownWhetherLeft(err))
	}
	for _, e := range found {
		change := of[e.GUID]
		value, _ := e.top.get(memberBusiness)
		switch {
		case change == nil:
		case e.Scrubbed():
			change.left = about(change.typeName, change.label(), unknownWhetherLeft(notFound("the server hides the values of the asset")))
		case !hasCustomMetadata(value, change.members[memberBusiness]):
			refused := apierr.Invalid(service, memberBusiness, "the asset was there already: its custom metadata was left as it is, and is not that of the item")
			refused.Hint = "Use SaveOptions.CustomMetadata to merge or replace it, or to say that it is to be left."
			change.left = about(change.typeName, change.label(), refused)
		}
	}
}

func unknownWhetherLeft(err error) error {
	return &apierr.Error{Service: service, Kind: apierr.KindUnexpected, Err: err,
		Message: "the asset was there already, and whether it has the custom metadata of the item could not be read"}
}

// hasCustomMetadata reports whether an asset has the custom metadata that was sent; null is none, and so is a set without any.
func hasCustomMetadata(has, sent json.RawMessage) bool {
	for set, values := range membersOf(sent) {
		there, _ := memberOf(has, set)
		if isEmptyObject(values) && len(there) > 0 {
			for _, value := range membersOf(there) {
				if !isNull(value) {
					return false
				}
			}
		}
		for name, value := range membersOf(values) {
			now, ok := memberOf(there, name)
			if isNull(value) {
				if ok && !isNull(now) {
					return false
				}
				continue
			}
			if !ok || !sameValue(now, value) {
				return false
			}
		}
	}
	return true
}

func isEmptyObject(text json.RawMessage) bool {
	for range membersOf(text) {
		return false
	}
	return true
}

// sameValue compares values of custom metadata. A number may be written in several ways, and lists are sets.
func sameValue(a, b json.RawMessage) bool {
	var x, y any
	return decodeExact(a, &x) == nil && decodeExact(b, &y) == nil && alike(x, y)
}

func alike(x, y any) bool {
	switch x := x.(type) {
	case json.Number:
		other, ok := y.(json.Number)
		return ok && sameNumber(x, other)
	case []any:
		other, ok := y.([]any)
		return ok && len(x) == len(other) && within(x, other) && within(other, x)
	case string, bool:
		return x == y
	}
	return x == nil && y == nil
}

// within reports whether all of a list are in another.
func within(some, all []any) bool {
	for _, x := range some {
		there := false
		for _, y := range all {
			there = there || alike(x, y)
		}
		if !there {
			return false
		}
	}
	return true
}

func sameNumber(x, y json.Number) bool {
	if x == y {
		return true
	}
	if a, err := x.Int64(); err == nil {
		if b, err := y.Int64(); err == nil {
			return a == b
		}
	}
	a, err := strconv.ParseFloat(string(x), 64)
	b, other := strconv.ParseFloat(string(y), 64)
	return err == nil && other == nil && a == b
}
