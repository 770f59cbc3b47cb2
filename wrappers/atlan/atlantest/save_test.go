package atlantest

import (
	"fmt"
	"testing"
	"time"
)

const connectionJSON = `{"typeName":"Connection","guid":"-1","attributes":{"name":"c","qualifiedName":"default/snowflake/1","connectorName":"snowflake","category":"warehouse","adminUsers":["admin"]}}`

func TestSaveTree(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		a := c.save(connectionJSON)
		guid := a.text("guidAssignments/-1")
		if guid == "" || a.text("mutatedEntities/CREATE/0/guid") != guid {
			t.Fatalf("%s", a.raw)
		}
		c.want(403, "GET", "/api/meta/entity/guid/"+guid, "")
		pass(4 * time.Second)
		got := c.get(guid)
		if got.text("entity/attributes/name") != "c" || got.text("entity/status") != "ACTIVE" {
			t.Fatalf("%s", got.raw)
		}
		a = c.save(`{"typeName":"Database","guid":"-2","attributes":{"name":"d","qualifiedName":"default/snowflake/1/d"}},
			{"typeName":"Schema","guid":"-3","attributes":{"name":"s","qualifiedName":"default/snowflake/1/d/s","database":{"typeName":"Database","guid":"-2"}}},
			{"typeName":"Table","guid":"-4","attributes":{"name":"t","qualifiedName":"default/snowflake/1/d/s/t"},"relationshipAttributes":{"atlanSchema":{"typeName":"Schema","uniqueAttributes":{"qualifiedName":"default/snowflake/1/d/s"}}}}`)
		if a.length("mutatedEntities/CREATE") != 3 {
			t.Fatalf("%s", a.raw)
		}
		table := c.get(a.text("guidAssignments/-4"))
		if table.text("entity/relationshipAttributes/atlanSchema/guid") != a.text("guidAssignments/-3") {
			t.Fatalf("%s", table.raw)
		}
		schema := c.get(a.text("guidAssignments/-3"))
		if schema.text("entity/relationshipAttributes/tables/0/guid") != a.text("guidAssignments/-4") {
			t.Fatalf("%s", schema.raw)
		}
		a = c.save(`{"typeName":"Table","guid":"-9","attributes":{"name":"t","qualifiedName":"default/snowflake/1/d/s/t"}}`)
		if a.at("mutatedEntities") != nil || a.text("guidAssignments/-9") != table.text("entity/guid") {
			t.Fatalf("a save that changes nothing: %s", a.raw)
		}
		a = c.save(`{"typeName":"Table","guid":"-9","attributes":{"name":"t","qualifiedName":"default/snowflake/1/d/s/t","description":"x"}}`)
		if a.length("mutatedEntities/PARTIAL_UPDATE") != 1 || a.length("partialUpdatedEntities") != 1 {
			t.Fatalf("%s", a.raw)
		}
		a = c.want(200, "DELETE", fmt.Sprintf("%s?guid=%s&deleteType=SOFT", bulk, table.text("entity/guid")), "")
		if a.length("mutatedEntities/DELETE") != 1 {
			t.Fatalf("%s", a.raw)
		}
		if got := c.get(table.text("entity/guid")); got.text("entity/status") != "ACTIVE" {
			t.Fatalf("%s", got.raw)
		}
		pass(2 * time.Second)
		if got := c.get(table.text("entity/guid")); got.text("entity/status") != "DELETED" {
			t.Fatalf("%s", got.raw)
		}
		a = c.save(`{"typeName":"Table","guid":"-9","status":"ACTIVE","attributes":{"name":"t","qualifiedName":"default/snowflake/1/d/s/t"}}`)
		if a.length("mutatedEntities/UPDATE") != 1 {
			t.Fatalf("%s", a.raw)
		}
		if got := c.get(table.text("entity/guid")); got.text("entity/status") != "ACTIVE" {
			t.Fatalf("%s", got.raw)
		}
	})
}

func TestWhoAmIAndTypedefs(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		if a := c.want(200, "GET", "/api/service/whoami", ""); a.text("username") != "admin" {
			t.Errorf("%s", a.raw)
		}
		id := f.AddTag("PII")
		a := c.want(200, "GET", "/api/meta/types/typedefs?type=CLASSIFICATION", "")
		if a.text("classificationDefs/0/name") != id || a.text("classificationDefs/0/displayName") != "PII" {
			t.Errorf("%s", a.raw)
		}
		c.want(200, "GET", "/api/meta/types/typedefs/", "")
		c.token = "wrong"
		c.want(401, "GET", "/api/service/whoami", "")
	})
}
