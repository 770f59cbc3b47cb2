package atlan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

var categories = []category{
	ErrAPIConnection, ErrAuthentication, ErrConflict, ErrInvalidRequest, ErrLogic, ErrNotFound, ErrPermission, ErrRateLimit, ErrServer,
}

// is lists the categories of an error.
func is(err error) []category {
	var list []category
	for _, c := range categories {
		if errors.Is(err, c) {
			list = append(list, c)
		}
	}
	return list
}

// ask makes one call that is answered as given, without retries.
func ask(t *testing.T, answer func(*http.Request) (*http.Response, error), opts ...Option) error {
	t.Helper()
	client := testClient(t, roundTripper(answer), append([]Option{WithRetries(0)}, opts...)...)
	return transport.Discard(client.Raw().GetEntityByGUID(t.Context(), "0", nil))
}

func withStatus(status int, body string, header ...string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) { return reply(r, status, body, header...), nil }
}

// TestS2Categories: each status belongs to one category, whatever the code in the body says.
func TestS2Categories(t *testing.T) {
	want := map[int]category{
		300: ErrLogic, 302: ErrLogic, 304: ErrLogic,
		400: ErrInvalidRequest, 401: ErrAuthentication, 402: ErrPermission, 403: ErrPermission, 404: ErrNotFound, 405: ErrInvalidRequest,
		406: ErrInvalidRequest, 407: ErrAPIConnection, 408: ErrAPIConnection, 409: ErrConflict, 410: ErrNotFound, 412: ErrConflict,
		413: ErrInvalidRequest, 414: ErrInvalidRequest, 415: ErrInvalidRequest, 418: ErrInvalidRequest, 422: ErrInvalidRequest,
		423: ErrConflict, 429: ErrRateLimit, 431: ErrInvalidRequest, 451: ErrPermission,
		500: ErrServer, 501: ErrServer, 502: ErrServer, 503: ErrServer, 504: ErrServer, 505: ErrServer, 520: ErrServer, 599: ErrServer,
	}
	for status, want := range want {
		for _, body := range []string{
			"", "<html><title>x</title>", "plain", `{"errorCode":"ATLAS-409-00-0021"}`, `{"code":404,"status":200}`, `{"errorCode":"ATLAS-500-00-006"}`,
		} {
			err := ask(t, withStatus(status, body))
			if got := is(err); !cmp.Equal(got, []category{want}) {
				t.Errorf("%d %s: %q, want %q", status, body, got, want)
			}
			if e, ok := errors.AsType[*apierr.Error](err); !ok || e.Status != status {
				t.Errorf("%d: %v", status, err)
			}
		}
	}
}

// TestS2Disagreement: the codes that are known to disagree with their status.
func TestS2Disagreement(t *testing.T) {
	for _, test := range []struct {
		status int
		code   string
		want   category
	}{
		{404, "ATLAS-409-00-0021", ErrNotFound}, {409, "ATLAS-500-00-006", ErrConflict}, {429, "ATLAS-400-00-502", ErrRateLimit},
	} {
		err := ask(t, withStatus(test.status, `{"errorCode":"`+test.code+`","errorMessage":"m"}`))
		if got := is(err); !cmp.Equal(got, []category{test.want}) {
			t.Errorf("%s with %d: %q", test.code, test.status, got)
		}
		if e, _ := errors.AsType[*apierr.Error](err); e.Code != test.code {
			t.Errorf("code %q", e.Code)
		}
	}
}

