package airbyte

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// decodeExact is [transport.Decode] for answers with a connector's configuration in them: its numbers stay as they were
// written, so that an account number of 20 digits survives being read and written back.
func decodeExact[T any](resp *http.Response, err error) (*T, error) {
	answer, err := transport.Decode[exact[T]](resp, err)
	if err != nil {
		return nil, err
	}
	return &answer.value, nil
}

// exact decodes numbers of unknown type as [json.Number].
type exact[T any] struct{ value T }

// DecodeJSON is what transport.Decode asks for.
func (e *exact[T]) DecodeJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(&e.value)
}
