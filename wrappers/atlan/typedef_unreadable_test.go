package atlan

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// What a definition holds in a form that nobody has heard of is not taken for nothing: an update would take it away.
func TestUnreadableDefinitionIsNotWritten(t *testing.T) {
	for _, odd := range []string{`{"a":1}`, `"x"`, `7`} {
		enum := enumDefinition(json.RawMessage(`{"name":"Levels","elementDefs":` + odd + `}`))
		enum.Values = append(enum.Values, EnumValue{Value: "more"})
		tag := tagDefinition(json.RawMessage(`{"name":"t","displayName":"T","attributeDefs":` + odd + `}`))
		tag.Source = true
		set := customMetadataDefinition(json.RawMessage(`{"name":"s","displayName":"S","attributeDefs":` + odd + `}`))
		set.Description = "more"
		for what, encode := range map[string]func() (json.RawMessage, error){"enum": enum.encode, "tag": tag.encode, "set": set.encode} {
			if text, err := encode(); !errors.Is(err, apierr.ErrDecode) {
				t.Errorf("%s with %s: %s, %v", what, odd, text, err)
			}
		}
	}
	enum := enumDefinition(json.RawMessage(`{"name":"Levels","elementDefs":null}`))
	enum.Values = []EnumValue{{Value: "first"}}
	if _, err := enum.encode(); err != nil {
		t.Error(err)
	}
}
