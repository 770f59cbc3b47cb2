//go:build !race

package tests_test

var buildFlags []string
