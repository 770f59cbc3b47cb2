package airbyte

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// maskedSecret is what Airbyte shows instead of a secret, exactly (airbyte-platform JsonSecretsProcessor).
const maskedSecret = "**********"

// Configuration is a connector's configuration: the object whose fields the connector's own documentation names. Secrets
// in one that was read are masked with ten stars; writing it back with [Source.UpdateConfiguration] or
// [Destination.UpdateConfiguration] keeps them. Numbers read from the server are float64 as encoding/json makes them.
type Configuration map[string]any

// Decode stores the configuration in the value that v points to, by its json tags. Fields that v does not have are left
// out. It does no I/O.
func (c Configuration) Decode(v any) error {
	data, err := json.Marshal(c)
	if err != nil {
		return apierr.Invalid(service, "configuration", "it is not JSON: %v", err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		e := apierr.Invalid(service, "configuration", "it does not fit into %T", v)
		e.Hint = "connector configurations differ from version to version: read it as a map first"
		return e
	}
	return nil
}

// Masked returns the paths of the secrets that are masked, such as "credentials.password", sorted as they are met.
func (c Configuration) Masked() []string {
	var paths []string
	walkStrings(map[string]any(c), "", func(path, value string) {
		if value == maskedSecret {
			paths = append(paths, path)
		}
	})
	return paths
}

// configurationOf makes a configuration of what callers have: a map, a struct with json tags, or JSON text.
func configurationOf(value any) (Configuration, error) {
	const field = "configuration"
	var data []byte
	switch v := value.(type) {
	case nil:
		return nil, apierr.Invalid(service, field, "there is none: give a map, a struct with json tags or JSON text, which may be empty: {}")
	case json.RawMessage:
		data = v
	case []byte:
		data = v
	case string:
		data = []byte(v)
	default:
		var err error
		if data, err = json.Marshal(v); err != nil {
			return nil, apierr.Invalid(service, field, "it cannot be written as JSON")
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // a number goes to the server as it was written
	var out Configuration
	if err := decoder.Decode(&out); err != nil || out == nil {
		return nil, apierr.Invalid(service, field, "it is not a JSON object")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, apierr.Invalid(service, field, "there is text after the JSON object")
	}
	return out, nil
}

// refuseMask refuses a configuration that contains masks where the server would store them as the secrets. In allowed
// are the paths where the server puts the stored secret back.
func refuseMask(c Configuration, allowed []string) error {
	ok := make(map[string]bool, len(allowed))
	for _, path := range allowed {
		ok[path] = true
	}
	for _, path := range c.Masked() {
		if !ok[path] {
			return invalidBecause(ErrMaskedSecret, "configuration."+path,
				"the value is the mask that Airbyte shows instead of a secret, and would be stored as the secret: leave the field out, or give the secret")
		}
	}
	return nil
}

// walkStrings calls visit for every string in a JSON value, with its path.
func walkStrings(value any, path string, visit func(path, value string)) {
	switch v := value.(type) {
	case string:
		visit(path, v)
	case map[string]any:
		for _, key := range sortedKeys(v) {
			walkStrings(v[key], strings.TrimPrefix(path+"."+key, "."), visit)
		}
	case []any:
		for i, item := range v {
			walkStrings(item, path+"["+strconv.Itoa(i)+"]", visit)
		}
	}
}

// connectorType returns the type of a connector as the API spells it: "postgres", not "source-postgres".
func connectorType(field, prefix, name string) (string, error) {
	short := strings.TrimPrefix(strings.TrimSpace(name), prefix)
	if short == "" || strings.ContainsAny(short, " /\\\t\n") {
		return "", apierr.Invalid(service, field, "%q is not the type of a connector: it is the name without %q, such as postgres", name, prefix)
	}
	return short, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// connectorConfiguration checks what names a connector and returns the configuration as the API takes it on creation:
// with the type inside, unless the definition names the connector. The kind is "source" or "destination".
func connectorConfiguration(kind, typeName, definitionID string, value any) (Configuration, error) {
	configuration, err := configurationOf(value)
	if err != nil {
		return nil, err
	}
	key := kind + "Type"
	inside, _ := configuration[key].(string)
	switch {
	case typeName != "" && definitionID != "":
		return nil, apierr.Invalid(service, key, "the type and the definition's id exclude each other: give one")
	case typeName == "" && definitionID == "" && inside == "":
		return nil, apierr.Invalid(service, key, "neither the type of the connector (such as postgres) nor its definition's id is given")
	case definitionID != "":
		if err := checkID("definitionId", definitionID); err != nil {
			return nil, err
		}
		if inside != "" {
			return nil, apierr.Invalid(service, key, "the type inside the configuration and the definition's id exclude each other: give one")
		}
	default:
		name := typeName
		if name == "" {
			name = inside
		}
		if name, err = connectorType(key, kind+"-", name); err != nil {
			return nil, err
		}
		if short := strings.TrimPrefix(inside, kind+"-"); inside != "" && short != name {
			return nil, apierr.Invalid(service, key, "the configuration says %q and the type says %q", short, name)
		}
		configuration[key] = name
	}
	if err := refuseMask(configuration, nil); err != nil {
		return nil, err
	}
	return configuration, nil
}
