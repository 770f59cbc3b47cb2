// Package field holds the fields of Atlan's search index.
package field
