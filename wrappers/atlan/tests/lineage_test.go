package tests_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
)

// chain saves tables that are loaded one from the other, and returns their guids.
func chain(t *testing.T, client *atlan.Client, connection, schema string, n int) []string {
	var items []atlan.Item
	var list []*atlan.Asset[atlanassets.Table]
	for i := range n {
		table := must(atlan.NewTable(fmt.Sprintf("t%02d", i), schema))(t)
		list = append(list, table)
		items = append(items, table)
		if i > 0 {
			items = append(items, must(atlan.NewProcess(atlan.ProcessParts{
				Name: fmt.Sprintf("load %02d", i), ConnectionQualifiedName: connection,
				Inputs: []atlanassets.Ref{list[i-1].Ref()}, Outputs: []atlanassets.Ref{table.Ref()},
			}))(t))
		}
	}
	must(client.Save(t.Context(), items...))(t)
	guids := make([]string, n)
	for i, table := range list {
		guids[i] = table.GUID
	}
	return guids
}

func TestT5Lineage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		schema := schemaIn(f)
		connection := strings.TrimSuffix(schema, "/db/public")
		client := clientOf(t, f)
		guids := chain(t, client, connection, schema, 12)
		names := func(l atlan.Lineage) (list []string) {
			seen := make(map[string]bool)
			for asset, err := range l.All(t.Context()) {
				ok(t, err)
				if seen[asset.GUID] {
					t.Errorf("%s came twice", asset.Name())
				}
				seen[asset.GUID] = true
				if asset.TypeName == "Table" {
					list = append(list, asset.Name())
				}
			}
			return list
		}
		all := []string{"t00", "t01", "t02", "t03", "t04", "t05", "t06", "t07", "t08", "t09", "t10", "t11"}
		for _, size := range []int{1, 2, 3, 5, 7, 100} {
			if got := names(client.Lineage(guids[0]).PageSize(size)); !slices.Equal(got, all[1:]) {
				t.Errorf("downstream by %d: %q", size, got)
			}
			if got := names(client.Lineage(guids[0]).PageSize(size).Neighbours()); !slices.Equal(got, all[1:]) {
				t.Errorf("with neighbours by %d: %q", size, got)
			}
			up := slices.Clone(all[:11])
			slices.Reverse(up)
			if got := names(client.Lineage(guids[11]).Upstream().PageSize(size)); !slices.Equal(got, up) {
				t.Errorf("upstream by %d: %q", size, got)
			}
			if got := names(client.Lineage(guids[3]).Depth(4).PageSize(size)); !slices.Equal(got, all[4:6]) {
				t.Errorf("four steps by %d: %q", size, got)
			}
			filter := atlan.LineageFilter{Any: []atlan.LineageFilter{
				{Attribute: "name", Operator: atlan.OperatorEndsWith, Value: "5"}, {Attribute: "name", Value: "t07"},
			}}
			if got := names(client.Lineage(guids[0]).Where(filter).PageSize(size)); !slices.Equal(got, []string{"t05", "t07"}) {
				t.Errorf("filtered by %d: %q", size, got)
			}
		}
		for asset, err := range client.Lineage(guids[4]).Include(field.Description).Neighbours().Depth(2).All(t.Context()) {
			ok(t, err)
			if asset.TypeName == "Table" && (asset.Depth < 1 || len(asset.Upstream) == 0) {
				t.Errorf("%s: depth %d, upstream %v", asset.Name(), asset.Depth, asset.Upstream)
			}
		}
		for _, err := range client.Lineage("00000000-0000-4000-8000-000000000000").All(t.Context()) {
			if !errors.Is(err, atlan.ErrNotFound) {
				t.Error(err)
			}
		}
	})
}
