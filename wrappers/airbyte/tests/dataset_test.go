package tests_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/warehouse"
)

// nowhere is a database that must not be asked.
type nowhere struct{ t *testing.T }

func (n nowhere) QueryContext(_ context.Context, query string, _ ...any) (*sql.Rows, error) {
	n.t.Errorf("it was asked: %s", query)
	return nil, errors.New("nowhere")
}

func stream(name, namespace string) airbyteapi.StreamConfiguration {
	s := airbyteapi.StreamConfiguration{Name: name}
	if namespace != "" {
		s.Namespace = &namespace
	}
	return s
}

// Where a stream's table is follows from the connection and the destination, which are read once. That the tables are
// there is tested with real databases, beside the fake's server.
func TestTablesOfConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		destination := fake.AddDestination(airbytetest.Definition(airbytetest.DestinationPostgres),
			airbytetest.Configuration(map[string]any{"host": "db.example.com", "port": 5432, "database": "dwh", "schema": "raw", "username": "u", "password": "hunter2"}))
		conn := fake.AddConnection(airbytetest.To(destination), airbytetest.WithPrefix("crm_"), airbytetest.WithNamespace("custom_format", "x_${SOURCE_NAMESPACE}"),
			airbytetest.Selecting(stream("users", "public"), stream("Order Lines", "public"), stream("events", "a"), stream("events", "b")))
		c := handleOf(t, fake, conn)
		for name, want := range map[string]string{
			"users": "dwh.x_public.crm_users", "public.users": "dwh.x_public.crm_users", "Order Lines": "dwh.x_public.crm_Order_Lines",
			"a.events": "dwh.x_a.crm_events", "b.events": "dwh.x_b.crm_events",
		} {
			if where, err := c.Table(t.Context(), name); err != nil || where.String() != want || len(where.Reasons) == 0 {
				t.Errorf("%s is at %v, %v, want %s", name, where, err, want)
			}
		}
		d, err := c.Warehouse(t.Context())
		if err != nil || d.Kind != warehouse.Postgres || d.Database != "dwh" || d.Schema != "raw" {
			t.Errorf("%+v, %v", d, err)
		}
		datasets, err := c.Datasets(t.Context(), nowhere{t})
		if err != nil || len(datasets) != 4 {
			t.Errorf("%v, %v", datasets, err)
		}
		for name, dataset := range datasets {
			if dataset.Stream() != name {
				t.Errorf("%q is under %q", dataset.Stream(), name)
			}
			if _, err := dataset.Table(t.Context()); err != nil {
				t.Errorf("%q: %v", name, err)
			}
		}
		requests := fake.Requests()
		if requests["getConnection"] != 1 || requests["getDestination"] != 1 || requests["getDestinationDefinition"] != 1 {
			t.Errorf("%v, want one request each", requests)
		}

		// What is not there is an error before any SQL, which names what is.
		for name, says := range map[string]string{"user": "users", "events": "a.events, b.events", "": "users"} {
			for read, call := range map[string]func() error{
				"Table": func() error { _, err := c.Table(t.Context(), name); return err },
				"Count": func() error { _, err := c.Dataset(name, nowhere{t}).Count(t.Context()); return err },
				"Rows": func() error {
					for _, err := range c.SyncResult(1).Dataset(name, nowhere{t}).Rows(t.Context()) {
						return err
					}
					return nil
				},
			} {
				err := call()
				if !errors.Is(err, airbyte.ErrUnknownStream) || !errors.Is(err, apierr.ErrInvalid) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%s of %q: %v", read, name, err)
				}
			}
		}
		if _, err := c.Dataset("users", nil).Count(t.Context()); !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("without a database: %v", err)
		}
		if _, err := c.SyncResult(4711).Dataset("users", nowhere{t}).OfThisSync().Count(t.Context()); !errors.Is(err, apierr.ErrPermissionDenied) {
			t.Errorf("of a sync that does not exist: %v", err)
		}
	})
}

// The connector's version decides the rules; when the server does not tell it, they are the current ones.
func TestTablesWithoutVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.Selecting(stream("Users", "")))
		fake.Fault(airbytetest.Status("getDestinationDefinition", 403, `{"status":403,"type":"x","title":"forbidden"}`))
		if where, err := handleOf(t, fake, conn).Table(t.Context(), "Users"); err != nil || where.Table != "Users" {
			t.Errorf("%v, %v", where, err)
		}
		fake.ClearFaults()
		fake.Fault(airbytetest.Status("getDestinationDefinition", 500, `{"errorId":"1"}`))
		c := handleOf(t, fake, conn)
		if _, err := c.Table(t.Context(), "Users"); !errors.Is(err, apierr.ErrUnavailable) {
			t.Errorf("%v", err)
		}
		fake.ClearFaults() // a failed load is not remembered
		if where, err := c.Table(t.Context(), "Users"); err != nil || where.Table != "Users" {
			t.Errorf("%v, %v", where, err)
		}
	})
}
