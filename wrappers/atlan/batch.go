package atlan

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

const (
	// batchSize is the most that Atlan advises to write in one request (docs.atlan.com, API limits).
	batchSize = 50
	// batchConcurrency keeps requests that take a second at Atlan's 400 a minute.
	batchConcurrency = 8
	// batchAhead is how far a batch looks ahead for what an asset depends on.
	batchAhead = 1000
	// batchParked is how many assets a batch keeps that were refused because something was missing.
	batchParked = 10_000
	// batchPatience is how many requests in a row may fail for reasons that lie with the service before the batch ends.
	batchPatience = 5
)

// BatchOptions says how a [Batch] works. The zero value is the default.
type BatchOptions struct {
	// Size is how many assets one request carries: 50, the most that Atlan advises; the server takes 10,000.
	Size int
	// Concurrency is how many requests are under way at once: 8. The client's limits hold besides.
	Concurrency int
	// Save decides about tags and custom metadata, as in [Client.SaveWith].
	Save SaveOptions
	// OnResult is called with each result, in the order in which requests end, from the goroutine that called Save.
	OnResult func(BatchResult)
	// OnProgress is called after each request, from the goroutine that called Save.
	OnProgress func(BatchProgress)
	// DropResults leaves [BatchReport.Results] empty, for streams of any length; OnResult has the results. What is still
	// kept then are the names of new assets that failed, which others may need, and the guids of assets that [Entity.Ref]
	// made a placeholder for.
	DropResults bool
}

// Batch saves any number of assets, some of them in one request and some requests at once.
type Batch struct {
	client  *Client
	options BatchOptions
}

// Batch returns what saves many assets. It does no I/O; options that make no sense are reported by [Batch.Save].
func (c *Client) Batch(options BatchOptions) *Batch { return &Batch{client: c, options: options} }

// BatchResult is what became of one asset.
type BatchResult struct {
	// Index is the place of the item in the sequence, from 0.
	Index int
	// SaveResult says what happened. Its Outcome is [Unconfirmed] when there is an error, but for NotWritten.
	SaveResult
	// Err is why the asset was not saved: the service's answer to it alone, a check before the network, a
	// [*DependencyError], an [*AmbiguousSaveError], [ErrNotSent]. That of [SaveResult.NotWritten] is the one with which the
	// asset was saved nevertheless, and what depends on it goes on.
	Err error
}

// BatchProgress is how far a batch has come.
type BatchProgress struct {
	// Done is how many assets were saved or have failed, Failed how many of them failed, Read how many were taken from the
	// sequence so far, Requests how many saves were made.
	Done, Failed, Read, Requests int
}

// BatchReport is what a batch came to.
type BatchReport struct {
	BatchProgress
	// Results has one result for each asset, in the order of the sequence.
	Results []BatchResult
	// Outcomes counts the assets that were saved by what happened to them.
	Outcomes map[Outcome]int
}

// Failures yields the results of the assets that were not saved.
func (r *BatchReport) Failures() iter.Seq[BatchResult] {
	return func(yield func(BatchResult) bool) {
		for _, result := range r.Results {
			if result.Err != nil && !yield(result) {
				return
			}
		}
	}
}

// ErrNotSent says that the batch ended before the asset was sent.
const ErrNotSent = stateError("the batch ended before the asset was sent")

// DependencyError says that an asset was not sent because one that it refers to, itself or by way of others, was not saved.
type DependencyError struct {
	// On is the index of the other asset.
	On int
	// Err is why that was not saved.
	Err error
}

// Error names the other asset.
func (e *DependencyError) Error() string {
	return "not sent, because item " + strconv.Itoa(e.On) + ", which it depends on, was not saved: " + e.Err.Error()
}

// Unwrap returns why the other asset was not saved.
func (e *DependencyError) Unwrap() error { return e.Err }

// BatchError says that some assets of a batch were not saved. The report has the details.
type BatchError struct {
	// Failed is how many were not saved.
	Failed int
	// Index is the place of the first of them to fail, Err why it did.
	Index int
	Err   error
	// Ended is why the batch did not go on to the end of the sequence; nil when it did.
	Ended error
}

// Error says how many failed, and why the first did.
func (e *BatchError) Error() string {
	text := fmt.Sprintf("%d assets of the batch were not saved; the first is item %d: %v", e.Failed, e.Index, e.Err)
	if e.Failed == 1 {
		text = fmt.Sprintf("item %d of the batch was not saved: %v", e.Index, e.Err)
	}
	if e.Ended != nil {
		text = fmt.Sprintf("the batch ended early: %v; %s", e.Ended, text)
	}
	return text
}

