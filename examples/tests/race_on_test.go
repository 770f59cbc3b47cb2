//go:build race

package tests_test

// buildFlags build the programs as the tests are built, so that their races are found too and nothing is compiled twice.
var buildFlags = []string{"-race"}
