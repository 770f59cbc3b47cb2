package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Option configures a [Client] in [New].
type Option func(*settings) error

type settings struct {
	service         string
	auth            Auth
	userAgent       []string
	header          http.Header
	requestIDHeader string
	retry           RetryOptions
	limit           LimitOptions
	timeout         time.Duration
	maxBytes        int64
	roundTripper    http.RoundTripper
	elsewhere       http.RoundTripper
	proxy           proxyFunc
	tls             *tls.Config
	idle            time.Duration
	log             *slog.Logger
	hooks           hooks
	decode          ErrorDecoder
}

const (
	defaultTimeout  = 30 * time.Second
	defaultMaxBytes = 64 << 20
	defaultIdle     = 90 * time.Second
)

func defaults() settings {
	return settings{
		auth: None(), userAgent: []string{"sluice-go"}, header: http.Header{}, requestIDHeader: "X-Request-Id",
		timeout: defaultTimeout, maxBytes: defaultMaxBytes, idle: defaultIdle,
	}
}

// finish checks the settings as a whole and fills in what was left out.
func (s *settings) finish(secure bool) error {
	var err error
	if s.retry, err = s.retry.withDefaults(); err != nil {
		return err
	}
	if s.limit, err = s.limit.withDefaults(); err != nil {
		return err
	}
	if s.roundTripper == nil {
		s.roundTripper = newConnections(secure, s.proxy, s.tls, s.idle)
		s.elsewhere = newElsewhere(s.proxy, s.tls, s.idle)
	} else if s.proxy != nil || s.tls != nil {
		return errors.New("a proxy or a TLS configuration has no effect on a RoundTripper of your own: set it there")
	} else {
		s.elsewhere = s.roundTripper
	}
	return nil
}

// WithService names the service in errors, logs and hooks, such as "airbyte".
func WithService(name string) Option {
	return func(s *settings) error {
		s.service = name
		return nil
	}
}

// WithAuth sets how requests are authenticated. The default is [None].
func WithAuth(auth Auth) Option {
	return func(s *settings) error {
		if auth == nil {
			return errors.New("auth is nil: use None to send no credentials")
		}
		if err := auth.check(); err != nil {
			return err
		}
		s.auth = auth
		return nil
	}
}

// WithUserAgent sets the User-Agent header, which is "sluice-go" by default. A request that has one keeps it.
func WithUserAgent(product string) Option {
	return func(s *settings) error {
		if product == "" || !validHeaderValue(product) {
			return errors.New("the user agent is empty or holds a control character")
		}
		s.userAgent = []string{product}
		return nil
	}
}

// WithHeader adds a header to every request that does not have it, such as an API version or what a proxy before
// the service asks for. Values of headers with secret-looking names appear in no error.
func WithHeader(name, value string) Option {
	return func(s *settings) error {
		if !validHeaderName(name) || !validHeaderValue(value) {
			return fmt.Errorf("header %q: the name or the value holds a character that headers cannot have", name)
		}
		s.header.Add(name, value)
		return nil
	}
}

// WithRequestIDHeader names the header that carries the id of a call to the service, the same for all its tries;
// X-Request-Id by default, none when the name is empty.
func WithRequestIDHeader(name string) Option {
	return func(s *settings) error {
		if name != "" && !validHeaderName(name) {
			return fmt.Errorf("%q is not the name of a header", name)
		}
		s.requestIDHeader = http.CanonicalHeaderKey(name)
		return nil
	}
}

// WithRetry sets how often and how fast failed tries are repeated.
func WithRetry(o RetryOptions) Option {
	return func(s *settings) error {
		s.retry = o
		return nil
	}
}

// WithLimits bounds how fast and how many requests are sent. There is no limit by default.
func WithLimits(o LimitOptions) Option {
	return func(s *settings) error {
		s.limit = o
		return nil
	}
}

// WithTimeout bounds one try from asking for a connection to the last byte of the body, 30 s by default. Operations
// whose table entry names a timeout keep it, and [WithCallTimeout] replaces both. Waiting for a retry or for the
// limiter does not count; the caller's context bounds the whole.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) error {
		if d <= 0 {
			return fmt.Errorf("timeout %s is not positive", d)
		}
		s.timeout = d
		return nil
	}
}

// WithMaxResponseBytes sets how many bytes of an answer, after decompression, are read before it is an error of kind
// [apierr.KindTooLarge]: 64 MiB by default. Answers are never cut silently.
func WithMaxResponseBytes(n int64) Option {
	return func(s *settings) error {
		if n <= 0 {
			return fmt.Errorf("a response limit of %d bytes is not positive", n)
		}
		s.maxBytes = n
		return nil
	}
}

// WithRoundTripper replaces the connections: a proxy's, a fake's, one that signs or traces requests. It must honour
// the request's context. Redirects, retries and limits stay here.
func WithRoundTripper(rt http.RoundTripper) Option {
	return func(s *settings) error {
		if rt == nil {
			return errors.New("the RoundTripper is nil")
		}
		s.roundTripper = rt
		return nil
	}
}

