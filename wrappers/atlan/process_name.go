package atlan

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"slices"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// ProcessParts is what makes a process the one it is: two with the same parts have the same qualifiedName.
type ProcessParts struct {
	// Name is the name of the process.
	Name string
	// ConnectionQualifiedName is the connection that the process runs in.
	ConnectionQualifiedName string
	// ID is the id of the process in its own system. When it is given the qualifiedName is connection/ID, and nothing
	// else matters.
	ID string
	// Inputs and Outputs are what the process reads and writes, in any order and any number of times. Each is known by
	// its type and qualifiedName, or by its guid when it has none.
	Inputs, Outputs []atlanassets.Ref
	// Parent is the process of a column process, nil for none.
	Parent *atlanassets.Ref
	// Extra tells processes apart that have all else in common.
	Extra map[string]string
}

// ProcessQualifiedName returns the qualifiedName of a process: connection/ID, or connection/hash where the hash follows
// from the parts alone. It is the same in every program and on every run, does not depend on the order of inputs, outputs
// and extras, and differs as soon as one part does. (pyatlan hashes guids only, so that references by qualifiedName give
// many processes one name.)
//
// An input that has neither a qualifiedName nor a guid of the server, no inputs and outputs at all and a connection that
// is none are errors of kind [apierr.KindInvalid]. It does no I/O.
func ProcessQualifiedName(parts ProcessParts) (string, error) {
	if err := checkName("name", parts.Name); err != nil {
		return "", err
	}
	if _, err := parentPath("connection", parts.ConnectionQualifiedName, connectionSegments); err != nil {
		return "", err
	}
	if parts.ID != "" {
		return parts.ConnectionQualifiedName + "/" + parts.ID, nil
	}
	if len(parts.Inputs) == 0 && len(parts.Outputs) == 0 {
		return "", apierr.Invalid(service, "inputs", "a process without an id needs inputs or outputs, which its name is made of")
	}
	h := processHash{sha256.New()}
	h.text(parts.Name)
	h.text(parts.ConnectionQualifiedName)
	var parents []atlanassets.Ref
	if parts.Parent != nil {
		parents = append(parents, *parts.Parent)
	}
	for _, list := range []struct {
		field string
		refs  []atlanassets.Ref
	}{{"parent", parents}, {"inputs", parts.Inputs}, {"outputs", parts.Outputs}} {
		if err := h.refs(list.field, list.refs); err != nil {
			return "", err
		}
	}
	h.number(len(parts.Extra))
	for _, key := range slices.Sorted(maps.Keys(parts.Extra)) {
		h.text(key)
		h.text(parts.Extra[key])
	}
	// 128 bits, as many as the MD5 of other clients has.
	return parts.ConnectionQualifiedName + "/" + hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// processHash takes parts in such a way that no two lists of parts are the same bytes.
type processHash struct{ hash.Hash }

func (h processHash) number(n int) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}

func (h processHash) text(s string) {
	h.number(len(s))
	h.Write([]byte(s))
}

func (h processHash) refs(field string, refs []atlanassets.Ref) error {
	identities := make([]string, 0, len(refs))
	for _, ref := range refs {
		switch {
		case ref.QualifiedName != "":
			identities = append(identities, "q"+ref.TypeName+"\x00"+ref.QualifiedName)
		case ref.GUID != "" && !isPlaceholder(ref.GUID):
			identities = append(identities, "g"+ref.GUID)
		default:
			return apierr.Invalid(service, field, "a reference to a %s has neither a qualifiedName nor a guid of the server", orAsset(ref.TypeName))
		}
	}
	slices.Sort(identities)
	identities = slices.Compact(identities)
	h.number(len(identities))
	for _, identity := range identities {
		h.text(identity)
	}
	return nil
}

func orAsset(typeName string) string {
	if typeName == "" {
		return "asset"
	}
	return typeName
}
