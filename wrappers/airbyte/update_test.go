package airbyte

import (
	"net/http"
	"strings"
	"testing"
)

func TestT2LargeNumbersSurviveAnUpdate(t *testing.T) {
	const stored = `{"sourceId":"s-1","name":"s","sourceType":"x","definitionId":"d","workspaceId":"w-1","createdAt":1,` +
		`"configuration":{"account":12345678901234567890,"rate":0.10,"exponent":1E400}}`
	client, a := answering(t, 200, "application/json", stored)
	err := client.Workspace("w-1").Source("s-1").UpdateConfiguration(t.Context(), func(c Configuration) error {
		c["added"] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	put := a.calls[len(a.calls)-1]
	body := a.bodies[len(a.bodies)-1]
	if put.Method != http.MethodPut || !strings.Contains(body, `"configuration":{"account":12345678901234567890,"added":true,"exponent":1E400,"rate":0.10}`) {
		t.Errorf("%s %s; want a PUT with the numbers as they were", put.Method, body)
	}
}
