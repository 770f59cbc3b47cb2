// Command operations writes gen/<service>api/operations.gen.go: the operation table of a service.
//
// It reads specs/<service>/openapi.json, applies specs/<service>/overlay.yaml strictly, with the library that
// oapi-codegen uses and at the version the root module pins for it, and lists every operation with its safety: whether
// a call may be repeated after an answer that was lost. Safety follows from the method (GET, HEAD and OPTIONS are safe,
// PUT and DELETE idempotent, everything else unsafe) unless the overlay marks the operation:
//
//	# Why: the answer is a token and nothing else changes.
//	- target: $.paths['/applications/token'].post
//	  update: {x-sluice: {safety: idempotent, timeout: 90s}}
//
// A mark without a comment directly above it is refused, and so is one that calls a PUT, PATCH or DELETE safe. The
// command needs no network and its output depends on nothing but the two files. Run it from the root of the module:
//
//	go run ./specs/internal/operations airbyte polytomic atlan
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: operations service...   (from the root of the module)")
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	for _, service := range flag.Args() {
		if err := generate(".", service); err != nil {
			fmt.Fprintf(os.Stderr, "operations: %s: %v\n", service, err)
			os.Exit(1)
		}
	}
}

// generate writes the table of one service below root. A file that is already right is left alone.
func generate(root, service string) error {
	operations, err := read(filepath.Join(root, "specs", service))
	if err != nil {
		return err
	}
	pkg := service + "api"
	out := filepath.Join(root, "gen", pkg, "operations.gen.go")
	source, err := source(pkg, service, operations)
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(out); err == nil && string(old) == string(source) {
		return nil
	}
	return os.WriteFile(out, source, 0o644)
}