// TestS2NoAnswer: what brought no answer is of category APIConnection, and contexts are still found.
func TestS2NoAnswer(t *testing.T) {
	withError := func(err error) func(*http.Request) (*http.Response, error) {
		return func(*http.Request) (*http.Response, error) { return nil, err }
	}
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"refused": withError(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}),
		"reset":   withError(&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}),
		"dns":     withError(&net.DNSError{Err: "no such host", Name: "acme.atlan.com", IsNotFound: true}),
		"eof":     withError(io.ErrUnexpectedEOF),
		"broken off": func(r *http.Request) (*http.Response, error) {
			resp := reply(r, 200, "")
			resp.ContentLength = -1
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), errorReader{}))
			return resp, nil
		},
	} {
		if got := is(ask(t, answer)); !cmp.Equal(got, []category{ErrAPIConnection}) {
			t.Errorf("%s: %q", name, got)
		}
	}
	stall := roundTripper(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	synctest.Test(t, func(t *testing.T) {
		client := testClient(t, stall, WithRetries(0))
		err := transport.Discard(client.Raw().WhoAmI(t.Context()))
		if !cmp.Equal(is(err), []category{ErrAPIConnection}) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a try that timed out: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err = transport.Discard(client.Raw().WhoAmI(ctx))
		if !cmp.Equal(is(err), []category{ErrAPIConnection}) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller's deadline: %v", err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		err = transport.Discard(client.Raw().WhoAmI(ctx))
		if is(err) != nil || !errors.Is(err, context.Canceled) || !errors.Is(err, apierr.ErrCanceled) {
			t.Errorf("cancelled by the caller: %v, %q", err, is(err))
		}
	})
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, syscall.ECONNRESET }

// TestS2Unreadable: a success that is none.
func TestS2Unreadable(t *testing.T) {
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"html":        withStatus(200, "<html>", "Content-Type", "text/html"),
		"broken JSON": withStatus(200, `{"roles":`),
		"empty":       withStatus(200, ""),
	} {
		client := testClient(t, roundTripper(answer), WithRetries(0))
		_, err := transport.Decode[atlanapi.Entity](client.Raw().GetEntityByGUID(t.Context(), "0", nil))
		if !cmp.Equal(is(err), []category{ErrLogic}) {
			t.Errorf("%s: %v: %q", name, err, is(err))
		}
	}
	// Input that generated code cannot use.
	client := testClient(t, roundTripper(withStatus(200, "{}")))
	if err := transport.Discard(client.Raw().GetEntityByGUID(t.Context(), "..", nil)); !cmp.Equal(is(err), []category{ErrInvalidRequest}) {
		t.Errorf("%v", err)
	}
}

