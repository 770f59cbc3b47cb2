package atlan

import (
	"slices"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// NewProcess returns a new process, which is the lineage between its inputs and its outputs. Its qualifiedName follows
// from its parts, see [ProcessQualifiedName]: saving the same process again makes no second one. Errors: those of
// ProcessQualifiedName, no inputs, no outputs, a parent.
func NewProcess(parts ProcessParts) (*Asset[atlanassets.Process], error) {
	if parts.Parent != nil {
		return nil, apierr.Invalid(service, "parent", "a process has no parent: NewColumnProcess makes what has one")
	}
	qualifiedName, p, err := parts.check()
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.Process]()
	place(&a.Attributes.Asset, p, parts.Name, qualifiedName)
	a.Attributes.Inputs.Set(slices.Clone(parts.Inputs))
	a.Attributes.Outputs.Set(slices.Clone(parts.Outputs))
	return a, nil
}

// NewColumnProcess returns a new process between columns, a part of the process Parent, which it needs. Errors: those of
// [NewProcess].
func NewColumnProcess(parts ProcessParts) (*Asset[atlanassets.ColumnProcess], error) {
	if parts.Parent == nil {
		return nil, apierr.Invalid(service, "parent", "a column process is part of a process")
	}
	qualifiedName, p, err := parts.check()
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.ColumnProcess]()
	place(&a.Attributes.Asset, p, parts.Name, qualifiedName)
	a.Attributes.Inputs.Set(slices.Clone(parts.Inputs))
	a.Attributes.Outputs.Set(slices.Clone(parts.Outputs))
	a.Attributes.ProcessRelationship.Set(*parts.Parent)
	return a, nil
}

// check returns the qualifiedName of the process, and its connection.
func (parts *ProcessParts) check() (qualifiedName string, connection path, err error) {
	for field, refs := range map[string][]atlanassets.Ref{"inputs": parts.Inputs, "outputs": parts.Outputs} {
		if len(refs) == 0 {
			return "", nil, apierr.Invalid(service, field, "a process needs %s", field)
		}
	}
	if qualifiedName, err = ProcessQualifiedName(*parts); err != nil {
		return "", nil, err
	}
	connection, err = parentPath("connection", parts.ConnectionQualifiedName, connectionSegments)
	return qualifiedName, connection, err
}
