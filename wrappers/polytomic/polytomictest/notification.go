package polytomictest

import (
	"context"

	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

func (a *service) GetGlobalErrorSubscribers(ctx context.Context, _ srv.GetGlobalErrorSubscribersRequestObject) (srv.GetGlobalErrorSubscribersResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	return srv.GetGlobalErrorSubscribers200JSONResponse{Emails: rows(f, c.org.subscribers)}, nil
}

// SetGlobalErrorSubscribers replaces the whole list.
func (a *service) SetGlobalErrorSubscribers(ctx context.Context, request srv.SetGlobalErrorSubscribersRequestObject) (srv.SetGlobalErrorSubscribersResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	c.org.subscribers = nil
	if request.Body != nil {
		c.org.subscribers, _ = given(request.Body.Emails)
	}
	return srv.SetGlobalErrorSubscribers200JSONResponse{Emails: rows(f, c.org.subscribers)}, nil
}
