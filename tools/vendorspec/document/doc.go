// Package document holds JSON and YAML documents in the order they were written, reads them within limits, and prints
// them in one way.
//
// A value is a *Object, a []any, a string, a Number, a bool or nil. Reading expands the anchors of YAML, refuses what
// JSON cannot say (two members of one name, several documents in one file, infinite numbers, tags of a program) and
// stops at the limits of its Budget, so that a hostile document costs no more than an honest one of the same limits.
package document
