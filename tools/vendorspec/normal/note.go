package normal

import (
	"fmt"
	"strings"
)

// A Note says what was changed beyond leaving out prose: a widening, a repair, a part that is not taken over.
type Note struct {
	Text  string
	Count int
	// First is where it was done first, as the JSON pointer of the published document.
	First string
}

func (n Note) String() string {
	if n.Count == 1 {
		return fmt.Sprintf("%s: %s", n.First, n.Text)
	}
	return fmt.Sprintf("%s, and %d more: %s", n.First, n.Count-1, n.Text)
}

// A Problem is one reason to refuse a document.
type Problem struct {
	Pointer string // behind the name of its file, unless that is the document itself
	Text    string
}

// A RefusedError says what of a document cannot be kept.
type RefusedError struct {
	// Problems are in the order they were found, at most MaxProblems.
	Problems []Problem
	// More says that reading was given up at MaxProblems.
	More bool
}

// MaxProblems is how many problems are looked for before reading is given up.
const MaxProblems = 25

func (e *RefusedError) Error() string {
	var b strings.Builder
	b.WriteString("the document is refused")
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "\n  %s: %s", p.Pointer, p.Text)
	}
	if e.More {
		b.WriteString("\n  (and perhaps more)")
	}
	return b.String()
}
