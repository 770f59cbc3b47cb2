package tests_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// addDatabase puts a database into a connection of the fake.
func addDatabase(f *atlantest.Fake, connection, name string) (guid string) {
	return f.Add(atlantest.Asset{TypeName: "Database", Name: name, QualifiedName: connection + "/" + name})[0]
}

// A connection and what is in it are made, read, changed, archived, restored and purged.
func TestT1Life(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		connection := must(client.NewConnection("Production", "snowflake", atlan.ConnectionAdmins{Users: []string{f.UserName()}}))(t)
		report := must(client.Save(ctx, connection))(t)
		if report.Count(atlan.Created) != 1 || connection.GUID == "" {
			t.Fatalf("%+v", report)
		}
		// Everything in one request, while the permissions of the connection are still spreading: the wrapper waits.
		database := must(atlan.NewDatabase("DB", connection.QualifiedName()))(t)
		schema := must(atlan.NewSchema("S", database.QualifiedName()))(t)
		orders := must(atlan.NewTable("ORDERS", schema.QualifiedName()))(t)
		id := must(atlan.NewColumn("ID", orders.Ref(), 1))(t)
		report = must(client.Save(ctx, database, schema, orders, id))(t)
		if report.Count(atlan.Created) != 4 {
			t.Fatalf("%+v", report)
		}
		for _, item := range report.Items {
			if got, found := f.AssetByName(item.TypeName, item.QualifiedName); !found || got.GUID != item.GUID {
				t.Errorf("%+v is %+v in the fake", item, got)
			}
		}

		table := must(client.Tables().Get(ctx, orders.QualifiedName()))(t)
		if columns, _ := table.Attributes.Columns.Get(); len(columns) != 1 || columns[0].GUID != id.GUID || table.Name() != "ORDERS" {
			t.Errorf("%v", columns)
		}
		before := f.Log().Count("bulkSaveEntities")
		if report := must(client.Save(ctx, table))(t); report.Changed() || f.Log().Count("bulkSaveEntities") != before {
			t.Errorf("a save of what was read: %+v", report)
		}
		table.Attributes.Description.Set("one row an order")
		table.Attributes.ColumnCount.Set(1)
		if report := must(client.Save(ctx, table))(t); report.Count(atlan.PartiallyUpdated) != 1 {
			t.Errorf("%+v", report)
		}
		table.Attributes.ColumnCount.Clear()
		must(client.Save(ctx, table))(t)
		again := must(client.Tables().Get(ctx, orders.QualifiedName()))(t)
		if again.Attributes.Description.Or("") != "one row an order" || again.Attributes.ColumnCount.IsSet() {
			t.Errorf("%v, %v", again.Attributes.Description, again.Attributes.ColumnCount)
		}

		handle := client.Tables().Handle(orders.QualifiedName())
		if _, _, cached := handle.Cached(); cached {
			t.Error("a handle that was never used has something")
		}
		first := must(handle.Asset(ctx))(t)
		first.Attributes.Description.Set("changed in a copy")
		reads := f.Log().Count("getEntityByUniqueAttribute")
		if second := must(handle.Asset(ctx))(t); second.Attributes.Description.Or("") != "one row an order" || f.Log().Count("getEntityByUniqueAttribute") != reads {
			t.Errorf("%v", second.Attributes.Description)
		}

		began := time.Now()
		deleted := must(client.Tables().Archive(ctx, orders.QualifiedName()))(t)
		if got, _ := f.Asset(orders.GUID); got.Status != "DELETED" || !deleted.Has(orders.GUID) || time.Since(began) > time.Minute {
			t.Errorf("%s after %v, %+v", got.Status, time.Since(began), deleted)
		}
		if result := must(client.Tables().Restore(ctx, orders.QualifiedName()))(t); result.Outcome == atlan.Unchanged || result.GUID != orders.GUID {
			t.Errorf("%+v", result)
		}
		restored := must(client.Tables().Get(ctx, orders.QualifiedName()))(t)
		if restored.Status != atlan.StatusActive || restored.Attributes.Description.Or("") != "one row an order" {
			t.Errorf("%s, %v", restored.Status, restored.Attributes.Description)
		}
		if result := must(client.Restore(ctx, orders.GUID))(t); result.Outcome != atlan.Unchanged {
			t.Errorf("an active asset was restored: %+v", result)
		}
		must(client.Delete(ctx, atlan.DeletePurge, orders.GUID))(t)
		if _, err := client.Tables().Get(ctx, orders.QualifiedName()); !errors.Is(err, atlan.ErrNotFound) || !strings.Contains(err.Error(), "ORDERS") {
			t.Errorf("%v", err)
		}
		if report := must(client.Delete(ctx, atlan.DeletePurge, orders.GUID))(t); len(report.Assets) != 0 {
			t.Errorf("purged twice: %+v", report)
		}
	})
}