// TestS2Bodies: every shape of an error body.
func TestS2Bodies(t *testing.T) {
	for name, test := range map[string]struct {
		status  int
		header  []string
		body    string
		message string
		code    string
		id      string
		problem *AnswerError
		text    string // part of the error's text
	}{
		"metastore": {
			status: 404, body: `{"errorCode":"ATLAS-404-00-005","errorMessage":"Given instance guid 0 is invalid/not found","entityGuid":"g-1",
				"errorDetailsMap":{"attribute":"name","count":2,"list":["a"]},"errorCause":"java.lang.Foo: bar"}`,
			message: "Given instance guid 0 is invalid/not found", code: "ATLAS-404-00-005",
			problem: &AnswerError{GUID: "g-1", Details: map[string]string{"attribute": "name", "count": "2", "list": `["a"]`}, Causes: []Cause{{Message: "java.lang.Foo: bar"}}},
			text:    "caused by java.lang.Foo: bar",
		},
		"metastore, the least": {
			status: 400, body: `{"errorCode":"ATLAS-400-00-023","errorMessage":"unknown attribute"}`, message: "unknown attribute", code: "ATLAS-400-00-023",
		},
		"metastore, uncaught": {
			status: 500, body: `{"errorId":"e-1","message":"There was an error processing your request","causes":[
				{"errorType":"NullPointerException","errorMessage":"x is null","location":"A.java:1"},{"errorType":"IOException"}]}`,
			message: "There was an error processing your request",
			problem: &AnswerError{ErrorID: "e-1", Causes: []Cause{{"NullPointerException", "x is null", "A.java:1"}, {Type: "IOException"}}},
			text:    "caused by x is null; caused by IOException",
		},
		"Heracles": {
			status: 400, body: `{"code":1006,"error":"Bad Request","message":"the role does not exist","info":"try again","requestId":"r-1","doc":"https://docs.example/1006"}`,
			message: "the role does not exist", code: "1006", id: "r-1",
			problem: &AnswerError{Doc: "https://docs.example/1006", Details: map[string]string{"info": "try again"}},
		},
		"Heracles, the code as text": {status: 400, body: `{"code":"1006","message":"m"}`, message: "m", code: "1006"},
		"Heracles, a large code":     {status: 400, body: `{"code":12345678901234567890,"message":"m"}`, message: "m", code: "12345678901234567890"},
		"apps": {
			status: 409, body: `{"message":"a workflow of this name exists","slug":"my-app","version":3}`, message: "a workflow of this name exists",
			problem: &AnswerError{Details: map[string]string{"slug": "my-app", "version": "3"}},
		},
		"Keycloak": {
			status: 401, body: `{"error":"invalid_client","error_description":"Invalid client credentials"}`,
			message: "Invalid client credentials", code: "invalid_client",
		},
		"status for a code":          {status: 503, body: `{"status":"UNAVAILABLE","message":"m"}`, message: "m", code: "UNAVAILABLE"},
		"status once more":           {status: 503, body: `{"status":503,"message":"m"}`, message: "m"},
		"fields of other types":      {status: 400, body: `{"errorCode":{"a":1},"code":null,"errorMessage":["x"],"message":"m","causes":"c","errorDetailsMap":[1]}`, message: "m"},
		"causes as text":             {status: 400, body: `{"message":"m","causes":["one",2,null]}`, message: "m", problem: &AnswerError{Causes: []Cause{{Message: "one"}, {Message: "2"}}}},
		"an error without a message": {status: 400, body: `{"error":"bad"}`, message: "bad"},
		"a message further down":     {status: 400, body: `{"error":{"code":7,"message":"the field x is missing"}}`, message: "the field x is missing"},
		"another word for a message": {status: 400, body: `{"detail":"the field x is missing"}`, message: "the field x is missing"},
		"nothing in it":              {status: 400, body: `{}`, message: "Bad Request"},
		"a document with a user":     {status: 400, body: `{"message":"m","doc":"https://u:p@docs.example/1"}`, message: "m"},
		"a document without a host":  {status: 400, body: `{"message":"m","doc":"https:///1"}`, message: "m"},
		"a document without TLS":     {status: 400, body: `{"message":"m","errorDoc":"http://docs.example/1"}`, message: "m", problem: &AnswerError{Doc: "http://docs.example/1"}},
		"a secret that was not sent": {status: 400, body: `{"errorMessage":"m","errorDetailsMap":{"clientSecret":"zzz","x":"y"}}`, message: "m",
			problem: &AnswerError{Details: map[string]string{"clientSecret": apierr.Mask, "x": "y"}}},
		"a gateway's id":               {status: 400, header: []string{"X-Request-Id", "h-2"}, body: `{"message":"m","requestId":"r-1"}`, message: "m", id: "h-2"},
		"a document that is no link":   {status: 400, body: `{"message":"m","doc":"javascript:alert(1)"}`, message: "m"},
		"Kong":                         {status: 503, body: `{"message":"failure to get a peer from the ring-balancer"}`, message: "failure to get a peer from the ring-balancer"},
		"HTML":                         {status: 502, header: []string{"Content-Type", "text/html"}, body: "<html><head><title>502 Bad Gateway</title></head>", message: "502 Bad Gateway"},
		"text":                         {status: 503, header: []string{"Content-Type", "text/plain"}, body: "upstream connect error", message: "upstream connect error"},
		"nothing":                      {status: 503, message: "Service Unavailable"},
		"the id of the answer":         {status: 400, header: []string{"X-Atlan-Request-Id", "h-1"}, body: `{"message":"m","requestId":"r-1"}`, message: "m", id: "h-1"},
		"a list":                       {status: 400, body: `[1,2]`, message: "[1,2]"},
		"locked":                       {status: 423, body: `{"errorCode":"ATLAS-423-00-001","errorMessage":"m"}`, message: "m", code: "ATLAS-423-00-001", problem: &AnswerError{Reason: ErrLocked}},
		"not acceptable, from nowhere": {status: 406, message: "Not Acceptable", problem: &AnswerError{Reason: ErrNotAcceptable}},
	} {
		t.Run(name, func(t *testing.T) {
			err := ask(t, withStatus(test.status, test.body, test.header...))
			e, ok := errors.AsType[*apierr.Error](err)
			if !ok {
				t.Fatal(err)
			}
			if e.Message != test.message || e.Code != test.code || test.id != "" && e.RequestID != test.id || e.RequestID == "" {
				t.Errorf("message %q, code %q, request id %q", e.Message, e.Code, e.RequestID)
			}
			var p *AnswerError
			errors.As(err, &p)
			if (p == nil) != (test.problem == nil) {
				t.Fatalf("%+v, want %+v", p, test.problem)
			}
			if p != nil {
				if diff := cmp.Diff(plain(*test.problem), plain(*p)); diff != "" {
					t.Error(diff)
				}
			}
			if test.problem != nil && test.problem.Reason != nil && !errors.Is(err, test.problem.Reason) {
				t.Error("the reason is not found")
			}
			if !strings.Contains(err.Error(), test.text) || !strings.Contains(err.Error(), test.message) {
				t.Error(err)
			}
		})
	}
}

