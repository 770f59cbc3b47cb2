// Package atlan is a client for Atlan.
package atlan
