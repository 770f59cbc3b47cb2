package job

// Poller belongs to one client of one service; all waits of the client share it.
type Poller struct{}