// TestS2Bounds: however much an answer says, little is kept of it.
func TestS2Bounds(t *testing.T) {
	var details, causes []string
	for i := range 200 {
		details = append(details, fmt.Sprintf(`"d%d":"v"`, i))
		causes = append(causes, `{"errorMessage":"c"}`)
	}
	long := strings.Repeat("é", 400)
	err := ask(t, withStatus(400, `{"errorMessage":"m","entityGuid":"`+long+`","errorDetailsMap":{`+strings.Join(details, ",")+`},"causes":[`+strings.Join(causes, ",")+`]}`))
	var p *AnswerError
	if !errors.As(err, &p) || len(p.Details) != maxDetails || len(p.Causes) != maxCauses || len(p.GUID) > maxDetail+len("…") || !utf8.ValidString(p.GUID) {
		t.Errorf("%+v", p)
	}
	if n := strings.Count(err.Error(), "caused by"); n != 3 {
		t.Errorf("%d causes are shown", n)
	}
}

// TestS2Hints: what to do is said where it is known, and not where it would be wrong.
func TestS2Hints(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, hint string
	}{
		{401, "", "expired"}, {403, "", "personas"}, {403, "<html>", "login page"}, {406, "", "Send less"}, {429, "", "WithRequestsPerMinute"},
		{429, `{"errorCode":"ATLAS-400-00-502"}`, ""}, {423, "", "try again"}, {400, "", ""}, {500, "", ""},
	} {
		e, _ := errors.AsType[*apierr.Error](ask(t, withStatus(c.status, c.body)))
		if e == nil || !strings.Contains(e.Hint, c.hint) || (c.hint == "") != (e.Hint == "") {
			t.Errorf("%d %s: %+v", c.status, c.body, e)
		}
	}
}

// plain is an AnswerError that cmp does not take for an error.
func plain(e AnswerError) any {
	type fields AnswerError
	f := fields(e)
	reason := fmt.Sprint(f.Reason)
	f.Reason = nil
	return struct {
		Reason string
		Fields fields
	}{reason, f}
}

