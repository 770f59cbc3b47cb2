package main

import (
	"iter"
	"reflect"
	"strings"
)

// jsonNames yields the names of the fields of a struct as encoding/json sees them, embedded ones included.
func jsonNames(t reflect.Type) iter.Seq2[string, reflect.StructField] {
	return func(yield func(string, reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.Anonymous && name != "" && name != "-" && !yield(name, f) {
				return
			}
		}
	}
}
