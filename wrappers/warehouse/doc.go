// Package warehouse reads what Airbyte wrote.
//
// (The naming rules come first; the rest of the package follows.)
package warehouse
