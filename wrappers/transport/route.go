package transport

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// entry is an operation in the table, ready to be matched.
type entry struct {
	Operation
	content content
}

// unknown stands for every request that is in no table. Nothing is promised about its answer, so nothing is checked.
var unknown = &entry{content: content{any: true}}

// routes finds the operation of a request by its method and path. It is a tree with one level for each segment.
type routes struct {
	root node
}

type node struct {
	literals map[string]*node
	patterns []pattern // text before or after the parameter
	param    *node
	entries  []*entry
}

type pattern struct {
	prefix, suffix string
	next           *node
}

func newRoutes(operations []Operation) (*routes, error) {
	r := &routes{}
	ids := make(map[string]bool, len(operations))
	for _, op := range operations {
		if err := op.validate(); err != nil {
			return nil, err
		}
		if ids[op.ID] {
			return nil, fmt.Errorf("operation id %s is there twice", op.ID)
		}
		ids[op.ID] = true
		if err := r.add(op); err != nil {
			return nil, fmt.Errorf("%s: %w", op.ID, err)
		}
	}
	return r, nil
}

func (r *routes) add(op Operation) error {
	path, ok := strings.CutPrefix(op.Route, "/")
	if !ok {
		return fmt.Errorf("route %q does not start with /", op.Route)
	}
	n := &r.root
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if segment == "" && i < len(segments)-1 || segment == "." || segment == ".." || strings.ContainsAny(segment, "?#%") {
			return fmt.Errorf("route %q has an empty, dot or escaped segment", op.Route)
		}
		prefix, rest, found := strings.Cut(segment, "{")
		if !found {
			if strings.Contains(segment, "}") {
				return fmt.Errorf("route %q has a } without {", op.Route)
			}
			if n.literals == nil {
				n.literals = make(map[string]*node)
			}
			if n.literals[segment] == nil {
				n.literals[segment] = &node{}
			}
			n = n.literals[segment]
			continue
		}
		name, suffix, found := strings.Cut(rest, "}")
		if !found || name == "" || strings.ContainsAny(name+suffix+prefix, "{}") {
			return fmt.Errorf("route %q: segment %q is not text with one {parameter}", op.Route, segment)
		}
		n = n.parameter(prefix, suffix)
	}
	for _, e := range n.entries {
		if e.Method == op.Method {
			return fmt.Errorf("%s %s is the route of %s too", op.Method, op.Route, e.ID)
		}
	}
	n.entries = append(n.entries, &entry{Operation: op, content: op.content()})
	return nil
}

func (n *node) parameter(prefix, suffix string) *node {
	if prefix == "" && suffix == "" {
		if n.param == nil {
			n.param = &node{}
		}
		return n.param
	}
	for _, p := range n.patterns {
		if p.prefix == prefix && p.suffix == suffix {
			return p.next
		}
	}
	next := &node{}
	n.patterns = append(n.patterns, pattern{prefix, suffix, next})
	return next
}

// find returns the operation for a path without its leading slash, or nil. It does not allocate.
func (n *node) find(method, path string) *entry {
	segment, rest, more := strings.Cut(path, "/")
	if next := n.literals[segment]; next != nil {
		if e := next.follow(method, rest, more); e != nil {
			return e
		}
	}
	if segment == "" {
		return nil
	}
	for _, p := range n.patterns {
		if len(segment) > len(p.prefix)+len(p.suffix) && strings.HasPrefix(segment, p.prefix) && strings.HasSuffix(segment, p.suffix) {
			if e := p.next.follow(method, rest, more); e != nil {
				return e
			}
		}
	}
	if n.param != nil {
		return n.param.follow(method, rest, more)
	}
	return nil
}

func (n *node) follow(method, rest string, more bool) *entry {
	if more {
		return n.find(method, rest)
	}
	for _, e := range n.entries {
		if e.Method == method {
			return e
		}
	}
	if method == http.MethodHead {
		for _, e := range n.entries {
			if e.Method == http.MethodGet {
				return e
			}
		}
	}
	return nil
}

var errPath = errors.New("the path has an empty segment, a dot segment or a control character: is an id empty or \"..\"?")

// admit finds the operation of a request and refuses what must not leave the process: a request for another origin,
// and one whose path shows that a parameter was empty, "." or "..".
func (c *Client) admit(req *http.Request) (*entry, error) {
	u := req.URL
	if u == nil {
		return unknown, errors.New("the request has no URL")
	}
	if !sameOrigin(u, c.base) || req.Host != "" && req.Host != u.Host {
		return unknown, errors.New("the request is for another origin than " + c.origin)
	}
	if u.User != nil {
		return unknown, errors.New("the URL holds a user or a password: give it to the client as its auth")
	}
	if u.Opaque != "" {
		return unknown, errors.New("the URL is opaque")
	}
	path := u.EscapedPath()
	e := unknown
	if rest, ok := strings.CutPrefix(path, c.path); ok && (rest == "" || rest[0] == '/') {
		if rest == "" {
			rest = "/"
		}
		if found := c.routes.root.find(methodOf(req), rest[1:]); found != nil {
			e = found
		}
	}
	if !cleanPath(path, u.Path, e) {
		return e, errPath
	}
	return e, nil
}

// cleanPath checks the escaped path segment by segment, and the decoded path for what a server would decode.
func cleanPath(escaped, decoded string, e *entry) bool {
	for i := range len(decoded) {
		if c := decoded[i]; c < ' ' || c == 0x7f {
			return false
		}
	}
	slashAllowed := strings.HasSuffix(e.Route, "/")
	for rest, more := strings.TrimPrefix(escaped, "/"), true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		if segment == "" && (more || !slashAllowed) && len(escaped) > 0 {
			return false
		}
	}
	for rest, more := decoded, true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		if segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && (a.Host == b.Host || strings.EqualFold(hostPort(a), hostPort(b)))
}

func hostPort(u *url.URL) string {
	host, port := u.Hostname(), u.Port()
	if port == "" {
		switch strings.ToLower(u.Scheme) {
		case "https":
			port = "443"
		case "http":
			port = "80"
		}
	}
	return host + ":" + port
}
