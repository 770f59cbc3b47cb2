// Package atlanassets holds the asset types of Atlan.
package atlanassets
