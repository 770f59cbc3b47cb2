// Package servicetest is the kit that fakes of HTTP services are built from: a handler becomes a server with a
// request log, faults on demand and a check of every exchange against the service's OpenAPI document, over a
// network in memory that works under testing/synctest, or on a real port.
//
//	document, err := servicetest.LoadDocument(openapiJSON, overlayYAML)
//	if err != nil {
//		t.Fatal(err)
//	}
//	server := servicetest.NewServer(handler, servicetest.Options{
//		Document: document,
//		Contract: &servicetest.Contract{Document: document, TB: t}, // a violation fails the test
//		Route:    servicetest.BasePath("/v1"),
//	})
//	defer server.Close()
//	server.Fault(servicetest.ResetAfterBody("createJob").Once())
//	client, err := acmeapi.NewClient(server.URL()+"/v1", acmeapi.WithHTTPClient(server.Client()))
//	if err != nil {
//		t.Fatal(err)
//	}
//	runNightly(client) // the code under test
//	if n := server.Log().Count("createJob"); n != 1 {
//		t.Errorf("%d requests to start a job", n)
//	}
//
// A request passes the layers in this order: log, faults, contract, handler. So a fault may do what the contract
// forbids, the handler may not, and the log sees everything.
//
// The fake of a service, with state and constructors of its own, embeds a [Fake]: a server with all of that, which [Started]
// ties to a test and [Serve] runs in a program.
//
// [CheckCoverage] holds a wrapper to the document as well: every operation has a method, or a reason why it has none.
//
// # Virtual time
//
// Inside synctest.Test, make the server in the bubble and close it before the bubble ends (t.Cleanup does).
// Everything that waits, in the network, in a delay, in a stall, is then durably blocked, and a day passes in a
// moment. A real port does not work in a bubble.
package servicetest

import "strings"

// BasePath returns a route for services whose paths all begin with one of the prefixes, such as "/api/v1". The
// longest matching prefix is taken off.
func BasePath(prefixes ...string) func(path string) (string, bool) {
	return func(path string) (string, bool) {
		best := -1
		for i, p := range prefixes {
			if rest, ok := strings.CutPrefix(path, p); ok && strings.HasPrefix(rest, "/") && (best < 0 || len(p) > len(prefixes[best])) {
				best = i
			}
		}
		if best < 0 {
			return "", false
		}
		return path[len(prefixes[best]):], true
	}
}
