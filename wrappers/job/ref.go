package job

// Ref names one job of one service: enough to find it again from another process, with no URL and no secret. It is
// comparable.
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