// WithHTTPClient takes the Transport of an existing client, and its Timeout as that of a try when it has one. A
// client with a cookie jar or a redirect policy is refused: neither would be used.
func WithHTTPClient(hc *http.Client) Option {
	return func(s *settings) error {
		switch {
		case hc == nil:
			return errors.New("the http.Client is nil")
		case hc.Jar != nil:
			return errors.New("an http.Client with a cookie jar is not supported: put the cookies on in a RoundTripper")
		case hc.CheckRedirect != nil:
			return errors.New("an http.Client with CheckRedirect is not supported: redirects never leave the origin")
		}
		if hc.Timeout > 0 {
			s.timeout = hc.Timeout
		}
		if hc.Transport != nil {
			s.roundTripper = hc.Transport
		}
		return nil
	}
}

// WithTLSConfig sets the TLS configuration of the default connections: a private certificate authority, a client
// certificate. HTTP/2 stays on. The configuration is copied.
func WithTLSConfig(config *tls.Config) Option {
	return func(s *settings) error {
		s.tls = config.Clone()
		return nil
	}
}

// WithIdleTimeout sets after how long a connection that no call uses is closed: 90 s by default. It should be less than
// what the service, or a proxy in front of it, allows: a request that meets the end of its connection cannot be told from
// one that was carried out. It has no effect on a RoundTripper of the caller's own.
func WithIdleTimeout(d time.Duration) Option {
	return func(s *settings) error {
		if d <= 0 {
			return fmt.Errorf("idle timeout %s is not positive", d)
		}
		s.idle = d
		return nil
	}
}

// WithLogger logs each try at Debug, and a call whose retries were used up at Warn. Nothing is logged by default.
// No URL, header or body is ever logged.
func WithLogger(log *slog.Logger) Option {
	return func(s *settings) error {
		s.log = log
		return nil
	}
}

// WithHooks adds hooks: values with one or more of the Hook interfaces of this package.
func WithHooks(list ...Hook) Option {
	return func(s *settings) error {
		for _, h := range list {
			if !s.hooks.add(h) {
				return fmt.Errorf("%T implements none of the Hook interfaces", h)
			}
		}
		return nil
	}
}

// ErrorAnswer is an answer with an error status, for an [ErrorDecoder] to read.
type ErrorAnswer struct {
	// Context is the call's: with values of its own a wrapper tells its decoder what the call is about.
	Context context.Context
	// Started is when the call began, with all its tries.
	Started time.Time
	// Attempt counts the tries of the call, this one included.
	Attempt int
	// Safety is that of the call: see [WithSafety].
	Safety Safety
	// Error is the error that will be returned. Kind, Status, Message, Code, RequestID and RetryAfter are filled in
	// as far as a generic reading goes; the decoder corrects and completes them.
	Error *apierr.Error
	// Header is the answer's header.
	Header http.Header
	// Body is up to 64 KiB of the answer's body, with its secrets: what the decoder takes from it into Error is
	// masked afterwards. It must not be kept.
	Body []byte
	// NotProcessed is set by the decoder when the answer proves that the service did not do what was asked. The
	// request is then repeated even if it is unsafe, and MayHaveApplied stays false.
	NotProcessed bool
	// Unsettled is set by the decoder when the answer leaves open what the service did although its status says
	// otherwise, such as a 429 that stands for a timeout further inside. The request is then repeated if it is not
	// unsafe, and an unsafe one says MayHaveApplied.
	Unsettled bool
	// RepeatAfter is set by the decoder when the answer is one to be expected for a while, such as a 403 until a
	// permission has spread: the request is then repeated after exactly this pause, and neither
	// [RetryOptions.MaxAttempts] nor the retry budget count it. It is the decoder that ends it, by the time or the
	// number of tries. An unsafe request is repeated only with NotProcessed.
	RepeatAfter time.Duration

	redactor *apierr.Redactor
}

// Redact returns a text of the answer without the secrets that were sent and without what looks like one. Error is
// masked by itself; this is for what the decoder keeps elsewhere, such as in Error.Err.
func (a *ErrorAnswer) Redact(text string) string {
	if a.redactor == nil {
		return (&apierr.Redactor{}).Text(text)
	}
	return a.redactor.Text(text)
}

// ErrorDecoder reads a service's error bodies.
type ErrorDecoder func(*ErrorAnswer)

// WithErrorDecoder sets how the service's error bodies become the fields of an [apierr.Error]. Without it a generic
// reading of JSON, HTML and text is used.
func WithErrorDecoder(decode ErrorDecoder) Option {
	return func(s *settings) error {
		s.decode = decode
		return nil
	}
}

func validHeaderName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return false
		}
	}
	return name != ""
}

func validHeaderValue(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
