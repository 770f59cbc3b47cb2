package tests_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// TestSaveSafety runs 100,000 saves of new assets whose names the server makes, each with a network and a server that
// misbehave in a random way, and holds every outcome against what the server has: never two; exactly one, the one that the
// save reports, when there is no error; none when the error says so; at most one when the error says that it cannot be
// known.
func TestSaveSafety(t *testing.T) {
	const shards = 2
	runs, atOnce := cut(100_000, 1_000), cut(100, 100)
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // the heap is small, and time is what the test takes
	var mu sync.Mutex
	total := map[string]int{}
	t.Run("shards", func(t *testing.T) {
		for shard := range shards {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				for batch := range runs / shards / atOnce {
					synctest.Test(t, func(t *testing.T) {
						for outcome, n := range saveBatch(t, uint64(shard*1000+batch), atOnce) {
							mu.Lock()
							total[outcome] += n
							mu.Unlock()
						}
					})
					if t.Failed() {
						return
					}
				}
			})
		}
	})
	sum := 0
	for _, n := range total {
		sum += n
	}
	t.Logf("%d runs: %v", sum, total)
	if !t.Failed() && sum != runs {
		t.Errorf("%d runs came to an end, want %d", sum, runs)
	}
	for _, outcome := range []string{"created", "recovered", "ambiguous, created", "ambiguous, not created", "failed"} {
		if total[outcome] == 0 {
			t.Errorf("no run ended as %q: the test does not test that", outcome)
		}
	}
}

// mishap is what happens to a request.
type mishap uint8

const (
	none       mishap = iota
	unsent            // the connection breaks before anything arrives
	unanswered        // it is carried out, and the connection breaks
	stalled           // it arrives and is never carried out nor answered
	silent            // it is carried out and never answered
	late              // the connection breaks, and it is carried out some time after
	refused           // a status before anything is done
	failing           // it is carried out, and the answer is a status
	severed           // it is carried out, and the answer is cut short
	page              // it is carried out, and the answer is a page of a proxy
	mishaps
)

// line is a connection to the fake that goes wrong as a plan says.
type line struct {
	fake    *atlantest.Fake
	random  *rand.Rand
	mishap  mishap // of the first save
	status  int
	delay   time.Duration
	clumsy  bool // reading goes wrong at times, too
	posts   int
	pending sync.WaitGroup // what is carried out late
}

func (l *line) carryOut(r *http.Request, body []byte) *http.Response {
	in := r.Clone(context.WithoutCancel(r.Context()))
	in.Body, in.RequestURI = io.NopCloser(bytes.NewReader(body)), r.URL.RequestURI()
	if body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	l.fake.Handler().ServeHTTP(w, in)
	resp := w.Result()
	resp.Request = r
	resp.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	return resp
}

func (l *line) answer(r *http.Request, status int, contentType, body string) *http.Response {
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(body)),
		Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body))}
}

// RoundTrip is not called by two goroutines at once: each run has a line of its own.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	happens := none
	if r.Method == http.MethodPost && strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/entity/bulk") {
		if l.posts++; l.posts == 1 {
			happens = l.mishap
		}
	} else if l.clumsy && l.random.IntN(4) == 0 {
		happens = []mishap{unsent, unanswered, refused, severed}[l.random.IntN(4)]
	}
	pass(20 * time.Millisecond)
	broken := fmt.Errorf("read: %w", syscall.ECONNRESET)
	switch happens {
	case unsent:
		return nil, fmt.Errorf("write: %w", syscall.ECONNRESET)
	case unanswered:
		l.carryOut(r, body)
		return nil, io.ErrUnexpectedEOF
	case stalled:
		<-r.Context().Done()
		return nil, r.Context().Err()
	case silent:
		l.carryOut(r, body)
		<-r.Context().Done()
		return nil, r.Context().Err()
	case late:
		l.pending.Go(func() {
			pass(l.delay)
			l.carryOut(r, body)
		})
		return nil, broken
	case refused:
		return l.answer(r, l.status, "application/json", `{"errorCode":"ATLAS-0","errorMessage":"no"}`), nil
	case failing:
		l.carryOut(r, body)
		return l.answer(r, l.status, "application/json", `{}`), nil
	case severed:
		resp := l.carryOut(r, body)
		text, _ := io.ReadAll(resp.Body)
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(text[:len(text)/2]), brokenReader{}))
		return resp, nil
	case page:
		l.carryOut(r, body)
		return l.answer(r, 200, "text/html", "<html>proxy</html>"), nil
	case none, mishaps:
	}
	return l.carryOut(r, body), nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func saveBatch(t *testing.T, seed uint64, n int) map[string]int {
	t.Helper()
	f := newFake(t, atlantest.WithoutContract(), atlantest.KeepRecords(1), atlantest.Without(atlantest.RateLimited), atlantest.WithSeed(seed))
	glossary := f.Add(atlantest.Asset{TypeName: "AtlasGlossary", Name: "G", QualifiedName: "nano"})[0]
	domain := f.Add(atlantest.Asset{TypeName: "DataDomain", Name: "D", QualifiedName: "default/domain/d/super"})[0]
	collection := f.Add(atlantest.Asset{TypeName: "Collection", Name: "C", QualifiedName: "default/collection/ann/c"})[0]
	persona := f.Add(atlantest.Asset{TypeName: "Persona", Name: "P", QualifiedName: "default/p"})[0]
	_, connection := f.AddConnection("snowflake", "C")
	pass(time.Minute)
	type result struct {
		line    *line
		run     int
		item    atlan.Item
		older   string
		outcome string
		err     error
	}
	var mu sync.Mutex
	var results []result
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			l := &line{fake: f, random: random, mishap: mishap(random.IntN(int(mishaps))),
				status: []int{500, 502, 503, 504, 400, 403, 409, 429}[random.IntN(8)], delay: time.Duration(random.IntN(90_000)) * time.Millisecond,
				clumsy: random.IntN(3) == 0}
			if l.mishap == failing {
				l.status = []int{500, 502, 503, 504}[random.IntN(4)] // other statuses say that nothing was done
			}
			name := fmt.Sprintf("asset %d", i)
			items := newItems(t, random, name, parents{glossary, domain, collection, persona, connection})
			typeName := typeOf(items[0])
			var older string
			if random.IntN(4) == 0 { // one of the same name that was there before
				older = f.Add(atlantest.Asset{TypeName: typeName, Name: name, QualifiedName: "older/" + name})[0]
				pass(10 * time.Second)
			}
			outcome, err := saveOnce(t, f, l, items)
			l.pending.Wait()
			mu.Lock()
			defer mu.Unlock()
			results = append(results, result{l, i, items[0], older, outcome, err})
		})
	}
	all.Wait()
	made := map[string][]string{} // guids by type and name
	for _, typeName := range []string{"AtlasGlossary", "AtlasGlossaryTerm", "AtlasGlossaryCategory", "DataDomain", "DataProduct", "Folder", "Persona", "AuthPolicy"} {
		for _, a := range f.Assets(typeName) {
			made[typeName+a.Name] = append(made[typeName+a.Name], a.GUID)
		}
	}
	outcomes := map[string]int{}
	for _, r := range results {
		guids := slices.DeleteFunc(made[typeOf(r.item)+r.item.Name()], func(guid string) bool { return guid == r.older })
		run := fmt.Sprintf("seed %d, run %d (%s, %d, status %d, after %v)", seed, r.run, typeOf(r.item), r.line.mishap, r.line.status, r.line.delay)
		switch {
		case len(guids) > 1:
			t.Errorf("%s: %d assets: %v", run, len(guids), r.err)
		case (r.outcome == "created" || r.outcome == "recovered") && (len(guids) != 1 || guidOf(r.item) != guids[0]):
			t.Errorf("%s: %s as %s, the server has %v, and %q was there before", run, r.outcome, guidOf(r.item), guids, r.older)
		case r.outcome == "failed" && len(guids) != 0:
			t.Errorf("%s: failed, and the server has %v: %v", run, guids, r.err)
		case r.outcome == "ambiguous" && len(guids) == 1:
			r.outcome = "ambiguous, created"
		case r.outcome == "ambiguous":
			r.outcome = "ambiguous, not created"
		}
		outcomes[r.outcome]++
	}
	return outcomes
}

