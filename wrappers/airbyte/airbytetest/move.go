package airbytetest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/warehouse"
)

// SQLMover is a [Mover] that really moves data: from File sources (CSV and JSONL on the local disk) and Sample Data
// sources into DuckDB and PostgreSQL, in the layout of the current destination connectors' final tables: their names
// by the rules of [warehouse.Destination.Name], the stream's columns, and the _airbyte_* columns. Sync modes, schema
// changes, cursors, generations and deduplication work as the connectors do them; an attempt that fails leaves what
// it committed, as theirs do.
//
//	fake := airbytetest.New(t, airbytetest.WithMover(&airbytetest.SQLMover{
//		Open: func(ctx context.Context, d airbytetest.Connector) (*sql.DB, error) {
//			path, _ := d.Configuration["destination_path"].(string)
//			return duckdb.Open(path)
//		},
//	}))
//
// It is not a copy of the connectors: types come from the file's values, and names of staging tables differ.
type SQLMover struct {
	// Open opens a destination's database; required. The mover closes what it returns at the end of each attempt, so
	// that another process may open a DuckDB file in between. The configuration in d is unmasked.
	Open func(ctx context.Context, d Connector) (*sql.DB, error)
	// Folder stands for the /local folder of an Airbyte host, and is where relative paths of File sources are looked
	// up. Empty means that paths are taken as they are.
	Folder string
	// CommitRows is how many rows are committed at a time. Default 500.
	CommitRows int
	// CommitPause is a pause after each commit, which makes progress of small files visible. Default none.
	CommitPause time.Duration

	mu    sync.Mutex
	locks map[string]chan struct{} // one job at a time writes to a destination
}

const defaultCommitRows = 500

// streamSource is a source that the mover reads.
type streamSource interface {
	discover(ctx context.Context) ([]Stream, error)
	// read yields the values of each record in the order of fields.
	read(ctx context.Context, key StreamKey, fields []Field) iter.Seq2[[]any, error]
}

func (m *SQLMover) source(c Connector) (streamSource, error) {
	switch c.Type {
	case "file":
		return newFileSource(c.Configuration, m.Folder)
	case "faker":
		return newFakerSource(c.Configuration)
	}
	return nil, fmt.Errorf("%w: no data can be read from a source of type %q here", ErrConfiguration, c.Type)
}

// Moves implements [Mover].
func (m *SQLMover) Moves(source, destination Connector) bool {
	return m.Reads(source) && (destination.Type == "duckdb" || destination.Type == "postgres")
}

// Reads implements [Mover].
func (m *SQLMover) Reads(source Connector) bool {
	return source.Type == "file" || source.Type == "faker"
}

// Discover implements [Mover].
func (m *SQLMover) Discover(ctx context.Context, source Connector) ([]Stream, error) {
	s, err := m.source(source)
	if err != nil {
		return nil, err
	}
	return s.discover(ctx)
}

// streamState is what a stream's state holds.
type streamState struct {
	CursorField string `json:"cursor_field"`
	Cursor      string `json:"cursor"`
}

