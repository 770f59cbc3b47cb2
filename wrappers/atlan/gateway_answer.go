package atlan

import (
	"errors"
	"net/http"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// While one of the services is restarted or replaced, the gateway before them answers in its place: everything is a 404 then,
// with a page or a text and not with the JSON that all the services answer with, or with the JSON of a Kong that has no route.

// saysAbsent reports whether a "not found" is the word of a service. That of a gateway says nothing of a thing.
func saysAbsent(err error) bool {
	e, ok := errors.AsType[*apierr.Error](err)
	if !ok || e.Status != http.StatusNotFound && e.Status != http.StatusGone {
		return false
	}
	answer := parseAnswer(e.Body())
	return answer != nil && !answer.noRoute()
}

// noRoute reports whether Kong says that it knows no service for a request: "no Route matched with those values", in older
// versions "no route and no API found with those values" (its runloop/handler.lua). The services have codes.
func (a answered) noRoute() bool {
	message := strings.ToLower(a.text("message"))
	return a.code(http.StatusNotFound) == "" && strings.HasPrefix(message, "no ") && strings.HasSuffix(message, " with those values")
}

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
