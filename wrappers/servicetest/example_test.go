package servicetest_test

import (
	"fmt"
	"io"
	"net/http"

	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

const greetings = `{
  "openapi": "3.0.3", "info": {"title": "greetings", "version": "1"},
  "paths": {"/greetings/{name}": {"get": {
    "operationId": "greet",
    "parameters": [{"name": "name", "in": "path", "required": true, "schema": {"type": "string"}}],
    "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {
      "type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}}}}}
  }}}}`

// A fake of a service in a few lines: its answers are checked, and one of them gets lost.
func Example() {
	document, err := servicetest.LoadDocument([]byte(greetings), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"text":"hello"}`)
	})
	server := servicetest.NewServer(handler, servicetest.Options{
		Document: document,
		Contract: &servicetest.Contract{Document: document}, // in a test, TB: t
		Route:    servicetest.BasePath("/v1"),
	})
	defer server.Close()
	server.Fault(servicetest.Truncate("greet", 5).Once())

	client := server.Client()
	for range 2 {
		response, err := client.Get(server.URL() + "/v1/greetings/ada")
		if err != nil {
			fmt.Println(err)
			return
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		fmt.Printf("%s %v\n", body, err)
	}
	fmt.Println(server.Log().Count("greet"), "requests")
	// Output:
	// {"tex unexpected EOF
	// {"text":"hello"} <nil>
	// 2 requests
}