// saveOnce saves the items over a line, and says how that ended.
func saveOnce(t *testing.T, f *atlantest.Fake, l *line, items []atlan.Item) (string, error) {
	client, err := atlan.New(atlan.WithBaseURL(f.URL()), atlan.WithAPIKey(f.APIKey()), atlan.WithRoundTripper(l), atlan.WithRequestsPerMinute(1_000_000))
	if err != nil {
		t.Error(err)
		return "", err
	}
	report, err := client.Save(t.Context(), items...)
	var ambiguous *atlan.AmbiguousSaveError
	var e *apierr.Error
	switch {
	case err == nil && report.Items[0].Outcome == atlan.Created && report.Items[0].Recovered:
		return "recovered", nil
	case err == nil && report.Items[0].Outcome == atlan.Created:
		return "created", nil
	case err == nil:
		t.Errorf("no error, and %+v", report)
		return "", nil
	case errors.As(err, &ambiguous):
		return "ambiguous", err
	case !errors.As(err, &e) || e.MayHaveApplied:
		t.Errorf("an error that leaves things open: %v", err)
	}
	return "failed", err
}

func guidOf(item atlan.Item) string {
	return item.(interface{ Ref() atlanassets.Ref }).Ref().GUID
}

func typeOf(item atlan.Item) string {
	return item.(interface{ Ref() atlanassets.Ref }).Ref().TypeName
}

// parents are what new assets are in: guids, and the qualifiedName of a connection.
type parents struct{ glossary, domain, collection, persona, connection string }

// newItems returns a new asset of a name whose qualifiedName the server makes, and at times others that go with it.
func newItems(t *testing.T, random *rand.Rand, name string, in parents) []atlan.Item {
	t.Helper()
	var item atlan.Item
	var err error
	switch random.IntN(9) {
	case 0:
		item, err = atlan.NewGlossary(name)
	case 1:
		item, err = atlan.NewTerm(name, atlanassets.RefByGUID("", in.glossary))
	case 2:
		item, err = atlan.NewCategory(name, atlanassets.RefByQualifiedName("AtlasGlossary", "nano"))
	case 3:
		item, err = atlan.NewDataDomain(name)
	case 4:
		item, err = atlan.NewDataProduct(name, atlanassets.RefByGUID("DataDomain", in.domain), map[string]any{"match_all": map[string]any{}})
	case 5:
		item, err = atlan.NewFolder(name, atlanassets.Ref{TypeName: "Collection", GUID: in.collection, QualifiedName: "default/collection/ann/c"})
	case 6:
		own, e := atlan.NewGlossary(name)
		ok(t, e)
		term, e := atlan.NewTerm("term of "+name, own.Ref())
		ok(t, e)
		return []atlan.Item{own, term}
	case 7:
		item, err = atlan.NewPersona(name)
	case 8:
		item, err = atlan.NewPersonaPolicy(name, atlanassets.RefByGUID("Persona", in.persona), atlan.PersonaDataPolicy{
			Type: atlanassets.AuthPolicyTypeAllow, Connection: in.connection, Assets: []string{in.connection}})
	}
	ok(t, err)
	return []atlan.Item{item}
}
