package airbyte

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// decodeExact is [transport.Decode] for answers with a connector's configuration in them: its numbers stay as they were
// written, so that an account number of 20 digits survives being read and written back.
func decodeExact[T any](resp *http.Response, err error) (*T, error) {
	raw, err := transport.Decode[json.RawMessage](resp, err)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(*raw))
	decoder.UseNumber()
	out := new(T)
	if err := decoder.Decode(out); err != nil {
		return nil, &apierr.Error{Service: service, Kind: apierr.KindDecode, Status: resp.StatusCode, Message: "the answer is not what the document promises", Err: err}
	}
	return out, nil
}
