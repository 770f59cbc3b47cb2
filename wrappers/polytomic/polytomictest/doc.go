// Package polytomictest is a fake of Polytomic for tests and demonstrations.
package polytomictest
