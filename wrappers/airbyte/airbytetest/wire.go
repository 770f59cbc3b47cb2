package airbytetest

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// timestamp writes a time as java.time.OffsetDateTime.toString does: in UTC, to the second, and without seconds
// when they are zero.
func (f *Fake) timestamp(t time.Time) string {
	t = t.UTC().Truncate(time.Second)
	if t.Second() == 0 && f.has(DroppedSeconds) {
		return t.Format("2006-01-02T15:04Z")
	}
	return t.Format("2006-01-02T15:04:05Z")
}

// isoDuration writes a duration as java.time.Duration.toString does: hours unbounded, no days, zero parts left
// out.
func isoDuration(d time.Duration) string {
	seconds := int64(d / time.Second)
	if seconds == 0 {
		return "PT0S"
	}
	var b strings.Builder
	b.WriteString("PT")
	for _, part := range []struct {
		n    int64
		unit byte
	}{{seconds / 3600, 'H'}, {seconds / 60 % 60, 'M'}, {seconds % 60, 'S'}} {
		if part.n != 0 {
			b.WriteString(strconv.FormatInt(part.n, 10))
			b.WriteByte(part.unit)
		}
	}
	return b.String()
}

// page is the window of a list that a request asks for.
type page struct{ limit, offset int }

func (f *Fake) page(limit, offset *int32) (page, error) {
	p := page{limit: 20}
	if limit != nil {
		p.limit = int(*limit)
	}
	if offset != nil {
		p.offset = int(*offset)
	}
	if p.limit < 1 || p.limit > 100 {
		return p, f.opaque(http.StatusBadRequest, "limit must be between 1 and 100")
	}
	if p.offset < 0 {
		return p, f.opaque(http.StatusBadRequest, "offset must not be negative")
	}
	return p, nil
}

func window[T any](p page, rows []T) []T {
	from := min(p.offset, len(rows))
	page := rows[from:min(from+p.limit, len(rows))]
	if page == nil {
		return []T{} // an empty list, never null
	}
	return page
}

// unordered changes the order of a list read without ORDER BY. A list of one page comes in any order. Of a longer
// one a few rows change places between one request and the next, as they do in a table that is written to.
func unordered[T any](f *Fake, p page, rows []T) {
	if !f.has(UnstableLists) || len(rows) < 2 {
		return
	}
	f.lists++
	random := rand.New(rand.NewPCG(f.config.Seed, f.lists))
	if len(rows) <= p.limit {
		random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		return
	}
	for range 1 + len(rows)/50 {
		i, j := random.IntN(len(rows)), random.IntN(len(rows))
		rows[i], rows[j] = rows[j], rows[i]
	}
}

type requestKey struct{}

func requestOf(ctx context.Context) *http.Request {
	r, _ := ctx.Value(requestKey{}).(*http.Request)
	return r
}

// links returns the previous and next links of a page. The query's keys named in lost are dropped.
func (f *Fake) links(ctx context.Context, p page, rows, total int, lost ...string) (previous, next string) {
	r := requestOf(ctx)
	if r == nil {
		return "", ""
	}
	base := f.config.linkBase
	if !f.has(LossyLinks) {
		base = "http://" + r.Host + f.config.root
	}
	query := func(offset int) url.Values {
		q := url.Values{}
		for k, v := range r.URL.Query() {
			if f.has(LossyLinks) {
				v = []string{strings.Join(v, ",")}
			}
			q[k] = v
		}
		if f.has(LossyLinks) {
			for _, k := range lost {
				q.Del(k)
			}
		}
		q.Set("limit", strconv.Itoa(p.limit))
		q.Set("offset", strconv.Itoa(offset))
		return q
	}
	more := rows > 0
	if !f.has(ExtraPage) {
		more = p.offset+rows < total
	}
	if more {
		next = base + r.URL.Path + "?" + query(p.offset+p.limit).Encode()
	}
	if p.offset > 0 {
		q := query(max(0, p.offset-p.limit))
		if f.has(LossyLinks) {
			q.Add("limit", strconv.Itoa(p.limit))
		}
		previous = base + r.URL.Path + "?" + q.Encode()
	}
	return previous, next
}

// split reads a list parameter, which may be repeated or joined with commas.
func split(values []string) []string {
	var out []string
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

func set(values []string) map[string]bool {
	values = split(values)
	if len(values) == 0 {
		return nil
	}
	m := make(map[string]bool, len(values))
	for _, v := range values {
		m[strings.ToLower(v)] = true
	}
	return m
}

// in says whether a set that restricts nothing when it is nil has a value.
func in(m map[string]bool, v string) bool { return m == nil || m[v] }

func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