// TestS2Secrets plants secrets in every shape of body, and in what was sent: no error, log or hook shows one.
func TestS2Secrets(t *testing.T) {
	const key, password, jwt = "the-api-key-1", "pl4nted-passw0rd", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijkl"
	planted := key + " " + jwt + " password=" + password
	text := strconv.Quote(planted)
	for name, body := range map[string]string{
		"metastore":  `{"errorCode":` + text + `,"errorMessage":` + text + `,"entityGuid":` + text + `,"errorDetailsMap":{"password":"` + password + `","x":` + text + `,` + text + `:1},"errorCause":` + text + `}`,
		"uncaught":   `{"errorId":` + text + `,"message":` + text + `,"causes":[{"errorType":` + text + `,"errorMessage":` + text + `,"location":` + text + `},` + text + `]}`,
		"Heracles":   `{"code":` + text + `,"error":` + text + `,"message":` + text + `,"info":{"password":"` + password + `","t":` + text + `},"requestId":` + text + `,"doc":"https://x.example/?token=` + jwt + `"}`,
		"apps":       `{"message":` + text + `,"slug":` + text + `,"version":` + text + `}`,
		"Keycloak":   `{"error":` + text + `,"error_description":` + text + `}`,
		"text":       planted,
		"HTML":       "<html><title>" + planted + "</title>",
		"JSON text":  text,
		"JSON list":  "[" + text + "]",
		"cut JSON":   `{"message":` + text,
		"other keys": `{"` + password + `":1,"status":` + text + `,"message":` + text + `}`,
	} {
		for _, status := range []int{400, 401, 403, 406, 409, 423, 429, 500, 503} {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				hook := &recorder{}
				client := testClient(t, roundTripper(withStatus(status, body)), WithRetries(1),
					WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
					WithTransport(transport.WithHooks(hook)))
				// What was sent holds the secret too, so that it is known.
				err := transport.Discard(client.Raw().CreateCredentialWithBody(t.Context(), nil, "application/json",
					strings.NewReader(`{"name":"c","password":"`+password+`"}`)))
				if err == nil {
					t.Fatal("no error")
				}
				var e *apierr.Error
				var p *AnswerError
				errors.As(err, &e)
				errors.As(err, &p)
				encoded, _ := json.Marshal(e)
				encodedProblem, _ := json.Marshal(p)
				shown := fmt.Sprintf("%v %+v %#v %s %s %s %+v %s", err, err, err, e.Body(), encoded, encodedProblem, p, hook.seen) + log.String()
				for _, secret := range []string{key, password, jwt, "abcdefghijkl"} {
					if strings.Contains(shown, secret) {
						t.Errorf("%s, %d: %q is shown:\n%s", name, status, secret, shown)
					}
				}
			})
		}
	}
}

// recorder writes down all that hooks are told.
type recorder struct{ seen string }

func (r *recorder) OnAttempt(_ context.Context, a transport.Attempt) {
	r.seen += fmt.Sprintf("%+v %v\n", a, a.Err)
}
func (r *recorder) OnRetry(_ context.Context, a transport.Retry) {
	r.seen += fmt.Sprintf("%+v %v\n", a, a.Err)
}
func (r *recorder) OnCallEnd(_ context.Context, a transport.CallEnd) {
	r.seen += fmt.Sprintf("%+v %v\n", a, a.Err)
}
func (r *recorder) OnThrottle(_ context.Context, a transport.Throttle) {
	r.seen += fmt.Sprintf("%+v %v\n", a, a.Err)
}

