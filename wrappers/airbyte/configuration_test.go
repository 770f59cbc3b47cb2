package airbyte

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func TestT2ConfigurationFromWhatCallersHave(t *testing.T) {
	type options struct {
		Host string `json:"host"`
		Port int    `json:"port"`
	}
	want := Configuration{"host": "db", "port": json.Number("5432")}
	for name, value := range map[string]any{
		"map":           map[string]any{"host": "db", "port": 5432},
		"configuration": Configuration{"host": "db", "port": 5432},
		"struct":        options{"db", 5432},
		"pointer":       &options{"db", 5432},
		"raw":           json.RawMessage(`{"host":"db","port":5432}`),
		"bytes":         []byte(`{"host":"db","port":5432}`),
		"text":          ` {"host":"db","port":5432} `,
	} {
		got, err := configurationOf(value)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	for name, value := range map[string]any{
		"nil": nil, "nothing": "", "null": "null", "list": "[1]", "number": 7, "channel": make(chan int), "two": `{} {}`, "broken": `{"a":`,
		"nil map": map[string]any(nil),
	} {
		if got, err := configurationOf(value); !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("%s = %v, %v; want an invalid request", name, got, err)
		}
	}
}

func TestT2ConfigurationKeepsLargeNumbers(t *testing.T) {
	const account = `{"account":12345678901234567890,"rate":0.10}`
	c, err := configurationOf(account)
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(c)
	if err != nil || string(out) != account {
		t.Errorf("the configuration is written as %s, %v; want %s", out, err, account)
	}
	var decoded struct {
		Account uint64
		Rate    float64
	}
	if err := c.Decode(&decoded); err != nil || decoded.Account != 12345678901234567890 || decoded.Rate != 0.1 {
		t.Errorf("Decode = %+v, %v", decoded, err)
	}
	var wrong struct{ Account string }
	if err := c.Decode(&wrong); !errors.Is(err, apierr.ErrInvalid) || strings.Contains(err.Error(), "1234567") {
		t.Errorf("Decode into the wrong type: %v; want an invalid request without values", err)
	}
}

func TestT2MaskedSecretsAreFoundWhereverTheyAre(t *testing.T) {
	c := Configuration{
		"password": "**********", "stars": "*********", "more": "***********", "name": "a**********",
		"credentials": map[string]any{"auth": "Key Pair", "private_key": "**********"},
		"hosts":       []any{map[string]any{"token": "**********"}, "**********"},
	}
	want := []string{"credentials.private_key", "hosts[0].token", "hosts[1]", "password"}
	if d := cmp.Diff(want, c.Masked()); d != "" {
		t.Errorf("Masked (-want +got):\n%s", d)
	}
	err := refuseMask(c, []string{"credentials.private_key", "hosts[0].token", "hosts[1]"})
	if !errors.Is(err, ErrMaskedSecret) || !errors.Is(err, apierr.ErrInvalid) || !strings.Contains(err.Error(), "configuration.password") {
		t.Errorf("refuseMask: %v; want ErrMaskedSecret for configuration.password", err)
	}
	if err := refuseMask(c, want); err != nil {
		t.Errorf("refuseMask where all were masked before: %v", err)
	}
}

func TestT2ConnectorTypeOrDefinition(t *testing.T) {
	for name, tt := range map[string]struct {
		typeName, definition string
		configuration        any
		wantType, wantErr    string
	}{
		"type":             {"postgres", "", `{}`, "postgres", ""},
		"prefixed":         {"source-postgres", "", `{}`, "postgres", ""},
		"inside":           {"", "", `{"sourceType":"source-postgres"}`, "postgres", ""},
		"both agree":       {"postgres", "", `{"sourceType":"postgres"}`, "postgres", ""},
		"definition":       {"", "d-1", `{}`, "", ""},
		"neither":          {"", "", `{}`, "", "neither"},
		"both":             {"postgres", "d-1", `{}`, "", "exclude"},
		"definition, type": {"", "d-1", `{"sourceType":"postgres"}`, "", "exclude"},
		"disagree":         {"postgres", "", `{"sourceType":"mysql"}`, "", "mysql"},
		"bad definition":   {"", "../d", `{}`, "", "dots"},
		"empty":            {"source-", "", `{}`, "", "not the type"},
		"path":             {"a/b", "", `{}`, "", "not the type"},
		"masked":           {"postgres", "", `{"password":"**********"}`, "", "mask"},
		"no configuration": {"postgres", "", nil, "", "there is none"},
	} {
		c, err := connectorConfiguration("source", tt.typeName, tt.definition, tt.configuration)
		if tt.wantErr != "" {
			if !errors.Is(err, apierr.ErrInvalid) || !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("%s: %v; want an invalid request that says %q", name, err, tt.wantErr)
			}
			continue
		}
		if got, _ := c["sourceType"].(string); err != nil || got != tt.wantType {
			t.Errorf("%s: type %q, %v; want %q", name, got, err, tt.wantType)
		}
	}
}
