package polytomictest

import (
	"context"
	"slices"

	"github.com/oapi-codegen/nullable"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

var everyMode = []wire.ModelsyncSyncTargetMode{
	wire.ModelsyncSyncTargetModeCreate, wire.ModelsyncSyncTargetModeUpdate, wire.ModelsyncSyncTargetModeUpdateOrCreate,
	wire.ModelsyncSyncTargetModeReplace, wire.ModelsyncSyncTargetModeAppend, wire.ModelsyncSyncTargetModeRemove,
	wire.ModelsyncSyncTargetModeSnapshot,
}

// targetObjects are what model syncs can write to: what the connection has, and two that every system has.
func targetObjects(x *connection) []wire.TargetObject {
	modes := mapped(everyMode, func(m wire.ModelsyncSyncTargetMode) wire.SupportedMode {
		return wire.SupportedMode{
			ID: &m, RequiresIdentity: new(slices.Contains(identityModes, m)), SupportsPerFieldMode: new(m == wire.ModelsyncSyncTargetModeUpdateOrCreate),
			SupportsTargetFilters: new(false),
		}
	})
	out := []wire.TargetObject{{ID: new("contacts"), Name: new("Contacts"), Modes: modes}, {ID: new("accounts"), Name: new("Accounts"), Modes: modes}}
	for _, s := range x.schemas {
		out = append(out, wire.TargetObject{ID: &s.id, Name: &s.name, Modes: modes})
	}
	return out
}

func (f *Fake) target(c *caller, id string) (*connection, error) {
	x, err := f.connection(c, id)
	if err != nil {
		return nil, err
	}
	if !x.kind.destination {
		return nil, badRequest("%s cannot be a target", x.kind.name)
	}
	return x, nil
}

func (a *service) ListModelSyncTargets(ctx context.Context, request srv.ListModelSyncTargetsRequestObject) (srv.ListModelSyncTargetsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.target(c, request.ID)
	if err != nil {
		return nil, err
	}
	creation := &wire.TargetCreator{Supported: new(x.kind.sql)}
	if x.kind.sql {
		creation.Properties = []wire.TargetCreateInput{{ID: new("schema"), Title: new("Schema"), Enum: new(true)}, {ID: new("name"), Title: new("Table"), Enum: new(false)}}
	}
	return srv.ListModelSyncTargets200JSONResponse{Data: rows(f, targetObjects(x)), TargetCreation: creation}, nil
}

func (a *service) GetModelSyncTargetFields(ctx context.Context, request srv.GetModelSyncTargetFieldsRequestObject) (srv.GetModelSyncTargetFieldsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.target(c, request.ID)
	if err != nil {
		return nil, err
	}
	objects := targetObjects(x)
	i := slices.IndexFunc(objects, func(o wire.TargetObject) bool { return *o.ID == request.Params.Target })
	if i < 0 {
		return nil, notFound("target", request.Params.Target)
	}
	fields := []*field{
		{id: "id", name: "id", kind: "string", primaryKey: true}, {id: "email", name: "email", kind: "string"}, {id: "name", name: "name", kind: "string"},
	}
	for _, s := range x.schemas {
		if s.id == request.Params.Target {
			fields = s.fields
		}
	}
	if or(request.Params.Refresh, false) {
		x.targetsRead = f.now
	}
	if x.targetsRead.IsZero() {
		x.targetsRead = x.created
	}
	list := mapped(fields, func(d *field) wire.TargetField {
		functions := nullable.NewNullNullable[[]wire.IdentityFunction]()
		if d.primaryKey || d.id == "email" {
			functions = value([]wire.IdentityFunction{{ID: new(string(wire.SchemaIdentityFunctionEquality)), Label: new("Equals")}})
		}
		return wire.TargetField{
			ID: &d.id, Name: &d.name, Description: new(""), Type: &d.kind, SourceType: &d.kind, Required: new(d.primaryKey), Createable: new(true),
			Updateable: new(!d.primaryKey), Filterable: new(false), Encryptable: new(false), Association: new(false),
			SupportsIdentity: new(d.primaryKey || d.id == "email"), IdentityFunctions: functions,
		}
	})
	modes := mapped(everyMode, func(m wire.ModelsyncSyncTargetMode) wire.Mode {
		return wire.Mode{
			Mode: new(string(m)), Label: new(string(m)), Description: new(""), RequiresIdentity: new(slices.Contains(identityModes, m)),
			SupportsFieldSyncMode: new(m == wire.ModelsyncSyncTargetModeUpdateOrCreate), SupportsTargetFilters: new(false),
		}
	})
	return srv.GetModelSyncTargetFields200JSONResponse{Data: &wire.TargetResponse{
		ID: objects[i].ID, Name: objects[i].Name, Fields: rows(f, list), Modes: rows(f, modes), RefreshedAt: moment(x.targetsRead),
		Properties: &wire.SyncDestinationProperties{SupportsFieldCreation: new(x.kind.sql), TargetCreator: new(x.kind.sql)},
	}}, nil
}

func (a *service) GetModelSyncTargetCreateProperty(ctx context.Context, request srv.GetModelSyncTargetCreatePropertyRequestObject) (srv.GetModelSyncTargetCreatePropertyResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.target(c, request.ID)
	if err != nil {
		return nil, err
	}
	switch {
	case !x.kind.sql:
		return nil, badRequest("%s does not create targets", x.kind.name)
	case request.Property == "schema":
		return srv.GetModelSyncTargetCreateProperty200JSONResponse{Data: &wire.TargetPropertyValues{
			ID: new("schema"), Title: new("Schema"), Enum: new(true), Values: []wire.UtilEnumValue{{Value: new("public"), Label: value("public")}},
		}}, nil
	case request.Property == "name":
		return srv.GetModelSyncTargetCreateProperty200JSONResponse{Data: &wire.TargetPropertyValues{ID: new("name"), Title: new("Table"), Enum: new(false)}}, nil
	}
	return nil, notFound("property", request.Property)
}
