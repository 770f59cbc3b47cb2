package polytomic

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Nearly every answer is an envelope around its data. Numbers of unknown type, such as those of a connection's
// configuration or of a query's rows, are decoded as json.Number, so that ids of 19 digits survive.

// one is an envelope around an object.
type one[T any] struct {
	Data *T `json:"data"`
}

var errNoData = errors.New("the answer has no data")

// DecodeJSON is what transport.Decode asks for. An envelope without data is no answer.
func (o *one[T]) DecodeJSON(text []byte) error {
	type plain one[T]
	if err := decodeExact(text, (*plain)(o)); err != nil {
		return err
	}
	if o.Data == nil {
		return errNoData
	}
	return nil
}

// dataOf returns the object in the envelope of an answer.
func dataOf[T any](resp *http.Response, err error) (*T, error) {
	answer, err := transport.Decode[one[T]](resp, err)
	if err != nil {
		return nil, err
	}
	return answer.Data, nil
}

// many is an envelope around a list, which may be null: that is an empty list. Next is the token of the next page.
type many[T any] struct {
	Data       []T                             `json:"data"`
	Pagination *polytomicapi.PaginationDetails `json:"pagination"`
}

// DecodeJSON is what transport.Decode asks for.
func (m *many[T]) DecodeJSON(text []byte) error {
	type plain many[T]
	return decodeExact(text, (*plain)(m))
}

// listOf returns the list in the envelope of an answer, never nil, and the token of the next page.
func listOf[T any](resp *http.Response, err error) ([]T, string, error) {
	answer, err := transport.Decode[many[T]](resp, err)
	if err != nil {
		return nil, "", err
	}
	if answer.Data == nil {
		answer.Data = []T{}
	}
	next := ""
	if answer.Pagination != nil {
		next = valueOf(answer.Pagination.NextPageToken)
	}
	return answer.Data, next, nil
}

// whole is an answer that has no envelope.
type whole[T any] struct{ value T }

// DecodeJSON is what transport.Decode asks for.
func (w *whole[T]) DecodeJSON(text []byte) error { return decodeExact(text, &w.value) }

// bodyOf returns an answer that has no envelope.
func bodyOf[T any](resp *http.Response, err error) (*T, error) {
	answer, err := transport.Decode[whole[T]](resp, err)
	if err != nil {
		return nil, err
	}
	return &answer.value, nil
}

// decodeExact is json.Unmarshal that keeps numbers as they were written where their type is not known.
func decodeExact(text []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(v)
}