// TestS3Retries: what is repeated, how often, and after how long.
func TestS3Retries(t *testing.T) {
	for name, test := range map[string]struct {
		status         int
		header         []string
		body           string
		opts           []Option
		get, put, post int // tries of a safe, an idempotent and an unsafe call
		least, most    time.Duration
	}{
		"500":                {500, nil, "", nil, 4, 1, 1, 0, 2 * time.Second},
		"502":                {502, nil, "", nil, 4, 4, 1, 0, 2 * time.Second},
		"503":                {503, nil, "", nil, 4, 4, 1, 0, 2 * time.Second},
		"504":                {504, nil, "", nil, 4, 4, 1, 0, 2 * time.Second},
		"423":                {423, nil, "", nil, 4, 4, 4, 0, 2 * time.Second},
		"429":                {429, nil, "", nil, 4, 4, 4, 180 * time.Second, 210 * time.Second},
		"429, a time":        {429, []string{"Retry-After", "7"}, "", nil, 4, 4, 4, 21 * time.Second, 30 * time.Second},
		"429 of the index":   {429, nil, `{"errorCode":"ATLAS-400-00-502"}`, nil, 4, 4, 1, 0, 30 * time.Second},
		"429, an hour":       {429, []string{"Retry-After", "3600"}, "", nil, 1, 1, 1, 0, 0},
		"400":                {400, nil, "", nil, 1, 1, 1, 0, 0},
		"401":                {401, nil, "", nil, 1, 1, 1, 0, 0},
		"403":                {403, nil, "", nil, 1, 1, 1, 0, 0},
		"403, maybe pending": {403, nil, `{"errorCode":"ATLAS-403-00-001"}`, nil, 1, 1, 1, 0, 0},
		"404":                {404, nil, "", nil, 1, 1, 1, 0, 0},
		"406":                {406, nil, "", nil, 1, 1, 1, 0, 0},
		"409":                {409, nil, "", nil, 1, 1, 1, 0, 0},
		"302":                {302, []string{"Location", "https://sso.example.com/"}, "", nil, 1, 1, 1, 0, 0},
		"never":              {503, nil, "", []Option{WithRetries(0)}, 1, 1, 1, 0, 0},
		"once":               {503, nil, "", []Option{WithRetries(1)}, 2, 2, 1, 0, time.Second},
	} {
		for _, call := range []struct {
			method string
			tries  int
		}{{"GET", test.get}, {"PUT", test.put}, {"POST", test.post}} {
			t.Run(name+" "+call.method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tries := 0
					ids := map[string]bool{}
					client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
						tries++
						ids[r.Header.Get("X-Atlan-Request-Id")] = true
						return reply(r, test.status, test.body, test.header...), nil
					}), test.opts...)
					start := time.Now()
					var err error
					switch call.method {
					case "GET":
						err = transport.Discard(client.Raw().WhoAmI(t.Context()))
					case "PUT":
						err = transport.Discard(client.Raw().UpdateTypeDefsWithBody(t.Context(), nil, "application/json", strings.NewReader("{}")))
					case "POST":
						err = transport.Discard(client.Raw().BulkSaveEntitiesWithBody(t.Context(), nil, "application/json", strings.NewReader("{}")))
					}
					e, ok := errors.AsType[*apierr.Error](err)
					if !ok || tries != call.tries || e.Attempts != tries || len(ids) != 1 {
						t.Errorf("%d tries with %d request ids, want %d: %v", tries, len(ids), call.tries, err)
					}
					if took := time.Since(start); tries > 1 && (took < test.least || took > test.most) {
						t.Errorf("it took %s", took)
					}
					unsettled := call.method == "POST" && (test.status >= 500 || test.status == 302 || strings.Contains(test.body, "502"))
					if ok && e.MayHaveApplied != unsettled {
						t.Errorf("MayHaveApplied is %t", e.MayHaveApplied)
					}
				})
			})
		}
	}
}

// FuzzErrorBody: no body makes the reading fail, change the kind, or bring in what is not text.
func FuzzErrorBody(f *testing.F) {
	for _, body := range []string{
		"", "{}", "null", "[", `{"errorCode":1e400}`, `{"causes":[[[]]],"errorDetailsMap":{"":{}}}`, `{"message":"\ud800","doc":"https://"}`,
		`{"code":1006,"info":[1,{"password":"x"}]}`, "\xff\xfe", `{"errorCause":{"a":"b"},"slug":null,"version":3}`,
	} {
		f.Add(403, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		status = 300 + (status&0x7fffffff)%300
		err := ask(t, withStatus(status, body))
		e, ok := errors.AsType[*apierr.Error](err)
		if !ok || e.Kind != apierr.KindOfStatus(status) || e.Status != status || len(is(err)) != 1 {
			t.Fatalf("%d %q: %v", status, body, err)
		}
		if text := err.Error(); !utf8.ValidString(text) || strings.ContainsAny(text, "\n\r") {
			t.Fatalf("%d %q: %q", status, body, text)
		}
		if a, ok := errors.AsType[*AnswerError](err); ok {
			for _, text := range append([]string{a.Doc, a.ErrorID, a.GUID}, slices.Collect(maps.Values(a.Details))...) {
				if len(text) > maxDetail+3 || !utf8.ValidString(text) {
					t.Fatalf("%d %q: %q", status, body, text)
				}
			}
		}
	})
}
