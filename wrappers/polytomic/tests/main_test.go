// Package tests_test drives package polytomic against its fake, whose every request and answer is checked against the
// OpenAPI document. It is a package of its own so that users of polytomic do not download what the fake needs.
package tests_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
