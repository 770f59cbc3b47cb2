// Package apierr holds the one error type that every Sluice package returns for a call to a service.
//
//	_, err := conn.RunSync(ctx)
//	var apiErr *apierr.Error
//	switch {
//	case errors.Is(err, apierr.ErrNotFound):
//		// by kind: the same for every service
//	case errors.Is(err, apierr.ErrRateLimited) && errors.As(err, &apiErr):
//		fmt.Println("come back in", apiErr.RetryAfter)
//	case errors.As(err, &apiErr) && apiErr.MayHaveApplied:
//		// the service may have done what was asked: look before asking again
//	}
//
// Kinds are a contract, codes are the service's, texts are for people and may change in any release.
//
// No error made here contains a secret: the route is a template and never the filled URL, headers and query
// parameters are not kept, and the body, which [Error.Body] gives for debugging, is masked before it is stored.
package apierr