// Waiting for an archived asset ends with the context, and says so.
func TestT1WaitArchivedEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.ArchiveTakes(time.Hour))
		client := clientOf(t, f)
		_, name := f.AddConnection("snowflake", "C")
		guid := addDatabase(f, name, "DB")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if _, err := client.Archive(ctx, guid); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, atlan.ErrAPIConnection) || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		ok(t, client.WaitArchived(t.Context(), guid))
		if since := time.Since(began); since < time.Hour || since > time.Hour+time.Minute {
			t.Errorf("archived after %v", since)
		}
	})
}

func TestT1DeleteRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		glossary := must(atlan.NewGlossary("G"))(t)
		category := must(atlan.NewCategory("C", glossary.Ref()))(t)
		must(client.Save(ctx, glossary, category))(t)
		if _, err := client.Delete(ctx, atlan.DeleteArchive, category.GUID); !errors.Is(err, atlan.ErrInvalidRequest) || f.Log().Count("deleteEntitiesByGuids") != 0 {
			t.Errorf("%v", err)
		}
		if _, err := client.Categories().ByGUID(category.GUID).Archive(ctx); !errors.Is(err, atlan.ErrInvalidRequest) {
			t.Errorf("%v", err)
		}
		for _, guids := range [][]string{{""}, {"-1"}} {
			if _, err := client.Delete(ctx, atlan.DeleteHard, guids...); !errors.Is(err, atlan.ErrInvalidRequest) {
				t.Errorf("%q: %v", guids, err)
			}
		}
		if _, err := client.Delete(ctx, "SOMEHOW", glossary.GUID); !errors.Is(err, atlan.ErrInvalidRequest) {
			t.Errorf("%v", err)
		}
		if _, err := client.Archive(ctx, "00000000-0000-4000-8000-000000000000"); !errors.Is(err, atlan.ErrNotFound) {
			t.Errorf("%v", err)
		}
		if report := must(client.Categories().ByGUID(category.GUID).Delete(ctx, atlan.DeletePurge))(t); !report.Has(category.GUID) {
			t.Errorf("%+v", report)
		}
	})
}

// Many assets are read in few requests; those that are not there are said to be missing.
func TestT1GetMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		_, connection := f.AddConnection("snowflake", "C")
		var guids, names []string
		for i := range 230 {
			name := "DB" + strings.Repeat("é ", i%40) + string(rune('A'+i%26)) + time.Duration(i).String()
			guids = append(guids, addDatabase(f, connection, name))
			names = append(names, connection+"/"+name)
		}
		guids[17], guids[180], names[200] = "00000000-0000-4000-8000-000000000000", "00000000-0000-4000-8000-000000000001", connection+"/none"
		entities, missing, err := client.Entities(ctx, append(guids, guids[3]), atlan.ReadOptions{Minimal: true, WithoutRelationships: true})
		ok(t, err)
		if len(entities) != 228 || entities[0].GUID != guids[0] || !cmp.Equal(missing, []string{guids[17], guids[180]}) {
			t.Errorf("%d, %q", len(entities), missing)
		}
		found, none, err := client.Databases().GetMany(ctx, append(names, names[3]))
		ok(t, err)
		if len(found) != 229 || found[229-1].QualifiedName() != names[229] || !cmp.Equal(none, []string{connection + "/none"}) {
			t.Errorf("%d, %q", len(found), none)
		}
		if n := f.Log().Count("getEntitiesByUniqueAttribute"); n > 10 {
			t.Errorf("%d requests", n)
		}
	})
}

