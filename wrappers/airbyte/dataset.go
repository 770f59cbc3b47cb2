package airbyte

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
	"github.com/sluice-sdk/sluice/wrappers/warehouse"
)

// Dataset is a stream of a connection as rows of a table in its destination. It does nothing until it is read: then the
// connection and the destination's configuration are loaded, the table's name follows from them (see package warehouse),
// and the table is looked up in the database. Nothing is ever created or changed there. It is safe for concurrent use.
type Dataset struct {
	connection *Connection
	stream     string
	db         warehouse.Queryer
	options    func(context.Context) ([]warehouse.ReadOption, error) // nil: none
}

// Dataset returns the rows of a stream, read through the caller's own *sql.DB, *sql.Conn or *sql.Tx: the API never gives
// the destination's credentials. The stream is named as the connection names it; where streams of several namespaces
// share a name, "namespace.name" tells them apart. It does no I/O; [ErrUnknownStream] comes from the first read.
func (c *Connection) Dataset(stream string, db warehouse.Queryer) *Dataset {
	return &Dataset{connection: c, stream: stream, db: db}
}

// Datasets returns the rows of every selected stream, by the name under which [Connection.Dataset] takes it.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) Datasets(ctx context.Context, db warehouse.Queryer) (map[string]*Dataset, error) {
	info, err := c.load(ctx)
	if err != nil {
		return nil, err
	}
	datasets := make(map[string]*Dataset, len(info.Configurations.Streams))
	for _, name := range streamKeys(info.Configurations.Streams) {
		datasets[name] = c.Dataset(name, db)
	}
	return datasets, nil
}

// Warehouse returns what decides where the connection's tables are: the kind and version of its destination, the
// database and the default schema. It loads the destination's configuration once. [warehouse.UnsupportedError] means
// that there are no naming rules for this destination.
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation GET /destinations/{destinationId}
//sluice:operation GET /workspaces/{workspaceId}/definitions/destinations/{definitionId}
func (c *Connection) Warehouse(ctx context.Context) (warehouse.Destination, error) {
	return c.tables.Get(ctx, c.loadWarehouse)
}

func (c *Connection) loadWarehouse(ctx context.Context) (warehouse.Destination, error) {
	destination, err := c.Destination(ctx)
	if err != nil {
		return warehouse.Destination{}, err
	}
	info, err := destination.Info(ctx)
	if err != nil {
		return warehouse.Destination{}, err
	}
	version, err := c.connectorVersion(ctx, info.DefinitionID)
	if err != nil {
		return warehouse.Destination{}, err
	}
	configuration, err := destination.Configuration(ctx)
	if err != nil {
		return warehouse.Destination{}, err
	}
	d, err := warehouse.NewDestination(warehouse.Definition{ID: info.DefinitionID, Type: info.DestinationType, Version: version}, configuration)
	if err != nil {
		return warehouse.Destination{}, destination.fail(err)
	}
	return d, nil
}

// connectorVersion returns the version of a destination connector, on which the naming rules depend, and "" when the
// server does not tell: the rules are the current ones then, and the table is looked for in the database anyway.
func (c *Connection) connectorVersion(ctx context.Context, definition string) (string, error) {
	if checkID("definition", definition) != nil {
		return "", nil //nolint:nilerr // an odd id has no definition to ask for
	}
	answer, err := transport.Decode[airbyteapi.DefinitionResponse](c.workspace.client.raw.GetDestinationDefinition(ctx, c.workspace.id, definition))
	switch {
	case err == nil:
	case errors.Is(err, apierr.ErrNotFound), errors.Is(err, apierr.ErrPermissionDenied), errors.Is(err, apierr.ErrUnsupported), errors.Is(err, apierr.ErrInvalid):
		return "", nil
	default:
		return "", c.explain(err, 0)
	}
	if tag := answer.DockerImageTag; tag != "" && '0' <= tag[0] && tag[0] <= '9' {
		return tag, nil // "dev" and the like say nothing about the rules
	}
	return "", nil
}

