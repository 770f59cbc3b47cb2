package atlan

import (
	"errors"
	"regexp"
	"testing"
	"testing/synctest"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// What is empty or cannot be is refused, and the error says which argument it is.
func TestT3CreatorsRefuse(t *testing.T) {
	client := &Client{}
	admins := ConnectionAdmins{Users: []string{"ann"}}
	orders := refTo("Table", table)
	for _, test := range []struct {
		field string
		make  func() (Item, error)
	}{
		{"name", func() (Item, error) { return made(NewTable("", schema)) }},
		{"name", func() (Item, error) { return made(NewTable(" \t", schema)) }},
		{"name", func() (Item, error) { return made(NewTable("caf\xe9", schema)) }},
		{"schemaQualifiedName", func() (Item, error) { return made(NewTable("T", conn+"/caf\xe9/S")) }},
		{"schemaQualifiedName", func() (Item, error) { return made(NewTable("T", "")) }},
		{"schemaQualifiedName", func() (Item, error) { return made(NewTable("T", database)) }},
		{"schemaQualifiedName", func() (Item, error) { return made(NewTable("T", table)) }},
		{"schemaQualifiedName", func() (Item, error) { return made(NewTable("T", conn+"//S")) }},
		{"schemaQualifiedName", func() (Item, error) { return made(NewTable("T", "default/Snow Flake/1/DB/S")) }},
		{"schemaQualifiedName", func() (Item, error) { return made(NewView("T", "DB")) }},
		{"schemaQualifiedName", func() (Item, error) { return made(NewMaterialisedView("T", "a/b")) }},
		{"tableQualifiedName", func() (Item, error) { return made(NewTablePartition("P", schema)) }},
		{"connectionQualifiedName", func() (Item, error) { return made(NewDatabase("DB", database)) }},
		{"databaseQualifiedName", func() (Item, error) { return made(NewSchema("S", conn)) }},
		{"definition", func() (Item, error) { return made(NewProcedure("F", schema, "")) }},
		{"parent", func() (Item, error) { return made(NewColumn("C", refTo("Schema", table), 1)) }},
		{"parentQualifiedName", func() (Item, error) { return made(NewColumn("C", refTo("Table", schema), 1)) }},
		{"parentQualifiedName", func() (Item, error) { return made(NewColumn("C", atlanassets.RefByGUID("Table", "g"), 1)) }},
		{"order", func() (Item, error) { return made(NewColumn("C", orders, -1)) }},
		{"bucketName", func() (Item, error) {
			return made(NewS3Object("o", S3ObjectKey{BucketQualifiedName: "default/s3/1/b"}))
		}},
		{"bucketQualifiedName", func() (Item, error) { return made(NewS3Object("o", S3ObjectKey{BucketName: "b"})) }},
		{"bucketQualifiedName", func() (Item, error) { return made(NewGCSObject("o", "default/gcs/1", "")) }},
		{"accountQualifiedName", func() (Item, error) { return made(NewADLSContainer("c", "default/adls/1")) }},
		{"containerQualifiedName", func() (Item, error) { return made(NewADLSObject("o", "default/adls/1/a")) }},
		{"topicQualifiedName", func() (Item, error) { return made(NewKafkaConsumerGroup("g")) }},
		{"topicQualifiedName", func() (Item, error) { return made(NewKafkaConsumerGroup("g", "default/kafka/1/t")) }},
		{"topicQualifiedName", func() (Item, error) {
			return made(NewKafkaConsumerGroup("g", "default/kafka/1/topic/t", "default/kafka/2/topic/t"))
		}},
		{"eventHubQualifiedName", func() (Item, error) { return made(NewAzureEventHubConsumerGroup("g")) }},
		{"airflowDagQualifiedName", func() (Item, error) { return made(NewAirflowTask("t", "default/airflow/1")) }},
		{"rawURI", func() (Item, error) { return made(NewAPIPath("orders", "default/api/1/s")) }},
		{"parent", func() (Item, error) { return made(NewAPIField("f", refTo("APISpec", "default/api/1/s"))) }},
		{"id", func() (Item, error) { return made(NewQuickSightAnalysis("A", "", "default/quicksight/1")) }},
		{"folderQualifiedName", func() (Item, error) {
			return made(NewQuickSightDashboard("A", "x", "default/quicksight/1", "f"))
		}},
		{"sheet.ID", func() (Item, error) {
			return made(NewQuickSightDashboardVisual("V", "x", QuickSightSheet{}, "default/quicksight/1/d"))
		}},
		{"kind", func() (Item, error) { return made(NewDataStudioAsset("R", "x", "", "default/datastudio/1")) }},
		{"kind", func() (Item, error) { return made(NewFile("f", "default/file/1", "")) }},
		{"name", func() (Item, error) { return made(NewGlossary("")) }},
		{"glossary", func() (Item, error) { return made(NewTerm("T", atlanassets.Ref{})) }},
		{"glossary", func() (Item, error) { return made(NewTerm("T", orders)) }},
		{"categories", func() (Item, error) { return made(NewTerm("T", atlanassets.RefByGUID("", "g"), orders)) }},
		{"parent", func() (Item, error) { return made(NewCategory("C", atlanassets.RefByGUID("", "g"), orders)) }},
		{"parent", func() (Item, error) {
			c := atlanassets.RefByGUID("AtlasGlossaryCategory", "c")
			return made(NewCategory("C", atlanassets.RefByGUID("", "g"), c, c))
		}},
		{"parent", func() (Item, error) { return made(NewDataDomain("D", orders)) }},
		{"domain", func() (Item, error) { return made(NewDataProduct("P", orders, map[string]any{})) }},
		{"selection", func() (Item, error) {
			return made(NewDataProduct("P", atlanassets.RefByGUID("DataDomain", "d"), nil))
		}},
		{"selection", func() (Item, error) {
			return made(NewDataProduct("P", atlanassets.RefByGUID("DataDomain", "d"), map[string]any{"term": func() {}}))
		}},
		{"url", func() (Item, error) { return made(NewLink(orders, "Wiki", "")) }},
		{"asset", func() (Item, error) { return made(NewLink(atlanassets.Ref{}, "Wiki", "https://x")) }},
		{"guid", func() (Item, error) { return made(NewReadme(orders, "T", "x")) }},
		{"guid", func() (Item, error) { return made(NewReadme(atlanassets.RefByGUID("Table", "-1"), "T", "x")) }},
		{"conditions", func() (Item, error) { return made(NewBadge("B", "s", "a")) }},
		{"parent", func() (Item, error) { return made(NewFolder("F", orders)) }},
		{"parentQualifiedName", func() (Item, error) { return made(NewFolder("F", atlanassets.RefByGUID("Collection", "g"))) }},
		{"parentQualifiedName", func() (Item, error) { return made(NewFolder("F", refTo("Collection", "default/collection/ann"))) }},
		{"sql", func() (Item, error) {
			return made(NewQuery("Q", refTo("Collection", "default/collection/ann/x"), schema, ""))
		}},
		{"contract", func() (Item, error) { return made(NewDataContract(table, "no JSON")) }},
		{"dataset", func() (Item, error) { return made(NewDataContract(table, "{}")) }},
		{"status", func() (Item, error) { return made(NewAIModel("m", "")) }},
		{"name", func() (Item, error) { return made(NewAIApplication("_-", "1", "x")) }},
		{"inputs", func() (Item, error) {
			return made(NewProcess(ProcessParts{Name: "p", ConnectionQualifiedName: conn, Outputs: []atlanassets.Ref{orders}}))
		}},
		{"outputs", func() (Item, error) {
			return made(NewProcess(ProcessParts{Name: "p", ConnectionQualifiedName: conn, Inputs: []atlanassets.Ref{orders}}))
		}},
		{"inputs", func() (Item, error) {
			return made(NewProcess(ProcessParts{Name: "p", ConnectionQualifiedName: conn, Inputs: []atlanassets.Ref{{GUID: "-1"}}, Outputs: []atlanassets.Ref{orders}}))
		}},
		{"connectionQualifiedName", func() (Item, error) {
			return made(NewProcess(ProcessParts{Name: "p", ConnectionQualifiedName: database, Inputs: []atlanassets.Ref{orders}, Outputs: []atlanassets.Ref{orders}}))
		}},
		{"parent", func() (Item, error) { return made(NewProcess(ProcessParts{Parent: &orders})) }},
		{"parent", func() (Item, error) { return made(NewColumnProcess(ProcessParts{})) }},
		{"parentQualifiedName", func() (Item, error) { return made(NewUnder[atlanassets.Table]("T", "x")) }},
		{"name", func() (Item, error) { return made(client.NewConnection("", "snowflake", admins)) }},
		{"connector", func() (Item, error) { return made(client.NewConnection("C", "Snowflake", admins)) }},
		{"connector", func() (Item, error) { return made(client.NewConnection("C", "snow/flake", admins)) }},
		{"connector", func() (Item, error) { return made(client.NewConnection("C", "", admins)) }},
		{"admins", func() (Item, error) { return made(client.NewConnection("C", "snowflake", ConnectionAdmins{})) }},
		{"adminGroups", func() (Item, error) {
			return made(client.NewConnection("C", "snowflake", ConnectionAdmins{Groups: []string{""}}))
		}},
	} {
		_, err := test.make()
		var e *apierr.Error
		if !errors.As(err, &e) || !errors.Is(err, ErrInvalidRequest) || len(e.Fields) != 1 || e.Fields[0].Field != test.field || e.Attempts != 0 {
			t.Errorf("want an error about %s, got %v", test.field, err)
		}
	}
}

// Connections that are made in the same second have names that differ.
func TestT3ConnectionsOfOneSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &Client{}
		seen := make(chan string, 100)
		for range cap(seen) {
			go func() {
				a, err := client.NewConnection("C", "my-own", ConnectionAdmins{Users: []string{"ann", "ann"}, Roles: []string{"r"}})
				if err != nil {
					t.Error(err)
				}
				users, _ := a.Attributes.AdminUsers.Get()
				if a.Attributes.ConnectorName.Or("") != "my-own" || a.Attributes.Category.Or("") != "custom" || len(users) != 1 || !a.Attributes.AdminGroups.IsZero() {
					t.Errorf("%+v", a.Attributes)
				}
				seen <- a.QualifiedName()
			}()
		}
		names := make(map[string]bool)
		shape := regexp.MustCompile(`^default/my-own/\d+$`)
		for range cap(seen) {
			name := <-seen
			if names[name] || !shape.MatchString(name) {
				t.Errorf("%s, again", name)
			}
			names[name] = true
		}
	})
}

