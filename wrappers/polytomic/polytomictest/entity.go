package polytomictest

import (
	"context"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

// GetEntity tells what an id belongs to, and to what it is related.
func (a *service) GetEntity(ctx context.Context, request srv.GetEntityRequestObject) (srv.GetEntityResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	e := f.entity(request.ID)
	if e == nil || *e.OrganizationID != c.org.id {
		return nil, notFound("entity", request.ID)
	}
	return srv.GetEntity200JSONResponse{Data: e}, nil
}

// GetPartnerEntity does so in any organization of the partner.
func (a *service) GetPartnerEntity(ctx context.Context, request srv.GetPartnerEntityRequestObject) (srv.GetPartnerEntityResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	e := f.entity(request.ID)
	if e == nil {
		return nil, notFound("entity", request.ID)
	}
	return srv.GetPartnerEntity200JSONResponse{Data: e}, nil
}

func (f *Fake) entity(id string) *wire.EntityResponse {
	found := func(o *organization, kind, path string, context map[string]any, related map[string]wire.EntityRelationship) *wire.EntityResponse {
		if related == nil {
			related = make(map[string]wire.EntityRelationship)
		}
		related["organization"] = wire.EntityRelationship{ID: &o.id, Path: new("/api/organizations/" + o.id)}
		return &wire.EntityResponse{
			ID: &id, Type: &kind, CanonicalPath: &path, OrganizationID: &o.id, Context: context, Relationships: related,
		}
	}
	to := func(id, path string) wire.EntityRelationship {
		return wire.EntityRelationship{ID: &id, Path: new(path + id)}
	}
	const connections = "/api/connections/"
	if x := f.connections.byID[id]; x != nil {
		return found(x.org, "connection", connections+id, map[string]any{"name": x.name, "type": x.kind.id}, nil)
	}
	if b := f.bulkSyncs.byID[id]; b != nil {
		return found(b.org, "bulk_sync", "/api/bulk/syncs/"+id, map[string]any{"name": b.name}, map[string]wire.EntityRelationship{
			"source_connection": to(b.source.id, connections), "destination_connection": to(b.destination.id, connections),
		})
	}
	if s := f.modelSyncs.byID[id]; s != nil {
		related := map[string]wire.EntityRelationship{"target_connection": to(s.body.Target.ConnectionID, connections)}
		if len(s.modelIDs) > 0 {
			related["model"] = to(s.modelIDs[0], "/api/models/")
		}
		return found(s.org, "sync", "/api/syncs/"+id, map[string]any{"name": s.name}, related)
	}
	if m := f.models.byID[id]; m != nil {
		return found(m.org, "model", "/api/models/"+id, map[string]any{"name": m.body.Name}, map[string]wire.EntityRelationship{
			"connection": to(m.body.ConnectionID, connections),
		})
	}
	if j := f.jobs.byID[id]; j != nil {
		return found(j.by.org, "job", "/api/jobs/"+j.kind+"/"+id, map[string]any{"type": j.kind}, nil)
	}
	if q := f.queries.byID[id]; q != nil {
		return found(q.by.org, "query", "/api/queries/"+id, nil, nil)
	}
	if w := f.webhooks.byID[id]; w != nil {
		return found(w.org, "webhook", "/api/webhooks/"+id, map[string]any{"endpoint": w.endpoint}, nil)
	}
	if r := f.roles.byID[id]; r != nil {
		return found(r.org, "role", "/api/permissions/roles/"+id, map[string]any{"name": r.name}, nil)
	}
	if p := f.policies.byID[id]; p != nil {
		return found(p.org, "policy", "/api/permissions/policies/"+id, map[string]any{"name": p.name}, nil)
	}
	for _, o := range f.organizations {
		if o.id == id {
			return found(o, "organization", "/api/organizations/"+id, map[string]any{"name": o.name}, nil)
		}
		for _, u := range o.users {
			if u.id == id {
				return found(o, "user", "/api/organization/users/"+id, map[string]any{"email": u.email}, nil)
			}
		}
	}
	for _, b := range f.bulkSyncs.rows {
		if b.execution(id) != nil {
			return found(b.org, "bulk_sync_execution", "/api/bulk/syncs/"+b.id+"/executions/"+id, nil, map[string]wire.EntityRelationship{
				"bulk_sync": to(b.id, "/api/bulk/syncs/"),
			})
		}
	}
	for _, s := range f.modelSyncs.rows {
		if s.execution(id) != nil {
			return found(s.org, "sync_execution", "/api/syncs/"+s.id+"/executions/"+id, nil, map[string]wire.EntityRelationship{
				"sync": to(s.id, "/api/syncs/"),
			})
		}
	}
	return nil
}
