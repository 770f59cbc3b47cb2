// Package tests_test runs the Atlan wrapper against the fake of atlantest. It is a folder of its own so that programs that
// import the wrapper do not get what the fake needs into their go.sum.
package tests_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