// What was asked for is not what is there, or not there at all.
func TestT1GetErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		_, connection := f.AddConnection("snowflake", "C")
		guid := addDatabase(f, connection, "DB")
		_, err := client.Tables().GetByGUID(ctx, guid)
		var wrong *atlan.WrongTypeError
		if !errors.As(err, &wrong) || wrong.Got != "Database" || wrong.Want != "Table" || wrong.GUID != guid || !errors.Is(err, atlan.ErrLogic) {
			t.Errorf("%v", err)
		}
		if a := must(atlan.Of[atlanassets.Asset](client).GetByGUID(ctx, guid))(t); a.TypeName != "Database" || a.Attributes.Name.Or("") != "DB" {
			t.Errorf("%+v", a)
		}
		_, err = client.Tables().Get(ctx, connection+"/DB/S/none")
		var resource *atlan.ResourceError
		if !errors.Is(err, atlan.ErrNotFound) || !errors.As(err, &resource) || resource.Resource != "Table" || resource.ID != connection+"/DB/S/none" {
			t.Errorf("%v", err)
		}
		requests := f.Log().Count("getEntityByUniqueAttribute")
		for _, read := range []func() error{
			func() error { _, err := client.Tables().Get(ctx, ""); return err },
			func() error { _, err := client.Entity(ctx, " "); return err },
			func() error { _, err := client.Entity(ctx, "-1"); return err },
			func() error { _, err := client.EntityByQualifiedName(ctx, "", "x"); return err },
			func() error { _, _, err := client.Entities(ctx, []string{""}); return err },
			func() error { _, err := client.Entity(ctx, guid, atlan.ReadOptions{}, atlan.ReadOptions{}); return err },
		} {
			if err := read(); !errors.Is(err, atlan.ErrInvalidRequest) || f.Log().Count("getEntityByUniqueAttribute") != requests {
				t.Errorf("%v", err)
			}
		}
		// A name that the server does not take in a URL is looked up by the index.
		long := strings.Repeat("x", 5000)
		addDatabase(f, connection, long)
		if a := must(client.Databases().Get(ctx, connection+"/"+long))(t); a.Name() != long {
			t.Errorf("%q", a.Name())
		}
		if _, err := client.Databases().Get(ctx, connection+"/"+long+"x"); !errors.Is(err, atlan.ErrNotFound) {
			t.Errorf("%v", err)
		}
	})
}

