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
	"bytes"
	"flag"
	"fmt"
	"os"
)

func main() {
	flag.Usage = func() {
		_, _ = fmt.Fprintln(flag.CommandLine.Output(), "usage: operations service...   (from the root of the module)")
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	root, err := os.OpenRoot(".")
	if err == nil {
		err = generate(root, flag.Args()...)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "operations:", err)
		os.Exit(1)
	}
}

// generate writes the tables of the services of the module at root. A file that is already right is left alone.
func generate(root *os.Root, services ...string) error {
	for _, service := range services {
		operations, err := read(root.FS(), service)
		if err != nil {
			return fmt.Errorf("%s: %w", service, err)
		}
		text, err := source(service, operations)
		if err != nil {
			return fmt.Errorf("%s: %w", service, err)
		}
		name := output(service)
		if old, err := root.ReadFile(name); err == nil && bytes.Equal(old, text) {
			continue
		}
		if err := root.WriteFile(name, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// output names the file of a service's table.
func output(service string) string { return "gen/" + service + "api/operations.gen.go" }
