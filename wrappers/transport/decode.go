package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Decode reads the JSON answer of a generated call and closes it. It is made to stand around the call:
//
//	job, err := transport.Decode[airbyteapi.JobResponse](raw.GetJob(ctx, id))
//
// Err is passed through; an error that generated code made before anything was sent becomes one of kind
// [apierr.KindInvalid]. A body that does not decode is of kind [apierr.KindDecode] and carries the status, an empty
// one where a payload is expected of kind [apierr.KindUnexpected]; for an unsafe operation both say MayHaveApplied,
// as the service did answer with success. When *T has a method DecodeJSON([]byte) error it is used instead of
// encoding/json; it must copy what it keeps.
func Decode[T any](resp *http.Response, err error) (*T, error) {
	text, b, err := read(resp, err)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	trimmed := bytes.TrimSpace(text)
	if len(trimmed) == 0 || string(trimmed) == "null" && reflect.TypeFor[T]().Kind() == reflect.Struct {
		return nil, undecoded(resp, b, text, apierr.KindUnexpected, errEmpty)
	}
	value := new(T)
	if own, ok := any(value).(interface{ DecodeJSON([]byte) error }); ok {
		err = own.DecodeJSON(text)
	} else {
		err = json.Unmarshal(text, value)
	}
	if err != nil {
		return nil, undecoded(resp, b, text, apierr.KindDecode, err)
	}
	return value, nil
}

// Discard closes the answer of a call whose payload is not wanted. Err is passed through as by [Decode].
func Discard(resp *http.Response, err error) error {
	if err != nil {
		return passed(err)
	}
	if resp == nil {
		return errNoAnswer()
	}
	return resp.Body.Close()
}

var errEmpty = errors.New("the answer is empty")

func errNoAnswer() error {
	return &apierr.Error{Kind: apierr.KindUnexpected, Message: "there is neither an answer nor an error"}
}

// passed makes sure that an error is an *apierr.Error.
func passed(err error) error {
	if _, ok := errors.AsType[*apierr.Error](err); ok {
		return err
	}
	return &apierr.Error{Kind: apierr.KindInvalid, Message: "the request could not be made", Err: hideURL(err)}
}

// read returns the whole text of an answer, which is valid until its body is closed. The body is nil for an answer
// that came from elsewhere.
func read(resp *http.Response, err error) ([]byte, *body, error) {
	if err != nil {
		return nil, nil, passed(err)
	}
	if resp == nil {
		return nil, nil, errNoAnswer()
	}
	if b, ok := resp.Body.(*body); ok {
		text, err := b.all()
		if err != nil {
			_ = b.Close()
			return nil, b, passed(err)
		}
		return text, b, nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, defaultMaxBytes+1))
	switch {
	case err != nil:
		return nil, nil, &apierr.Error{Kind: apierr.KindUnavailable, Status: resp.StatusCode, Message: "the answer broke off", Err: hideURL(err)}
	case len(text) > defaultMaxBytes:
		return nil, nil, &apierr.Error{Kind: apierr.KindTooLarge, Status: resp.StatusCode}
	case resp.StatusCode >= 300:
		return nil, nil, &apierr.Error{Kind: apierr.KindOfStatus(resp.StatusCode), Status: resp.StatusCode}
	}
	return text, nil, nil
}

// undecoded is the error of a success whose body is not what it should be.
func undecoded(resp *http.Response, b *body, text []byte, kind apierr.Kind, cause error) *apierr.Error {
	if b == nil {
		return &apierr.Error{Kind: kind, Status: resp.StatusCode, Err: cause}
	}
	cl := b.call
	e := cl.err(kind)
	e.Status = resp.StatusCode
	if id := answeredRequestID(resp.Header); id != "" {
		e.RequestID = id
	}
	e.MayHaveApplied = cl.safety == Unsafe
	if looksHTML(text, resp.Header.Get("Content-Type")) {
		e.Hint = htmlHint
	}
	r := cl.redactor()
	e.Err = masked(cause, r.Text)
	e.SetBody(text, r)
	e.Redact(r)
	return e
}
