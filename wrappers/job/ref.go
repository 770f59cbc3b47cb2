package job

import (
	"log/slog"
	"strings"
)

// Ref names one job of one service: enough to find it again from another process, with no URL and no secret. It is
// comparable. Service, Kind and ID are the job's identity; Parent and Scope may be empty until a snapshot tells them.
type Ref struct {
	// Service is the service's name, such as "airbyte".
	Service string
	// Kind is the service's word for this sort of job, such as "sync" or "bulk execution".
	Kind string
	// ID is the job's id.
	ID string
	// Parent is the id of what the job runs, such as a connection.
	Parent string
	// Scope is the id of what holds the parent and what list calls are asked for, such as a workspace.
	Scope string
}

// String returns the job in words, such as "airbyte sync 4711".
func (r Ref) String() string {
	words := make([]string, 0, 3)
	for _, w := range []string{r.Service, r.Kind, r.ID} {
		if w != "" {
			words = append(words, w)
		}
	}
	if r.ID == "" {
		words = append(words, "job without id")
	}
	return strings.Join(words, " ")
}

// LogValue implements [slog.LogValuer].
func (r Ref) LogValue() slog.Value { return slog.GroupValue(r.attrs()...) }

func (r Ref) attrs() []slog.Attr {
	attrs := make([]slog.Attr, 0, 5)
	for _, a := range []slog.Attr{
		slog.String("service", r.Service), slog.String("kind", r.Kind), slog.String("id", r.ID),
		slog.String("parent", r.Parent), slog.String("scope", r.Scope),
	} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	return attrs
}