// Table returns where the table of a stream is expected: database, schema and table name, and why. It asks no database:
// [Dataset.Table] does.
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation GET /destinations/{destinationId}
//sluice:operation GET /workspaces/{workspaceId}/definitions/destinations/{definitionId}
func (c *Connection) Table(ctx context.Context, stream string) (warehouse.QualifiedTable, error) {
	_, table, err := c.locate(ctx, stream)
	return table, err
}

func (c *Connection) locate(ctx context.Context, name string) (warehouse.Destination, warehouse.QualifiedTable, error) {
	fail := func(err error) (warehouse.Destination, warehouse.QualifiedTable, error) {
		return warehouse.Destination{}, warehouse.QualifiedTable{}, err
	}
	info, err := c.load(ctx)
	if err != nil {
		return fail(err)
	}
	stream, err := streamNamed(info.Configurations.Streams, name)
	if err != nil {
		return fail(c.explain(err, 0))
	}
	destination, err := c.Warehouse(ctx)
	if err != nil {
		return fail(err)
	}
	table, err := destination.Name(stream, warehouse.Placement{
		Prefix:              valueOf(info.Prefix),
		NamespaceDefinition: warehouse.NamespaceDefinition(valueOf(info.NamespaceDefinition)),
		NamespaceFormat:     valueOf(info.NamespaceFormat),
	})
	if err != nil {
		return fail(c.explain(err, 0))
	}
	return destination, table, nil
}

// streamKeys returns the name of each stream, with its namespace before it where another stream has the same name.
func streamKeys(streams []airbyteapi.StreamConfiguration) []string {
	times := make(map[string]int, len(streams))
	for _, s := range streams {
		times[s.Name]++
	}
	keys := make([]string, len(streams))
	for i, s := range streams {
		keys[i] = s.Name
		if namespace := valueOf(s.Namespace); times[s.Name] > 1 && namespace != "" {
			keys[i] = namespace + "." + s.Name
		}
	}
	return keys
}

// streamNamed returns the stream that a name, or a namespace and a name with a dot between them, stands for.
func streamNamed(streams []airbyteapi.StreamConfiguration, name string) (warehouse.Stream, error) {
	var found []warehouse.Stream
	for _, qualified := range []bool{false, true} {
		for _, s := range streams {
			namespace := valueOf(s.Namespace)
			if !qualified && s.Name == name || qualified && namespace != "" && namespace+"."+s.Name == name {
				found = append(found, warehouse.Stream{Name: s.Name, Namespace: namespace})
			}
		}
		if len(found) > 0 {
			break
		}
	}
	keys := streamKeys(streams)
	slices.Sort(keys)
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return warehouse.Stream{}, invalidBecause(ErrUnknownStream, "stream", "the connection has no selected stream %.80q: it has %s", name, some(keys))
	}
	return warehouse.Stream{}, invalidBecause(ErrUnknownStream, "stream", "the connection has %d streams %.80q, in different namespaces: name one of %s", len(found), name, some(keys))
}

