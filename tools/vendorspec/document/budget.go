package document

import "fmt"

// A Budget bounds what reading costs, over all files of one document. The zero Budget reads nothing.
type Budget struct {
	Bytes  int64 // of all files together
	Values int   // of all files together, anchors expanded: objects, arrays, names and scalars
	Depth  int   // of objects and arrays within each other
	Name   int   // bytes in the name of a member
}

// DefaultBudget is what a document may cost: the largest that is published by one of our services, Airbyte's with the
// configurations of its 600 connectors, has 3.3 MB and 250 thousand values, 30 deep.
func DefaultBudget() *Budget {
	return &Budget{Bytes: 16 << 20, Values: 1_000_000, Depth: 100, Name: 1024}
}

// A LimitError says that a document is larger than the Budget.
type LimitError struct {
	// Over says which limit was passed and how high it is.
	Over string
}

func (e *LimitError) Error() string { return e.Over }

// TakeBytes spends the bytes of a file.
func (b *Budget) TakeBytes(n int64) error {
	if n > b.Bytes {
		return &LimitError{"the files of the document are larger than the limit of 16 MiB together"}
	}
	b.Bytes -= n
	return nil
}

func (b *Budget) takeValue(depth int) error {
	if depth > b.Depth {
		return &LimitError{fmt.Sprintf("objects and arrays are nested deeper than the limit of %d", b.Depth)}
	}
	if b.Values <= 0 {
		return &LimitError{"the document has more values than the limit of one million, anchors expanded"}
	}
	b.Values--
	return nil
}

func (b *Budget) takeName(name string) error {
	if len(name) > b.Name {
		return &LimitError{fmt.Sprintf("the name of a member has %d bytes, more than the limit of %d", len(name), b.Name)}
	}
	return nil
}
