// Command catalog stands for the program of somebody who uses two of Atlan's 485 asset types and no other. It is built
// from outside, as a user's program is, to see what the others cost: see catalog_test.go.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	assets "github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := describe(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// describe looks for tables by name and writes a description of each, and of its first column.
func describe(ctx context.Context, arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("usage: catalog URL TABLE")
	}
	operations, err := transport.ParseOperations(atlanapi.Operations)
	if err != nil {
		return err
	}
	doer, err := transport.New(arguments[0], operations)
	if err != nil {
		return err
	}
	client, err := atlanapi.NewClientWithResponses(arguments[0], atlanapi.WithHTTPClient(doer))
	if err != nil {
		return err
	}

	request, err := json.Marshal(map[string]any{
		"dsl": map[string]any{
			"query": field.All(field.TypeName.Eq(assets.TypeTable), field.Name.Eq(arguments[1]), field.RowCount.GT(0)),
			"sort":  []field.Sort{field.QualifiedName.Asc()},
		},
		"attributes": []string{field.QualifiedName.Attribute(), field.Columns.Attribute()},
	})
	if err != nil {
		return err
	}
	type found struct {
		Entities []struct {
			Attributes assets.Table `json:"attributes"`
		} `json:"entities"`
	}
	answer, err := transport.Decode[found](client.IndexSearchWithBody(ctx, "application/json", bytes.NewReader(request)))
	if err != nil {
		return err
	}
	var changes []any
	for _, entity := range answer.Entities {
		table := assets.Table{}
		table.QualifiedName = entity.Attributes.QualifiedName
		table.UserDescription.Set("Found by name.")
		changes = append(changes, map[string]any{"typeName": assets.TypeTable, "attributes": table})
		columns := entity.Attributes.Columns.Or(nil)
		for _, ref := range columns[:min(1, len(columns))] {
			column := assets.Column{}
			column.QualifiedName.Set(ref.QualifiedName)
			column.UserDescription.Set("The first column.")
			changes = append(changes, map[string]any{"typeName": ref.TypeName, "guid": ref.GUID, "attributes": column})
		}
	}
	body, err := json.Marshal(map[string]any{"entities": changes})
	if err != nil {
		return err
	}
	return transport.Discard(client.BulkSaveEntitiesWithBody(ctx, &atlanapi.BulkSaveEntitiesParams{}, "application/json", bytes.NewReader(body)))
}
