package tests_test

import (
	"testing"
	"testing/synctest"

	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

func newConnection(t *testing.T, f *atlantest.Fake, client *atlan.Client) (name, guid string) {
	t.Helper()
	connection := must(client.NewConnection("C", "snowflake", atlan.ConnectionAdmins{Users: []string{f.UserName()}}))(t)
	must(client.Save(t.Context(), connection))(t)
	return connection.QualifiedName(), connection.GUID
}

// A new connection, and what the client made in it, can be read and deleted by their guids too while permissions spread.
func TestN3WindowByGUID(t *testing.T) {
	for name, call := range map[string]func(t *testing.T, client *atlan.Client, guid string) error{
		"read": func(t *testing.T, client *atlan.Client, guid string) error {
			_, err := client.Entity(t.Context(), guid)
			return err
		},
		"read many": func(t *testing.T, client *atlan.Client, guid string) error {
			_, _, err := client.Entities(t.Context(), []string{guid})
			return err
		},
		"purge": func(t *testing.T, client *atlan.Client, guid string) error {
			_, err := client.Delete(t.Context(), atlan.DeletePurge, guid)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				client := clientOf(t, f)
				_, guid := newConnection(t, f, client)
				ok(t, call(t, client, guid))
			})
		})
	}
	// A 403 about an asset that the client saved in the connection, known by its guid alone.
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client := clientOf(t, f)
		connection, _ := newConnection(t, f, client)
		database := must(atlan.NewDatabase("DB", connection))(t)
		f.Fault(atlantest.Forbidden("getEntityByGuid").Times(1))
		must(client.Save(t.Context(), database))(t)
		must(client.Entity(t.Context(), database.GUID))(t)
	})
}

// The answer to the save of a new connection is lost. The next try is about a connection that exists and may not be touched
// yet: that is waited out, and so is what follows.
func TestN3LostConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client := clientOf(t, f)
		f.Fault(atlantest.ResetAfterBody("bulkSaveEntities").Times(1))
		name, guid := newConnection(t, f, client)
		if got, found := f.AssetByName("Connection", name); !found || got.GUID != guid {
			t.Errorf("%+v, want %s", got, guid)
		}
		must(client.Save(t.Context(), must(atlan.NewDatabase("DB", name))(t)))(t)
	})
}