func TestQualifiedNames(t *testing.T) {
	for name, want := range map[string][2]string{
		table:                  {conn, "snowflake"},
		conn:                   {conn, "snowflake"},
		"default/a/1/x/y/z/ä":  {"default/a/1", "a"},
		"":                     {},
		"default/a":            {},
		"default//1":           {},
		"default/A/1":          {},
		"default/a_b/1/DB":     {},
		"default/a/1/":         {},
		"default/a/ /x":        {},
		"default/api/1/s/{id}": {"default/api/1", "api"},
	} {
		connection, err := ConnectionOf(name)
		connector, err2 := ConnectorOf(name)
		if connection != want[0] || connector != want[1] || (err == nil) != (want[0] != "") || (err2 == nil) != (want[1] != "") {
			t.Errorf("%q: %q, %q, %v, %v", name, connection, connector, err, err2)
		}
	}
}

func TestReadmeText(t *testing.T) {
	const text = "<p>100 % é/~%zz</p>\x00"
	a, err := NewReadme(atlanassets.RefByGUID("Table", "t-1"), "T", text)
	if err != nil {
		t.Fatal(err)
	}
	if got := ReadmeText(a); got != text {
		t.Errorf("%q", got)
	}
	if got := percentDecoded("100%, %4, %zz%41"); got != "100%, %4, %zzA" {
		t.Errorf("%q", got)
	}
}
