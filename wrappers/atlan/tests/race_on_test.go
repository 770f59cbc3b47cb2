//go:build race

package tests_test

// cut is how many of n runs are made under the race detector. Its run time gives out in a process with so many goroutines
// ("CHECK failed: tsan_rtl.cpp:346" was seen), so the whole number is for a process without it: make test runs both.
func cut(_, underRace int) int { return underRace }