// Unwrap returns why the first asset failed, and why the batch ended.
func (e *BatchError) Unwrap() []error {
	if e.Ended == nil {
		return []error{e.Err}
	}
	return []error{e.Ended, e.Err}
}

// Save saves the assets of a sequence. One that cannot be saved does not take others with it: when the service refuses a
// request it is split in two until the asset is alone that is to blame. An asset that refers to another of the batch, by
// [Entity.Ref] or by type and qualifiedName, or whose qualifiedName lies below that of another, is sent after it was saved,
// also when it comes first: the batch looks a thousand assets ahead, and what was refused because something was missing that
// comes later still is sent again then, ten thousand of them at most. Assets that refer to each other in a circle go
// together. What cannot do without a new asset that was refused is not sent. The same asset may come more than once, and is
// saved in that order.
//
// The sequence is read as the batch goes on, from the goroutine that called Save, a thousand assets before the first is
// sent: one that waits for its source holds them back. The items are read and written in that goroutine, too. The report is there even with an error,
// which is a [*BatchError] when any asset was not saved, and one of category [ErrInvalidRequest] when the options make no
// sense. Wrong credentials, five requests in a row that fail because of the service or the network, and the end of ctx end
// the batch; what was not sent by then is [ErrNotSent]. Saving everything again is safe: what was saved is not sent twice,
// and for assets whose names the server makes see [Client.Save].
//
//sluice:operation POST /api/meta/entity/bulk
func (b *Batch) Save(ctx context.Context, items iter.Seq[Item]) (*BatchReport, error) {
	r, err := b.newRun(ctx)
	if err != nil {
		return nil, err
	}
	if items == nil {
		return nil, apierr.Invalid(service, "items", "there is no sequence of assets")
	}
	next, stop := iter.Pull(items)
	defer stop()
	defer r.land()
	r.next = next
	for {
		r.fill()
		for r.flying < r.options.Concurrency {
			chunk := r.take()
			if chunk == nil {
				break
			}
			r.flying++
			r.Requests++
			r.send(chunk)
		}
		if r.flying == 0 {
			break
		}
		r.settle(<-r.landed)
	}
	r.abandon()
	return r.report(), r.err()
}

// flight is a request that was sent, and what came of it.
type flight struct {
	chunk  []*batchItem
	saving *saving
	answer *mutations
	err    error
}

// batchRun is one batch under way. Everything in it belongs to the goroutine that called Save.
type batchRun struct {
	BatchProgress
	client  *Client
	options BatchOptions
	ctx     context.Context
	cancel  context.CancelFunc
	next    func() (Item, bool)
	drained bool // the sequence has ended
	flying  int
	landed  chan flight

	graph dependencies
	again [][]*batchItem    // halves of requests that were refused
	guids map[string]string // of assets that others of the batch refer to by a placeholder

	results  []BatchResult
	outcomes map[Outcome]int
	first    *BatchResult
	ended    error
	trouble  int // requests in a row that failed because of the service
}

