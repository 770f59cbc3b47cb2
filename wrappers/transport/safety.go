package transport

import "context"

type safetyKey struct{}

// WithSafety returns a context whose calls have this safety instead of the one in the operation table, for a caller that
// knows more than the document: that this body makes an unsafe write an upsert, or that this run of an idempotent
// operation must not be repeated. Use the context for one call: a wrong claim repeats a write. An unknown value makes the
// call an error of kind [apierr.KindInvalid].
func WithSafety(ctx context.Context, safety Safety) context.Context {
	return context.WithValue(ctx, safetyKey{}, safety)
}

// safetyOf is the safety of a call: the caller's word, else the table's.
func safetyOf(ctx context.Context, e *entry) Safety {
	if safety, ok := ctx.Value(safetyKey{}).(Safety); ok {
		return safety
	}
	return e.Safety
}
