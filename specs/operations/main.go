// Command operations writes the operation table of a service, which package transport reads: gen/<service>api/operations.gen.go
// in this repository.
//
// It reads openapi.json of the service's folder, applies overlay.yaml beside it strictly, with the library that
// oapi-codegen uses and at the version the root module pins for it, and lists every operation with its safety: whether
// a call may be repeated after an answer that was lost. Safety follows from the method (GET, HEAD and OPTIONS are safe,
// PUT and DELETE idempotent, everything else unsafe) unless the overlay marks the operation:
//
//	# Why: the answer is a token and nothing else changes.
//	- target: $.paths['/applications/token'].post
//	  update: {x-sluice: {safety: idempotent, timeout: 90s}}
//
// A mark without a comment directly above it is refused, and so is one that calls a PUT, PATCH or DELETE safe. The
// command needs no network and its output depends on nothing but the two files. An operation that takes an idempotency key
// has x-accepts-idempotency-key: true, in the document or by the overlay. Run it from the root of the module; the package of
// the table is named after its folder:
//
//	go run ./specs/operations specs/airbyte gen/airbyteapi/operations.gen.go
//
// Modules of others run it as a tool, see docs/add-a-service.md:
//
//	go get -tool github.com/sluice-sdk/sluice/specs/operations
//	go tool operations spec acmeapi/operations.gen.go
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
)

func main() {
	flag.Usage = func() {
		_, _ = fmt.Fprintln(flag.CommandLine.Output(), "usage: operations specs/<service> gen/<service>api/operations.gen.go   (from the root of the module)")
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	root, err := os.OpenRoot(".")
	if err == nil {
		err = generate(root, flag.Arg(0), flag.Arg(1))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "operations:", err)
		os.Exit(1)
	}
}

// generate writes the table of the document in the folder from to the file out, both with slashes and below root. A file
// that is already right is left alone.
func generate(root *os.Root, from, out string) error {
	operations, err := read(root.FS(), from)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	text, err := source(from, out, operations)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if old, err := root.ReadFile(out); err == nil && bytes.Equal(old, text) {
		return nil
	}
	return root.WriteFile(out, text, 0o644)
}