// some returns the names, or the first ones of many.
func some(names []string) string {
	const most = 20
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > most:
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// Stream returns the name that the dataset was asked for by.
func (d *Dataset) Stream() string { return d.stream }

// Table returns the table for package warehouse, which has more ways to read it. What the dataset was narrowed to is not
// in it: see [Dataset.Options].
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation GET /destinations/{destinationId}
//sluice:operation GET /workspaces/{workspaceId}/definitions/destinations/{definitionId}
func (d *Dataset) Table(ctx context.Context) (*warehouse.Table, error) {
	if d.db == nil {
		return nil, apierr.Invalid(service, "db", "a dataset is read through a database: db is nil")
	}
	destination, where, err := d.connection.locate(ctx, d.stream)
	if err != nil {
		return nil, err
	}
	return destination.Table(d.db, where), nil
}

// Options returns the options that narrow the dataset, for use with [Dataset.Table].
//
//sluice:operation GET /jobs/{jobId}
func (d *Dataset) Options(ctx context.Context) ([]warehouse.ReadOption, error) {
	if d.options == nil {
		return nil, nil
	}
	return d.options(ctx)
}

// read returns the table and all options.
func (d *Dataset) read(ctx context.Context, more []warehouse.ReadOption) (*warehouse.Table, []warehouse.ReadOption, error) {
	table, err := d.Table(ctx)
	if err != nil {
		return nil, nil, err
	}
	options, err := d.Options(ctx)
	if err != nil {
		return nil, nil, err
	}
	return table, append(options, more...), nil
}

// Explain says where the table is and why.
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation GET /destinations/{destinationId}
func (d *Dataset) Explain(ctx context.Context) (string, error) {
	table, err := d.Table(ctx)
	if err != nil {
		return "", err
	}
	return table.Explain(ctx)
}

// Rows streams the rows: see [warehouse.Table.Rows].
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation GET /destinations/{destinationId}
func (d *Dataset) Rows(ctx context.Context, options ...warehouse.ReadOption) iter.Seq2[warehouse.Row, error] {
	return func(yield func(warehouse.Row, error) bool) {
		table, all, err := d.read(ctx, options)
		if err != nil {
			yield(warehouse.Row{}, err)
			return
		}
		table.Rows(ctx, all...)(yield)
	}
}

// Maps streams the rows as maps: see [warehouse.Table.Maps].
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation GET /destinations/{destinationId}
func (d *Dataset) Maps(ctx context.Context, options ...warehouse.ReadOption) iter.Seq2[map[string]any, error] {
	return func(yield func(map[string]any, error) bool) {
		table, all, err := d.read(ctx, options)
		if err != nil {
			yield(nil, err)
			return
		}
		table.Maps(ctx, all...)(yield)
	}
}

// Count returns how many rows there are.
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation GET /destinations/{destinationId}
func (d *Dataset) Count(ctx context.Context, options ...warehouse.ReadOption) (int64, error) {
	table, all, err := d.read(ctx, options)
	if err != nil {
		return 0, err
	}
	return table.Count(ctx, all...)
}

// Structs streams the rows of a dataset into structs: see [warehouse.Structs].
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation GET /destinations/{destinationId}
func Structs[T any](ctx context.Context, d *Dataset, options ...warehouse.ReadOption) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		table, all, err := d.read(ctx, options)
		if err != nil {
			var none T
			yield(none, err)
			return
		}
		warehouse.Structs[T](ctx, table, all...)(yield)
	}
}

// SyncDataset is a [Dataset] that was reached through a sync.
type SyncDataset struct {
	*Dataset
	sync *SyncResult
}

// Dataset returns the rows of a stream of the sync's connection, all of them: narrow it with [SyncDataset.OfThisSync]. It
// does no I/O: see [Connection.Dataset].
func (r *SyncResult) Dataset(stream string, db warehouse.Queryer) SyncDataset {
	return SyncDataset{Dataset: r.connection.Dataset(stream, db), sync: r}
}

// Datasets returns the rows of every selected stream: see [Connection.Datasets].
//
//sluice:operation GET /connections/{connectionId}
func (r *SyncResult) Datasets(ctx context.Context, db warehouse.Queryer) (map[string]SyncDataset, error) {
	datasets, err := r.connection.Datasets(ctx, db)
	if err != nil {
		return nil, err
	}
	of := make(map[string]SyncDataset, len(datasets))
	for name, d := range datasets {
		of[name] = SyncDataset{Dataset: d, sync: r}
	}
	return of, nil
}

// OfThisSync narrows the dataset to the rows that the sync wrote and that are still there: a later sync may have
// overwritten them. It does no I/O; when the sync is read it is asked for its times, unless it has ended. See
// [warehouse.OfSync].
func (d SyncDataset) OfThisSync() *Dataset {
	narrowed, sync := *d.Dataset, d.sync
	narrowed.options = func(ctx context.Context) ([]warehouse.ReadOption, error) {
		if err := sync.refresh(ctx); err != nil {
			return nil, err
		}
		last := sync.Cached()
		return []warehouse.ReadOption{warehouse.OfSync(warehouse.Sync{JobID: sync.id, Started: last.Created, Ended: last.Finished})}, nil
	}
	return &narrowed
}
