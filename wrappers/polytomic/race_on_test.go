//go:build race

package polytomic

const raceEnabled = true