// Move implements [Mover].
func (m *SQLMover) Move(ctx context.Context, plan Plan) (result Result, err error) {
	result.State = make(map[StreamKey]json.RawMessage)
	source, err := m.source(plan.Source)
	if err != nil {
		return result, err
	}
	place, err := warehouse.NewDestination(
		warehouse.Definition{ID: plan.Destination.DefinitionID, Type: plan.Destination.Type}, plan.Destination.Configuration)
	if err != nil {
		return result, fmt.Errorf("%w: %w", ErrConfiguration, err)
	}
	release, err := m.acquire(ctx, plan.Destination.ID)
	if err != nil {
		return result, err
	}
	defer release()
	db, err := m.Open(ctx, plan.Destination)
	if err != nil {
		return result, fmt.Errorf("open the destination: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	discovered, err := source.discover(ctx)
	if err != nil {
		return result, err
	}
	var total int64
	for _, stream := range plan.Streams {
		i := slices.IndexFunc(discovered, func(s Stream) bool { return s.Key() == stream.Key() })
		if i < 0 && !plan.Clear {
			return result, fmt.Errorf("%w: the source has no stream %q any more", ErrConfiguration, stream.Name)
		}
		if i >= 0 {
			stream.Fields = discovered[i].Fields // the file may have grown a column since the connection was made
		}
		work := &streamMove{mover: m, plan: &plan, stream: stream, source: source, place: place, db: db, before: total}
		err := work.run(ctx)
		total += work.rows
		result.Rows, result.Bytes = result.Rows+work.rows, result.Bytes+work.bytes
		if work.state != nil {
			result.State[stream.Key()] = work.state
		}
		if err != nil {
			return result, fmt.Errorf("stream %s: %w", stream.Name, err)
		}
	}
	if plan.Fail != nil { // the source had fewer rows than the attempt was to commit first
		return result, errors.New(plan.Fail.Reason)
	}
	return result, nil
}

// acquire waits until no other job writes to the destination. It blocks on a channel, which synctest understands.
func (m *SQLMover) acquire(ctx context.Context, destination string) (release func(), err error) {
	m.mu.Lock()
	lock := m.locks[destination]
	if lock == nil {
		lock = make(chan struct{}, 1)
		if m.locks == nil {
			m.locks = make(map[string]chan struct{})
		}
		m.locks[destination] = lock
	}
	m.mu.Unlock()
	select {
	case lock <- struct{}{}:
		return func() { <-lock }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// streamMove is one stream of one attempt.
type streamMove struct {
	mover  *SQLMover
	plan   *Plan
	stream PlannedStream
	source streamSource
	place  warehouse.Destination
	db     *sql.DB
	before int64 // rows that the attempt committed of earlier streams

	rows, bytes int64
	state       json.RawMessage
}

func (w *streamMove) run(ctx context.Context) error {
	fields := w.stream.Fields
	if w.stream.SelectedFields != nil {
		fields = slices.DeleteFunc(slices.Clone(fields), func(f Field) bool {
			return !slices.Contains(w.stream.SelectedFields, f.Name)
		})
	}
	table, err := newFinalTable(w.db, w.place, w.stream, fields)
	if err != nil {
		return err
	}
	if w.plan.Clear {
		return table.clear(ctx)
	}
	if err := table.prepare(ctx); err != nil {
		return err
	}
	cursor, err := w.cursorIndex(fields)
	if err != nil {
		return err
	}
	var last streamState
	if w.stream.State != nil {
		if err := json.Unmarshal(w.stream.State, &last); err != nil {
			return fmt.Errorf("%w: the stream's state is not readable: %w", ErrConfiguration, err)
		}
	}
	incremental := w.stream.SyncMode.Incremental()
	highest := last
	if cursor >= 0 {
		highest.CursorField = fields[cursor].Name
	}
	batchRows := w.mover.CommitRows
	if batchRows <= 0 {
		batchRows = defaultCommitRows
	}
	batch := make([][]any, 0, batchRows)
	commit := func() error {
		if fail := w.plan.Fail; fail != nil && w.before+w.rows+int64(len(batch)) >= fail.AfterRows {
			batch = batch[:max(0, min(int64(len(batch)), fail.AfterRows-w.before-w.rows))]
		}
		if len(batch) > 0 {
			if err := table.write(ctx, batch, w.plan.JobID); err != nil {
				return err
			}
			w.rows += int64(len(batch))
			for _, values := range batch {
				w.bytes += recordBytes(fields, values)
			}
			batch = batch[:0]
			w.plan.Progress(w.stream.Key(), w.rows, w.bytes)
		}
		if fail := w.plan.Fail; fail != nil && w.before+w.rows >= fail.AfterRows {
			return errors.New(fail.Reason)
		}
		return pause(ctx, w.mover.CommitPause)
	}
	for values, err := range w.source.read(ctx, w.stream.Key(), fields) {
		if err != nil {
			return err
		}
		if incremental && cursor >= 0 {
			if last.Cursor != "" && !after(values[cursor], last.Cursor) {
				continue
			}
			if values[cursor] != nil && (highest.Cursor == "" || after(values[cursor], highest.Cursor)) {
				highest.Cursor = cursorText(values[cursor])
			}
		}
		if batch = append(batch, values); len(batch) == batchRows {
			if err := commit(); err != nil {
				return err
			}
		}
	}
	if err := commit(); err != nil {
		return err
	}
	if err := table.finish(ctx); err != nil {
		return err
	}
	if incremental && highest.Cursor != "" {
		w.state = compactJSON(highest)
	}
	return nil
}

// cursorIndex finds the cursor among the fields, -1 when the stream is not read by one.
func (w *streamMove) cursorIndex(fields []Field) (int, error) {
	if len(w.stream.CursorField) == 0 {
		if w.stream.SyncMode.Incremental() {
			return 0, fmt.Errorf("%w: sync mode %s needs a cursor field", ErrConfiguration, w.stream.SyncMode)
		}
		return -1, nil
	}
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == w.stream.CursorField[0] })
	if i < 0 && w.stream.SyncMode.Incremental() {
		return 0, fmt.Errorf("%w: the stream has no cursor field %q", ErrConfiguration, w.stream.CursorField[0])
	}
	return i, nil
}

// recordBytes is about what a record takes as an Airbyte message: names, values and punctuation.
func recordBytes(fields []Field, values []any) (n int64) {
	for i, value := range values {
		n += int64(len(fields[i].Name)) + 6
		switch v := value.(type) {
		case nil:
			n += 4
		case string:
			n += int64(len(v))
		case json.RawMessage:
			n += int64(len(v))
		default:
			n += 8
		}
	}
	return n + 2
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
