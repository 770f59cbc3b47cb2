//go:build !race

package tests_test

// cut is how many of n runs are made: without the race detector all.
func cut(n, _ int) int { return n }
