package atlan

import (
	"context"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
)

// Collection is the assets of one type. It holds nothing and costs nothing: make it where it is used.
//
//	table, err := client.Tables().Get(ctx, qualifiedName)
//	report, err := client.Tables().Certify(ctx, qualifiedName, atlanassets.CertificateStatusVerified, "checked by finance")
//
// Its methods take a qualifiedName; [Collection.ByGUID] has the same for a guid.
type Collection[T atlanassets.Type] struct{ client *Client }

// Of returns the assets of any type. It does no I/O.
//
//	topics := atlan.Of[atlanassets.KafkaTopic](client)
func Of[T atlanassets.Type](c *Client) Collection[T] { return Collection[T]{c} }

// Databases are the databases.
func (c *Client) Databases() Collection[atlanassets.Database] { return Of[atlanassets.Database](c) }

// Schemas are the schemas of databases.
func (c *Client) Schemas() Collection[atlanassets.Schema] { return Of[atlanassets.Schema](c) }

// Tables are the tables.
func (c *Client) Tables() Collection[atlanassets.Table] { return Of[atlanassets.Table](c) }

// Views are the views.
func (c *Client) Views() Collection[atlanassets.View] { return Of[atlanassets.View](c) }

// MaterialisedViews are the materialised views.
func (c *Client) MaterialisedViews() Collection[atlanassets.MaterialisedView] {
	return Of[atlanassets.MaterialisedView](c)
}

// Columns are the columns of tables and views.
func (c *Client) Columns() Collection[atlanassets.Column] { return Of[atlanassets.Column](c) }

// Procedures are the stored procedures.
func (c *Client) Procedures() Collection[atlanassets.Procedure] {
	return Of[atlanassets.Procedure](c)
}

// Processes are the processes of lineage.
func (c *Client) Processes() Collection[atlanassets.Process] { return Of[atlanassets.Process](c) }

// Handle returns the handle of an asset by its qualifiedName. It does no I/O; a bad name is reported by the first call.
func (s Collection[T]) Handle(qualifiedName string) *Handle[T] {
	return newHandle[T](s.client, qualifiedName, "", false)
}

// ByGUID returns the handle of an asset by its guid. It does no I/O; a bad guid is reported by the first call.
func (s Collection[T]) ByGUID(guid string) *Handle[T] {
	return newHandle[T](s.client, "", guid, true)
}

// Get reads an asset. See [Get].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
func (s Collection[T]) Get(ctx context.Context, qualifiedName string, options ...ReadOptions) (*Asset[T], error) {
	return Get[T](ctx, s.client, qualifiedName, options...)
}

// GetByGUID reads an asset by its guid. See [GetByGUID].
//
//sluice:operation GET /api/meta/entity/guid/{guid}
func (s Collection[T]) GetByGUID(ctx context.Context, guid string, options ...ReadOptions) (*Asset[T], error) {
	return GetByGUID[T](ctx, s.client, guid, options...)
}

// GetMany reads many assets by their qualifiedNames. See [Client.EntitiesByQualifiedName].
//
//sluice:operation GET /api/meta/entity/bulk/uniqueAttribute/type/{typeName}
func (s Collection[T]) GetMany(ctx context.Context, qualifiedNames []string, options ...ReadOptions) (found []*Asset[T], missing []string, err error) {
	entities, missing, err := s.client.entitiesOf(ctx, typeNameOf[T](), qualifiedNames, options)
	for _, e := range entities {
		found = append(found, assetOf[T](e))
	}
	return found, missing, err
}

// Update reads an asset, lets change do its work on it and saves what it changed. See [Handle.Update].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) Update(ctx context.Context, qualifiedName string, change func(*Asset[T]) error) (SaveResult, error) {
	return s.Handle(qualifiedName).Update(ctx, change)
}

// Archive archives an asset and waits until it is. See [Client.Archive].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation DELETE /api/meta/entity/bulk
func (s Collection[T]) Archive(ctx context.Context, qualifiedName string) (*DeleteReport, error) {
	return s.Handle(qualifiedName).Archive(ctx)
}

// Delete archives or removes an asset. See [Client.Delete].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation DELETE /api/meta/entity/bulk
func (s Collection[T]) Delete(ctx context.Context, qualifiedName string, mode DeleteMode) (*DeleteReport, error) {
	return s.Handle(qualifiedName).Delete(ctx, mode)
}

// Restore makes an archived asset active again. See [Client.Restore].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) Restore(ctx context.Context, qualifiedName string) (SaveResult, error) {
	return s.Handle(qualifiedName).Restore(ctx)
}