func (b *Batch) newRun(ctx context.Context) (*batchRun, error) {
	o := b.options
	if o.Size == 0 {
		o.Size = batchSize
	}
	if o.Concurrency == 0 {
		o.Concurrency = batchConcurrency
	}
	switch {
	case o.Size < 1 || o.Size > maxSaved:
		return nil, apierr.Invalid(service, "Size", "%d is not between 1 and %d", o.Size, maxSaved)
	case o.Concurrency < 1:
		return nil, apierr.Invalid(service, "Concurrency", "%d is not a number of requests", o.Concurrency)
	}
	r := &batchRun{
		client: b.client, options: o, landed: make(chan flight), graph: newDependencies(),
		guids: make(map[string]string), outcomes: make(map[Outcome]int),
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	return r, nil
}

// fill reads the sequence until there is enough to send, and to see what depends on what.
func (r *batchRun) fill() {
	enough := max(batchAhead, 2*min(r.options.Concurrency, 1000)*r.options.Size)
	for ; !r.drained && r.ended == nil; enough *= 2 {
		r.read(enough)
		if !r.stuck() {
			return
		}
	}
}

// read reads the sequence until so many items are there to be sent.
func (r *batchRun) read(enough int) {
	for !r.drained && r.ended == nil && r.graph.unsent < enough {
		if r.ctx.Err() != nil {
			r.end(context.Cause(r.ctx))
			return
		}
		item, ok := r.next()
		if ok {
			r.add(item)
			continue
		}
		r.drained = true
		r.graph.giveUp()
		for _, n := range r.graph.hopeless() {
			r.fail(n, n.err)
		}
	}
}

// stuck reports whether everything that was read waits for what was not.
func (r *batchRun) stuck() bool {
	return r.flying == 0 && len(r.again) == 0 && !r.graph.movable()
}

// add takes in one item of the sequence.
func (r *batchRun) add(item Item) {
	n := &batchItem{index: r.Read, item: item}
	r.Read++
	var e *Entity
	err := error(apierr.Invalid(service, "items", "item %d is nil", n.index))
	if item == nil || reflect.ValueOf(item).IsNil() { // items are pointers
		n.item = nil
	} else {
		e, err = item.view().whole()
	}
	if err != nil {
		r.fail(n, err)
		return
	}
	r.graph.add(n, e)
	if n.lost != nil {
		r.fail(n, n.lost)
	}
}

// take returns the items of the next request, nil when there is none to be made now.
func (r *batchRun) take() []*batchItem {
	if r.ended != nil {
		return nil
	}
	if n := len(r.again); n > 0 {
		chunk := r.again[n-1]
		r.again = r.again[:n-1]
		return chunk
	}
	for i := range r.graph.ready {
		if r.graph.ready[i].live >= r.options.Size {
			return r.graph.cut(i, r.options.Size)
		}
	}
	if r.flying > 0 && (r.graph.blocked > 0 || !r.drained) {
		return nil // what is under way lets more go: a request that is not full would be one more than needed
	}
	for i := range r.graph.ready {
		if n := r.graph.ready[i].live; n > 0 {
			return r.graph.cut(i, n)
		}
	}
	if r.flying > 0 || r.graph.blocked == 0 {
		return nil
	}
	// Nothing can go before something else: they refer to each other, or wait for what does not come.
	return r.graph.circle()
}

// placeholders are the guids that references to assets saved before have to become.
func (r *batchRun) placeholders(chunk []*batchItem) map[string]string {
	known := make(map[string]string)
	for _, n := range chunk {
		for _, placeholder := range n.refers {
			if guid := r.guids[placeholder]; guid != "" {
				known[placeholder] = guid
			}
		}
	}
	return known
}

// send makes one request. The items are read here and written in settle, both in the goroutine that called Save and reads
// the sequence: what yields it may go on using the items that it has yielded.
func (r *batchRun) send(chunk []*batchItem) {
	f := flight{chunk: chunk, saving: &saving{client: r.client, options: r.options.Save, known: r.placeholders(chunk)}}
	for _, n := range chunk {
		f.saving.items = append(f.saving.items, n.item)
	}
	f.err = f.saving.prepare(r.ctx)
	go func() {
		if f.err == nil {
			f.answer, f.err = f.saving.exchange(r.ctx)
		}
		r.landed <- f
	}()
}

// land ends what is still under way when the batch is left, which only a panic does before its end.
func (r *batchRun) land() {
	r.cancel()
	for ; r.flying > 0; r.flying-- {
		<-r.landed
	}
}

// settle takes in what came of a request.
func (r *batchRun) settle(f flight) {
	r.flying--
	var report *SaveReport
	if f.err == nil {
		report, f.err = f.saving.report(f.answer)
	} else {
		f.saving.adopt()
		for i, change := range f.saving.changes {
			if n := f.chunk[i]; change != nil && change.recovered != nil && isPlaceholder(n.placeholder) {
				r.guids[n.placeholder] = change.recovered.GUID
			}
		}
	}
	ambiguous, isAmbiguous := errors.AsType[*AmbiguousSaveError](f.err)
	switch {
	case report != nil:
		r.trouble = 0
		for i, n := range f.chunk {
			result := report.Items[i]
			if result.Outcome == Unconfirmed {
				r.fail(n, f.err)
				continue
			}
			r.done(n, result)
		}
	case isAmbiguous:
		for _, n := range f.chunk {
			r.fail(n, ambiguous)
		}
	case r.ctx.Err() != nil:
		r.end(context.Cause(r.ctx))
		for _, n := range f.chunk {
			r.fail(n, f.err)
		}
	case len(f.chunk) > 1 && divisible(f.err):
		r.strike(f.err)
		half := len(f.chunk) / 2
		r.again = append(r.again, f.chunk[half:], f.chunk[:half])
	default:
		r.strike(f.err)
		for _, n := range f.chunk {
			r.refuse(n, f.err)
		}
	}
	if r.options.OnProgress != nil {
		r.options.OnProgress(r.BatchProgress)
	}
}

// refuse notes that the service did not take an item. When it was missing something that may yet come it waits for that.
func (r *batchRun) refuse(n *batchItem, err error) {
	if errors.Is(err, ErrNotFound) && r.graph.park(n) {
		n.err = err
		return
	}
	r.fail(n, err)
}

// strike counts requests that failed because of the service, and ends the batch when there is no sense in going on.
func (r *batchRun) strike(err error) {
	if errors.Is(err, ErrAuthentication) {
		r.end(err)
	}
	if !servicesFault(err) {
		r.trouble = 0
	} else if r.trouble++; r.trouble >= batchPatience {
		r.end(err)
	}
}

// servicesFault reports whether a request failed for reasons that lie with the service or the network.
func servicesFault(err error) bool {
	e, ok := errors.AsType[*apierr.Error](err)
	return ok && e.Status != http.StatusInternalServerError && (e.Kind == apierr.KindUnavailable || e.Kind == apierr.KindTimeout ||
		e.Kind == apierr.KindRateLimited || e.Kind == apierr.KindCanceled || errors.Is(err, ErrLocked))
}

// divisible reports whether a smaller request may do better: one asset may be to blame, or there may be too many.
func divisible(err error) bool {
	if errors.Is(err, ErrAuthentication) {
		return false
	}
	e, ok := errors.AsType[*apierr.Error](err)
	return !ok || e.Kind == apierr.KindTimeout || !servicesFault(err)
}

func (r *batchRun) end(err error) {
	if r.ended == nil {
		r.ended = err
	}
	r.cancel()
}

// done notes that an item was saved, and lets go what waited for it.
func (r *batchRun) done(n *batchItem, result SaveResult) {
	if isPlaceholder(n.placeholder) {
		r.guids[n.placeholder] = result.GUID
	}
	r.outcomes[result.Outcome]++
	noted := BatchResult{Index: n.index, SaveResult: result, Err: result.NotWritten}
	if noted.Err != nil {
		r.Failed++
		if r.first == nil {
			r.first = &noted
		}
	}
	r.note(noted)
	r.graph.saved(n)
}

// fail notes that an item was not saved, nor will be what cannot do without it.
func (r *batchRun) fail(n *batchItem, err error) {
	n.err = err
	r.failed(n)
	because, ok := errors.AsType[*DependencyError](err)
	if !ok {
		because = &DependencyError{On: n.index, Err: err}
	}
	for _, lost := range r.graph.lose(n, because) {
		r.fail(lost, because)
	}
}

func (r *batchRun) failed(n *batchItem) {
	result := BatchResult{Index: n.index, Err: n.err}
	if result.Item = n.item; n.item != nil {
		result.QualifiedName = n.item.QualifiedName()
	}
	r.Failed++
	if r.first == nil {
		r.first = &result
	}
	r.note(result)
}

func (r *batchRun) note(result BatchResult) {
	r.Done++
	if !r.options.DropResults {
		r.results = append(r.results, result)
	}
	if r.options.OnResult != nil {
		r.options.OnResult(result)
	}
}

// abandon notes what was read and will not be sent, and what was refused and missed something that did not come.
func (r *batchRun) abandon() {
	for _, n := range r.graph.hopeless() {
		r.fail(n, n.err)
	}
	if r.ended == nil {
		return
	}
	notSent := fmt.Errorf("%w: %w", ErrNotSent, r.ended)
	for _, chunk := range r.again {
		for _, n := range chunk {
			r.failed(n.because(notSent))
		}
	}
	for _, n := range r.graph.rest() {
		r.failed(n.because(notSent))
	}
}

func (r *batchRun) report() *BatchReport {
	slices.SortFunc(r.results, func(a, b BatchResult) int { return a.Index - b.Index })
	return &BatchReport{BatchProgress: r.BatchProgress, Results: r.results, Outcomes: r.outcomes}
}

func (r *batchRun) err() error {
	switch {
	case r.first != nil:
		return &BatchError{Failed: r.Failed, Index: r.first.Index, Err: r.first.Err, Ended: r.ended}
	case r.ended != nil: // nothing had been read, or all of it was saved by then
		return r.ended
	}
	return nil
}