// Certificates, announcements, owners, descriptions, terms: written, not written twice, taken away.
func TestT6Edits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		_, connection := f.AddConnection("snowflake", "C")
		guid := addDatabase(f, connection, "DB")
		name := connection + "/DB"
		glossary := must(atlan.NewGlossary("Metrics"))(t)
		revenue, cost := must(atlan.NewTerm("Revenue", glossary.Ref()))(t), must(atlan.NewTerm("Cost", glossary.Ref()))(t)
		must(client.Save(ctx, glossary, revenue, cost))(t)
		pass(time.Minute) // until the index has them
		terms := must(client.TermRefs(ctx, "Metrics", "Revenue", "Cost"))(t)
		if len(terms) != 2 || terms[0].GUID != revenue.GUID || terms[1].GUID != cost.GUID {
			t.Fatalf("%+v", terms)
		}
		for _, missing := range [][2]string{{"Nothing", "Cost"}, {"Metrics", "Profit"}} {
			if _, err := client.TermRefs(ctx, missing[0], missing[1]); !errors.Is(err, atlan.ErrNotFound) {
				t.Errorf("%v: %v", missing, err)
			}
		}
		databases, handle := client.Databases(), client.Databases().ByGUID(guid)
		attribute := func(name string) string {
			e := must(client.Entity(ctx, guid))(t)
			value, _ := e.Attribute(name)
			return string(value)
		}
		linked := func() (names []string) {
			a := must(databases.GetByGUID(ctx, guid))(t)
			refs, _ := a.Attributes.Meanings.Get()
			for _, ref := range refs {
				names = append(names, ref.DisplayText)
			}
			return names
		}
		verified := atlanassets.CertificateStatusVerified
		announcement := atlan.Announcement{Type: atlanassets.AnnouncementTypeWarning, Title: "Late", Message: "by an hour"}
		for i, step := range []struct {
			do        func() (atlan.SaveResult, error)
			changed   bool
			attribute string
			want      string
		}{
			{func() (atlan.SaveResult, error) { return databases.Certify(ctx, name, verified, "by finance") }, true, "certificateStatus", `"VERIFIED"`},
			{func() (atlan.SaveResult, error) { return handle.Certify(ctx, verified, "by finance") }, false, "certificateStatusMessage", `"by finance"`},
			{func() (atlan.SaveResult, error) { return handle.Certify(ctx, verified, "") }, true, "certificateStatusMessage", `null`},
			{func() (atlan.SaveResult, error) { return databases.RemoveCertificate(ctx, name) }, true, "certificateStatus", `null`},
			{func() (atlan.SaveResult, error) { return handle.RemoveCertificate(ctx) }, false, "certificateStatus", `null`},
			{func() (atlan.SaveResult, error) { return databases.Announce(ctx, name, announcement) }, true, "announcementTitle", `"Late"`},
			{func() (atlan.SaveResult, error) { return handle.Announce(ctx, announcement) }, false, "announcementMessage", `"by an hour"`},
			{func() (atlan.SaveResult, error) { return databases.RemoveAnnouncement(ctx, name) }, true, "announcementType", `null`},
			{func() (atlan.SaveResult, error) {
				return databases.SetOwners(ctx, name, atlan.Owners{Users: []string{"ann", "bob"}})
			}, true, "ownerUsers", `["ann","bob"]`},
			{func() (atlan.SaveResult, error) {
				return databases.AddOwners(ctx, name, atlan.Owners{Users: []string{"bob"}})
			}, false, "ownerUsers", `["ann","bob"]`},
			{func() (atlan.SaveResult, error) {
				return handle.AddOwners(ctx, atlan.Owners{Users: []string{"eve"}, Groups: []string{"team"}})
			}, true, "ownerUsers", `["ann","bob","eve"]`},
			{func() (atlan.SaveResult, error) {
				return databases.RemoveOwners(ctx, name, atlan.Owners{Users: []string{"bob", "who"}})
			}, true, "ownerUsers", `["ann","eve"]`},
			{func() (atlan.SaveResult, error) { return databases.Describe(ctx, name, "all of it") }, true, "userDescription", `"all of it"`},
			{func() (atlan.SaveResult, error) { return databases.Describe(ctx, name, "") }, true, "userDescription", `null`},
		} {
			result := must(step.do())(t)
			if (result.Outcome != atlan.Unchanged) != step.changed || result.GUID != guid || attribute(step.attribute) != step.want {
				t.Errorf("step %d: %+v, %s is %s, want %s", i, result, step.attribute, attribute(step.attribute), step.want)
			}
		}
		for i, step := range []struct {
			do   func() (atlan.SaveResult, error)
			want []string
		}{
			{func() (atlan.SaveResult, error) { return databases.AppendTerms(ctx, name, terms[0]) }, []string{"Revenue"}},
			{func() (atlan.SaveResult, error) { return handle.AppendTerms(ctx, terms[1]) }, []string{"Revenue", "Cost"}},
			{func() (atlan.SaveResult, error) { return databases.RemoveTerms(ctx, name, terms[0]) }, []string{"Cost"}},
			{func() (atlan.SaveResult, error) { return databases.ReplaceTerms(ctx, name, terms[0]) }, []string{"Revenue"}},
			{func() (atlan.SaveResult, error) { return databases.ReplaceTerms(ctx, name) }, nil},
		} {
			must(step.do())(t)
			if diff := cmp.Diff(step.want, linked()); diff != "" {
				t.Errorf("step %d: %s", i, diff)
			}
		}
		must(handle.SetReadme(ctx, "<p>100 %</p>"))(t)
		must(handle.SetReadme(ctx, "<p>99 %</p>"))(t)
		readme := must(atlan.Get[atlanassets.Readme](ctx, client, guid+"/readme"))(t)
		if got := atlan.ReadmeText(readme); got != "<p>99 %</p>" || f.CountAssets("Readme") != 1 {
			t.Errorf("%q", got)
		}
		must(handle.AddLink(ctx, "Wiki", "https://wiki.example/1"))(t)
		must(handle.AddLink(ctx, "Wiki", "https://wiki.example/2"))(t)
		if link := must(atlan.Get[atlanassets.Link](ctx, client, name+"/Wiki"))(t); link.Attributes.Link.Or("") != "https://wiki.example/2" {
			t.Errorf("%v", link.Attributes.Link)
		}
		// A term has to be sent with its glossary.
		if result := must(client.Terms().ByGUID(revenue.GUID).Describe(ctx, "what came in"))(t); result.Outcome == atlan.Unchanged {
			t.Errorf("%+v", result)
		}
		for _, refused := range []func() error{
			func() error { _, err := handle.Certify(ctx, "", ""); return err },
			func() error { _, err := handle.Announce(ctx, atlan.Announcement{Title: "x"}); return err },
			func() error { _, err := handle.AppendTerms(ctx, atlanassets.RefByGUID("Table", "x")); return err },
		} {
			if err := refused(); !errors.Is(err, atlan.ErrInvalidRequest) {
				t.Errorf("%v", err)
			}
		}
	})
}
