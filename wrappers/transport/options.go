package transport

// Option configures a [Client] in [New].
type Option func(*Client) error
