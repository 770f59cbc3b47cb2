package atlan

import (
	"errors"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// While one of the services is restarted or replaced, the gateway before them answers in its place: everything is a 404 then,
// with something else than the JSON that the services answer with: see [transport.SaysAbsent].

// unreached makes a gateway's answer what it is to somebody who waits: nothing was heard, and it will pass.
func unreached(err error) error {
	e, ok := errors.AsType[*apierr.Error](err)
	if !ok {
		return err
	}
	passing := *e
	passing.Kind, passing.Err = apierr.KindUnavailable, nil
	passing.Hint = "Something before the service answered in its place."
	if answer, ok := errors.AsType[*AnswerError](e.Err); ok {
		passing.Err = answer
	}
	return &passing
}
