// Command catalog records a small warehouse in Atlan and finds its way through it: it creates a connection with a database,
// a schema, two tables and their columns, says that one table is made from the other, tags and describes them, finds them by
// a search, and walks the lineage from the first table to the second. What it made is purged at the end, but for the tag.
//
//	go run ./examples/catalog                                                    # a fake Atlan in this process, no account
//	ATLAN_BASE_URL=https://acme.atlan.com ATLAN_API_KEY=… go run ./examples/catalog -admin jane.doe [-keep]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
)

func main() {
	admin := flag.String("admin", "", "the user name of the new connection's admin")
	keep := flag.Bool("keep", false, "leave in the catalog what was made")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "catalog: unexpected argument %q; the admin is given with -admin\n", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // what was made is purged after an interrupt, too; a second one ends even that
	if err := run(ctx, *admin, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "catalog:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, admin string, keep bool) (err error) {
	client, admin, stop, err := setUp(admin)
	if err != nil {
		return err
	}
	defer stop()

	connection, err := client.NewConnection("catalog example", "postgres", atlan.ConnectionAdmins{Users: []string{admin}})
	if err != nil {
		return err
	}
	if _, err := client.Save(ctx, connection); err != nil {
		return err
	}
	fmt.Println("connection:", connection.QualifiedName())
	if !keep {
		defer func() {
			if left := purge(ctx, client, connection); left != nil {
				err = errors.Join(err, fmt.Errorf("%s was not purged: %w", connection.QualifiedName(), left))
			}
		}()
	}

	w, err := newWarehouse(connection.QualifiedName())
	if err != nil {
		return err
	}
	// In requests of up to 50 assets, containers before what is in them. The permissions of the new connection take a moment
	// to spread; the client waits for them.
	report, err := client.Batch(atlan.BatchOptions{}).Save(ctx, slices.Values(w.assets))
	if err != nil {
		return err
	}
	fmt.Printf("%d assets created in %d requests\n", report.Outcomes[atlan.Created], report.Requests)

	tables := client.Tables()
	if err := describe(ctx, client, w.orders.QualifiedName()); err != nil {
		return err
	}
	if _, err := tables.Certify(ctx, w.revenue.QualifiedName(), atlanassets.CertificateStatusVerified, "checked by finance"); err != nil {
		return err
	}

	// Searches find what was saved after a moment.
	if err := client.WaitSearchable(ctx, w.orders.GUID, w.revenue.GUID); err != nil {
		return err
	}
	found := atlan.SearchFor[atlanassets.Table](client, field.ConnectionQualifiedName.Eq(connection.QualifiedName())).
		Sort(field.Name.Asc()).Include(field.UserDescription, field.CertificateStatus, field.ColumnCount)
	for table, err := range found.All(ctx) {
		if err != nil {
			return err
		}
		tags, err := client.Tags().Of(ctx, table)
		if err != nil {
			return err
		}
		fmt.Printf("table %-14s %-9s %s", table.Name(), table.Attributes.CertificateStatus.Or("draft"), table.Attributes.UserDescription.Or("-"))
		for _, tag := range tags {
			fmt.Printf(" #%s", tag.Name)
		}
		fmt.Println()
	}

	fmt.Println("from", w.orders.Name())
	for asset, err := range client.Lineage(w.orders.GUID).Downstream().All(ctx) {
		if err != nil {
			return err
		}
		fmt.Printf("  %d  %s %s\n", asset.Depth, asset.TypeName, asset.Name())
	}
	return nil
}

// tag is the name of the tag that the example puts on a table. It makes one when the tenant has none of the name.
const tag = "Catalog example"

// describe writes a description and a tag on a table, by the names that people see.
func describe(ctx context.Context, client *atlan.Client, qualifiedName string) error {
	if _, err := client.Tables().Describe(ctx, qualifiedName, "One row an order, as the shop wrote it"); err != nil {
		return err
	}
	_, err := client.Tags().Get(ctx, tag)
	if errors.Is(err, atlan.ErrNotFound) {
		_, err = client.Tags().Create(ctx, atlan.TagDefinition{Name: tag, Description: "Made by Sluice's example"})
	}
	if err != nil {
		return err
	}
	_, err = client.Tables().Tag(ctx, qualifiedName, atlan.Tag{Name: tag})
	return err
}

// purge removes a connection and everything in it, also after an interrupt.
func purge(ctx context.Context, client *atlan.Client, connection *atlan.Asset[atlanassets.Connection]) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	guids := []string{connection.GUID}
	within := client.Search(field.ConnectionQualifiedName.Eq(connection.QualifiedName())).WithStatus()
	for asset, err := range within.All(ctx) {
		if err != nil {
			return err
		}
		guids = append(guids, asset.GUID)
	}
	slices.Reverse(guids) // the connection last
	report, err := client.Delete(ctx, atlan.DeletePurge, guids...)
	if err != nil {
		return err
	}
	fmt.Println("purged:", len(report.Assets))
	return nil
}
