// Command catalog stands for the program of somebody who uses two of Atlan's 485 asset types and no other. It is built
// from outside, as a user's program is, to see what the others cost: see catalog_test.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	assets "github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := describe(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// describe writes a description of a table, and adds a column to it.
func describe(ctx context.Context, arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("usage: catalog TABLE COLUMN")
	}
	client, err := atlan.FromEnv()
	if err != nil {
		return err
	}
	table, err := client.Tables().Get(ctx, arguments[0])
	if err != nil {
		return err
	}
	columns := table.Attributes.Columns.Or(nil)
	column, err := atlan.NewColumn(arguments[1], table.Ref(), len(columns)+1)
	if err != nil {
		return err
	}
	column.Attributes.DataType.Set("string")
	table.Attributes.UserDescription.Set("Looked at.")
	table.Attributes.CertificateStatus.Set(assets.CertificateStatusDraft)
	report, err := client.Save(ctx, table, column)
	if err != nil {
		return err
	}
	for _, result := range report.Items {
		fmt.Println(result.Outcome, result.TypeName, result.QualifiedName)
	}
	return nil
}
