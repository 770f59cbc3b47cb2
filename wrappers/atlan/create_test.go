package atlan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
)

const (
	conn     = "default/snowflake/1700000000"
	database = conn + "/DB"
	schema   = database + "/S"
	table    = schema + "/T"
)

// made turns what a creator returns into an item.
func made[T atlanassets.Type](a *Asset[T], err error) (Item, error) {
	if err != nil {
		return nil, err
	}
	return a, nil
}

func refTo(typeName, qualifiedName string) atlanassets.Ref {
	return atlanassets.RefByQualifiedName(typeName, qualifiedName)
}

// Every rule of a qualifiedName, and all that follows from it: what a save of the new asset sends.
func TestT3Creators(t *testing.T) {

	glossary := atlanassets.RefByGUID("", "g1")
	process := ProcessParts{Name: "load", ConnectionQualifiedName: conn, ID: "job-1",
		Inputs: []atlanassets.Ref{refTo("Table", table)}, Outputs: []atlanassets.Ref{refTo("View", schema+"/V")}}
	columns := process
	columns.Parent = &atlanassets.Ref{TypeName: "Process", QualifiedName: conn + "/job-1"}
	for _, test := range []struct {
		make func() (Item, error)
		want string
	}{
		{func() (Item, error) { return made(NewDatabase("DB", conn)) },
			`{"typeName":"Database","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","name":"DB","qualifiedName":"default/snowflake/1700000000/DB"}}`},
		{func() (Item, error) { return made(NewSchema("S", database)) },
			`{"typeName":"Schema","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","databaseName":"DB","databaseQualifiedName":"default/snowflake/1700000000/DB","name":"S","qualifiedName":"default/snowflake/1700000000/DB/S"},"relationshipAttributes":{"database":{"typeName":"Database","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB"}}}}`},
		{func() (Item, error) { return made(NewTable("T", schema)) },
			`{"typeName":"Table","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","databaseName":"DB","databaseQualifiedName":"default/snowflake/1700000000/DB","name":"T","qualifiedName":"default/snowflake/1700000000/DB/S/T","schemaName":"S","schemaQualifiedName":"default/snowflake/1700000000/DB/S"},"relationshipAttributes":{"atlanSchema":{"typeName":"Schema","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S"}}}}`},
		{func() (Item, error) { return made(NewView("V", schema)) },
			`{"typeName":"View","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","databaseName":"DB","databaseQualifiedName":"default/snowflake/1700000000/DB","name":"V","qualifiedName":"default/snowflake/1700000000/DB/S/V","schemaName":"S","schemaQualifiedName":"default/snowflake/1700000000/DB/S"},"relationshipAttributes":{"atlanSchema":{"typeName":"Schema","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S"}}}}`},
		{func() (Item, error) { return made(NewMaterialisedView("M", schema)) },
			`{"typeName":"MaterialisedView","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","databaseName":"DB","databaseQualifiedName":"default/snowflake/1700000000/DB","name":"M","qualifiedName":"default/snowflake/1700000000/DB/S/M","schemaName":"S","schemaQualifiedName":"default/snowflake/1700000000/DB/S"},"relationshipAttributes":{"atlanSchema":{"typeName":"Schema","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S"}}}}`},
		{func() (Item, error) { return made(NewTablePartition("P", table)) },
			`{"typeName":"TablePartition","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","databaseName":"DB","databaseQualifiedName":"default/snowflake/1700000000/DB","name":"P","qualifiedName":"default/snowflake/1700000000/DB/S/P","schemaName":"S","schemaQualifiedName":"default/snowflake/1700000000/DB/S","tableName":"T","tableQualifiedName":"default/snowflake/1700000000/DB/S/T"},"relationshipAttributes":{"parentTable":{"typeName":"Table","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S/T"}}}}`},
		{func() (Item, error) { return made(NewProcedure("F", schema, "BEGIN END")) },
			`{"typeName":"Procedure","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","databaseName":"DB","databaseQualifiedName":"default/snowflake/1700000000/DB","definition":"BEGIN END","name":"F","qualifiedName":"default/snowflake/1700000000/DB/S/_procedures_/F","schemaName":"S","schemaQualifiedName":"default/snowflake/1700000000/DB/S"},"relationshipAttributes":{"atlanSchema":{"typeName":"Schema","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S"}}}}`},
		{func() (Item, error) { return made(NewColumn("C", refTo("Table", table), 1)) },
			`{"typeName":"Column","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","databaseName":"DB","databaseQualifiedName":"default/snowflake/1700000000/DB","name":"C","order":1,"qualifiedName":"default/snowflake/1700000000/DB/S/T/C","schemaName":"S","schemaQualifiedName":"default/snowflake/1700000000/DB/S","tableName":"T","tableQualifiedName":"default/snowflake/1700000000/DB/S/T"},"relationshipAttributes":{"table":{"typeName":"Table","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S/T"}}}}`},
		{func() (Item, error) { return made(NewColumn("C", refTo("SnowflakeDynamicTable", table), 1)) },
			`{"typeName":"Column","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","databaseName":"DB","databaseQualifiedName":"default/snowflake/1700000000/DB","name":"C","order":1,"qualifiedName":"default/snowflake/1700000000/DB/S/T/C","schemaName":"S","schemaQualifiedName":"default/snowflake/1700000000/DB/S","tableName":"T","tableQualifiedName":"default/snowflake/1700000000/DB/S/T"},"relationshipAttributes":{"snowflakeDynamicTable":{"typeName":"SnowflakeDynamicTable","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S/T"}}}}`},
		{func() (Item, error) { return made(NewColumn("C", refTo("TablePartition", table), 1)) },
			`{"typeName":"Column","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","databaseName":"DB","databaseQualifiedName":"default/snowflake/1700000000/DB","name":"C","order":1,"qualifiedName":"default/snowflake/1700000000/DB/S/T/C","schemaName":"S","schemaQualifiedName":"default/snowflake/1700000000/DB/S","tableName":"T","tableQualifiedName":"default/snowflake/1700000000/DB/S/T"},"relationshipAttributes":{"tablePartition":{"typeName":"TablePartition","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S/T"}}}}`},
		{func() (Item, error) { return made(NewColumn("C", refTo("View", table), 0)) },
			`{"typeName":"Column","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","databaseName":"DB","databaseQualifiedName":"default/snowflake/1700000000/DB","name":"C","order":0,"qualifiedName":"default/snowflake/1700000000/DB/S/T/C","schemaName":"S","schemaQualifiedName":"default/snowflake/1700000000/DB/S","viewName":"T","viewQualifiedName":"default/snowflake/1700000000/DB/S/T"},"relationshipAttributes":{"view":{"typeName":"View","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S/T"}}}}`},
		{func() (Item, error) { return made(NewColumn("C", refTo("MaterialisedView", table), 2)) },
			`{"typeName":"Column","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","databaseName":"DB","databaseQualifiedName":"default/snowflake/1700000000/DB","name":"C","order":2,"qualifiedName":"default/snowflake/1700000000/DB/S/T/C","schemaName":"S","schemaQualifiedName":"default/snowflake/1700000000/DB/S","viewName":"T","viewQualifiedName":"default/snowflake/1700000000/DB/S/T"},"relationshipAttributes":{"materialisedView":{"typeName":"MaterialisedView","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S/T"}}}}`},
		{func() (Item, error) { return made(NewColumn("C", refTo("CalculationView", table), 3)) },
			`{"typeName":"Column","guid":"","attributes":{"calculationViewName":"T","calculationViewQualifiedName":"default/snowflake/1700000000/DB/S/T","connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","databaseName":"DB","databaseQualifiedName":"default/snowflake/1700000000/DB","name":"C","order":3,"qualifiedName":"default/snowflake/1700000000/DB/S/T/C","schemaName":"S","schemaQualifiedName":"default/snowflake/1700000000/DB/S"},"relationshipAttributes":{"calculationView":{"typeName":"CalculationView","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S/T"}}}}`},
		{func() (Item, error) { return made(NewS3Bucket("b", "default/s3/1", "")) },
			`{"typeName":"S3Bucket","guid":"","attributes":{"connectionQualifiedName":"default/s3/1","connectorName":"s3","name":"b","qualifiedName":"default/s3/1/b"}}`},
		{func() (Item, error) { return made(NewS3Bucket("b", "default/s3/1", "arn:aws:s3:::b")) },
			`{"typeName":"S3Bucket","guid":"","attributes":{"awsArn":"arn:aws:s3:::b","connectionQualifiedName":"default/s3/1","connectorName":"s3","name":"b","qualifiedName":"default/s3/1/arn:aws:s3:::b"}}`},
		{func() (Item, error) {
			return made(NewS3Object("o", S3ObjectKey{BucketName: "b", BucketQualifiedName: "default/s3/1/arn:aws:s3:::b", ARN: "arn:aws:s3:::b/o"}))
		},
			`{"typeName":"S3Object","guid":"","attributes":{"awsArn":"arn:aws:s3:::b/o","connectionQualifiedName":"default/s3/1","connectorName":"s3","name":"o","qualifiedName":"default/s3/1/arn:aws:s3:::b/o","s3BucketName":"b","s3BucketQualifiedName":"default/s3/1/arn:aws:s3:::b"},"relationshipAttributes":{"bucket":{"typeName":"S3Bucket","uniqueAttributes":{"qualifiedName":"default/s3/1/arn:aws:s3:::b"}}}}`},
		{func() (Item, error) {
			return made(NewS3Object("o", S3ObjectKey{BucketName: "b", BucketQualifiedName: "default/s3/1/b", Key: "2024/o"}))
		},
			`{"typeName":"S3Object","guid":"","attributes":{"connectionQualifiedName":"default/s3/1","connectorName":"s3","name":"o","qualifiedName":"default/s3/1/b/2024/o","s3BucketName":"b","s3BucketQualifiedName":"default/s3/1/b","s3ObjectKey":"2024/o"},"relationshipAttributes":{"bucket":{"typeName":"S3Bucket","uniqueAttributes":{"qualifiedName":"default/s3/1/b"}}}}`},
		{func() (Item, error) {
			return made(NewS3Object("o", S3ObjectKey{BucketName: "b", BucketQualifiedName: "default/s3/1/b"}))
		},
			`{"typeName":"S3Object","guid":"","attributes":{"connectionQualifiedName":"default/s3/1","connectorName":"s3","name":"o","qualifiedName":"default/s3/1/b/o","s3BucketName":"b","s3BucketQualifiedName":"default/s3/1/b","s3ObjectKey":"o"},"relationshipAttributes":{"bucket":{"typeName":"S3Bucket","uniqueAttributes":{"qualifiedName":"default/s3/1/b"}}}}`},
		{func() (Item, error) { return made(NewGCSBucket("b", "default/gcs/1")) },
			`{"typeName":"GCSBucket","guid":"","attributes":{"connectionQualifiedName":"default/gcs/1","connectorName":"gcs","name":"b","qualifiedName":"default/gcs/1/b"}}`},
		{func() (Item, error) { return made(NewGCSObject("o", "default/gcs/1/b", "")) },
			`{"typeName":"GCSObject","guid":"","attributes":{"connectionQualifiedName":"default/gcs/1","connectorName":"gcs","gcsBucketName":"b","gcsBucketQualifiedName":"default/gcs/1/b","name":"o","qualifiedName":"default/gcs/1/b/o"},"relationshipAttributes":{"gcsBucket":{"typeName":"GCSBucket","uniqueAttributes":{"qualifiedName":"default/gcs/1/b"}}}}`},
		{func() (Item, error) { return made(NewGCSObject("o", "default/gcs/1/b", "2024/o")) },
			`{"typeName":"GCSObject","guid":"","attributes":{"connectionQualifiedName":"default/gcs/1","connectorName":"gcs","gcsBucketName":"b","gcsBucketQualifiedName":"default/gcs/1/b","gcsObjectKey":"2024/o","name":"o","qualifiedName":"default/gcs/1/b/2024/o"},"relationshipAttributes":{"gcsBucket":{"typeName":"GCSBucket","uniqueAttributes":{"qualifiedName":"default/gcs/1/b"}}}}`},
		{func() (Item, error) { return made(NewADLSAccount("a", "default/adls/1")) },
			`{"typeName":"ADLSAccount","guid":"","attributes":{"connectionQualifiedName":"default/adls/1","connectorName":"adls","name":"a","qualifiedName":"default/adls/1/a"}}`},
		{func() (Item, error) { return made(NewADLSContainer("c", "default/adls/1/a")) },
			`{"typeName":"ADLSContainer","guid":"","attributes":{"adlsAccountName":"a","adlsAccountQualifiedName":"default/adls/1/a","connectionQualifiedName":"default/adls/1","connectorName":"adls","name":"c","qualifiedName":"default/adls/1/a/c"},"relationshipAttributes":{"adlsAccount":{"typeName":"ADLSAccount","uniqueAttributes":{"qualifiedName":"default/adls/1/a"}}}}`},
		{func() (Item, error) { return made(NewADLSObject("o", "default/adls/1/a/c")) },
			`{"typeName":"ADLSObject","guid":"","attributes":{"adlsAccountName":"a","adlsAccountQualifiedName":"default/adls/1/a","adlsContainerName":"c","adlsContainerQualifiedName":"default/adls/1/a/c","connectionQualifiedName":"default/adls/1","connectorName":"adls","name":"o","qualifiedName":"default/adls/1/a/c/o"},"relationshipAttributes":{"adlsContainer":{"typeName":"ADLSContainer","uniqueAttributes":{"qualifiedName":"default/adls/1/a/c"}}}}`},
		{func() (Item, error) { return made(NewKafkaTopic("t", "default/kafka/1")) },
			`{"typeName":"KafkaTopic","guid":"","attributes":{"connectionQualifiedName":"default/kafka/1","connectorName":"kafka","name":"t","qualifiedName":"default/kafka/1/topic/t"}}`},
		{func() (Item, error) {
			return made(NewKafkaConsumerGroup("g", "default/kafka/1/topic/t", "default/kafka/1/topic/u", "default/kafka/1/topic/t"))
		},
			`{"typeName":"KafkaConsumerGroup","guid":"","attributes":{"connectionQualifiedName":"default/kafka/1","connectorName":"kafka","kafkaTopicQualifiedNames":["default/kafka/1/topic/t","default/kafka/1/topic/u"],"name":"g","qualifiedName":"default/kafka/1/consumer-group/g"},"relationshipAttributes":{"kafkaTopics":[{"typeName":"KafkaTopic","uniqueAttributes":{"qualifiedName":"default/kafka/1/topic/t"}},{"typeName":"KafkaTopic","uniqueAttributes":{"qualifiedName":"default/kafka/1/topic/u"}}]}}`},
		{func() (Item, error) { return made(NewAzureEventHub("h", "default/azure-event-hub/1")) },
			`{"typeName":"AzureEventHub","guid":"","attributes":{"connectionQualifiedName":"default/azure-event-hub/1","connectorName":"azure-event-hub","name":"h","qualifiedName":"default/azure-event-hub/1/topic/h"}}`},
		{func() (Item, error) {
			return made(NewAzureEventHubConsumerGroup("g", "default/azure-event-hub/1/topic/h", "default/azure-event-hub/1/topic/i"))
		},
			`{"typeName":"AzureEventHubConsumerGroup","guid":"","attributes":{"connectionQualifiedName":"default/azure-event-hub/1","connectorName":"azure-event-hub","kafkaTopicQualifiedNames":["default/azure-event-hub/1/topic/h","default/azure-event-hub/1/topic/i"],"name":"g","qualifiedName":"default/azure-event-hub/1/consumer-group/h/g"},"relationshipAttributes":{"kafkaTopics":[{"typeName":"AzureEventHub","uniqueAttributes":{"qualifiedName":"default/azure-event-hub/1/topic/h"}},{"typeName":"AzureEventHub","uniqueAttributes":{"qualifiedName":"default/azure-event-hub/1/topic/i"}}]}}`},
		{func() (Item, error) { return made(NewAirflowDag("d", "default/airflow/1")) },
			`{"typeName":"AirflowDag","guid":"","attributes":{"connectionQualifiedName":"default/airflow/1","connectorName":"airflow","name":"d","qualifiedName":"default/airflow/1/d"}}`},
		{func() (Item, error) { return made(NewAirflowTask("t", "default/airflow/1/d")) },
			`{"typeName":"AirflowTask","guid":"","attributes":{"airflowDagName":"d","airflowDagQualifiedName":"default/airflow/1/d","connectionQualifiedName":"default/airflow/1","connectorName":"airflow","name":"t","qualifiedName":"default/airflow/1/d/t"},"relationshipAttributes":{"airflowDag":{"typeName":"AirflowDag","uniqueAttributes":{"qualifiedName":"default/airflow/1/d"}}}}`},
		{func() (Item, error) { return made(NewAPISpec("s", "default/api/1")) },
			`{"typeName":"APISpec","guid":"","attributes":{"connectionQualifiedName":"default/api/1","connectorName":"api","name":"s","qualifiedName":"default/api/1/s"}}`},
		{func() (Item, error) { return made(NewAPIPath("/orders/{id}", "default/api/1/s")) },
			`{"typeName":"APIPath","guid":"","attributes":{"apiPathRawURI":"/orders/{id}","apiSpecQualifiedName":"default/api/1/s","connectionQualifiedName":"default/api/1","connectorName":"api","name":"/orders/{id}","qualifiedName":"default/api/1/s/orders/{id}"},"relationshipAttributes":{"apiSpec":{"typeName":"APISpec","uniqueAttributes":{"qualifiedName":"default/api/1/s"}}}}`},
		{func() (Item, error) { return made(NewAPIObject("o", "default/api/1")) },
			`{"typeName":"APIObject","guid":"","attributes":{"connectionQualifiedName":"default/api/1","connectorName":"api","name":"o","qualifiedName":"default/api/1/o"}}`},
		{func() (Item, error) { return made(NewAPIQuery("q", "default/api/1")) },
			`{"typeName":"APIQuery","guid":"","attributes":{"connectionQualifiedName":"default/api/1","connectorName":"api","name":"q","qualifiedName":"default/api/1/q"}}`},
		{func() (Item, error) { return made(NewAPIField("f", refTo("APIObject", "default/api/1/o"))) },
			`{"typeName":"APIField","guid":"","attributes":{"connectionQualifiedName":"default/api/1","connectorName":"api","name":"f","qualifiedName":"default/api/1/o/f"},"relationshipAttributes":{"apiObject":{"typeName":"APIObject","uniqueAttributes":{"qualifiedName":"default/api/1/o"}}}}`},
		{func() (Item, error) { return made(NewAPIField("f", refTo("APIQuery", "default/api/1/q"))) },
			`{"typeName":"APIField","guid":"","attributes":{"connectionQualifiedName":"default/api/1","connectorName":"api","name":"f","qualifiedName":"default/api/1/q/f"},"relationshipAttributes":{"apiQuery":{"typeName":"APIQuery","uniqueAttributes":{"qualifiedName":"default/api/1/q"}}}}`},
		{func() (Item, error) { return made(NewApplication("a", "default/app/1")) },
			`{"typeName":"Application","guid":"","attributes":{"connectionQualifiedName":"default/app/1","connectorName":"app","name":"a","qualifiedName":"default/app/1/a"}}`},
		{func() (Item, error) { return made(NewApplicationField("f", "default/app/1/a")) },
			`{"typeName":"ApplicationField","guid":"","attributes":{"applicationParentQualifiedName":"default/app/1/a","connectionQualifiedName":"default/app/1","connectorName":"app","name":"f","qualifiedName":"default/app/1/a/f"},"relationshipAttributes":{"applicationParent":{"typeName":"Application","uniqueAttributes":{"qualifiedName":"default/app/1/a"}}}}`},
		{func() (Item, error) { return made(NewCustomEntity("e", "default/custom/1")) },
			`{"typeName":"CustomEntity","guid":"","attributes":{"connectionQualifiedName":"default/custom/1","connectorName":"custom","name":"e","qualifiedName":"default/custom/1/e"}}`},
		{func() (Item, error) { return made(NewDataverseEntity("e", "default/dataverse/1")) },
			`{"typeName":"DataverseEntity","guid":"","attributes":{"connectionQualifiedName":"default/dataverse/1","connectorName":"dataverse","name":"e","qualifiedName":"default/dataverse/1/e"}}`},
		{func() (Item, error) { return made(NewDataverseAttribute("a", "default/dataverse/1/e")) },
			`{"typeName":"DataverseAttribute","guid":"","attributes":{"connectionQualifiedName":"default/dataverse/1","connectorName":"dataverse","dataverseEntityQualifiedName":"default/dataverse/1/e","name":"a","qualifiedName":"default/dataverse/1/e/a"},"relationshipAttributes":{"dataverseEntity":{"typeName":"DataverseEntity","uniqueAttributes":{"qualifiedName":"default/dataverse/1/e"}}}}`},
		{func() (Item, error) { return made(NewSupersetDashboard("d", "default/superset/1")) },
			`{"typeName":"SupersetDashboard","guid":"","attributes":{"connectionQualifiedName":"default/superset/1","connectorName":"superset","name":"d","qualifiedName":"default/superset/1/d"}}`},
		{func() (Item, error) { return made(NewSupersetChart("c", "default/superset/1/d")) },
			`{"typeName":"SupersetChart","guid":"","attributes":{"connectionQualifiedName":"default/superset/1","connectorName":"superset","name":"c","qualifiedName":"default/superset/1/d/c","supersetDashboardQualifiedName":"default/superset/1/d"},"relationshipAttributes":{"supersetDashboard":{"typeName":"SupersetDashboard","uniqueAttributes":{"qualifiedName":"default/superset/1/d"}}}}`},
		{func() (Item, error) { return made(NewSupersetDataset("s", "default/superset/1/d")) },
			`{"typeName":"SupersetDataset","guid":"","attributes":{"connectionQualifiedName":"default/superset/1","connectorName":"superset","name":"s","qualifiedName":"default/superset/1/d/s","supersetDashboardQualifiedName":"default/superset/1/d"},"relationshipAttributes":{"supersetDashboard":{"typeName":"SupersetDashboard","uniqueAttributes":{"qualifiedName":"default/superset/1/d"}}}}`},
		{func() (Item, error) { return made(NewPresetWorkspace("w", "default/preset/1")) },
			`{"typeName":"PresetWorkspace","guid":"","attributes":{"connectionQualifiedName":"default/preset/1","connectorName":"preset","name":"w","qualifiedName":"default/preset/1/w"}}`},
		{func() (Item, error) { return made(NewPresetDashboard("d", "default/preset/1/w")) },
			`{"typeName":"PresetDashboard","guid":"","attributes":{"connectionQualifiedName":"default/preset/1","connectorName":"preset","name":"d","presetWorkspaceQualifiedName":"default/preset/1/w","qualifiedName":"default/preset/1/w/d"},"relationshipAttributes":{"presetWorkspace":{"typeName":"PresetWorkspace","uniqueAttributes":{"qualifiedName":"default/preset/1/w"}}}}`},
		{func() (Item, error) { return made(NewPresetChart("c", "default/preset/1/w/d")) },
			`{"typeName":"PresetChart","guid":"","attributes":{"connectionQualifiedName":"default/preset/1","connectorName":"preset","name":"c","presetDashboardQualifiedName":"default/preset/1/w/d","presetWorkspaceQualifiedName":"default/preset/1/w","qualifiedName":"default/preset/1/w/d/c"},"relationshipAttributes":{"presetDashboard":{"typeName":"PresetDashboard","uniqueAttributes":{"qualifiedName":"default/preset/1/w/d"}}}}`},
		{func() (Item, error) { return made(NewPresetDataset("s", "default/preset/1/w/d")) },
			`{"typeName":"PresetDataset","guid":"","attributes":{"connectionQualifiedName":"default/preset/1","connectorName":"preset","name":"s","presetDashboardQualifiedName":"default/preset/1/w/d","presetWorkspaceQualifiedName":"default/preset/1/w","qualifiedName":"default/preset/1/w/d/s"},"relationshipAttributes":{"presetDashboard":{"typeName":"PresetDashboard","uniqueAttributes":{"qualifiedName":"default/preset/1/w/d"}}}}`},
		{func() (Item, error) { return made(NewQuickSightAnalysis("A", "id1", "default/quicksight/1")) },
			`{"typeName":"QuickSightAnalysis","guid":"","attributes":{"connectionQualifiedName":"default/quicksight/1","connectorName":"quicksight","name":"A","qualifiedName":"default/quicksight/1/id1","quickSightId":"id1"}}`},
		{func() (Item, error) {
			return made(NewQuickSightDashboard("D", "id2", "default/quicksight/1", "default/quicksight/1/f1"))
		},
			`{"typeName":"QuickSightDashboard","guid":"","attributes":{"connectionQualifiedName":"default/quicksight/1","connectorName":"quicksight","name":"D","qualifiedName":"default/quicksight/1/id2","quickSightId":"id2"},"relationshipAttributes":{"quickSightDashboardFolders":[{"typeName":"QuickSightFolder","uniqueAttributes":{"qualifiedName":"default/quicksight/1/f1"}}]}}`},
		{func() (Item, error) { return made(NewQuickSightDataset("S", "id3", "default/quicksight/1")) },
			`{"typeName":"QuickSightDataset","guid":"","attributes":{"connectionQualifiedName":"default/quicksight/1","connectorName":"quicksight","name":"S","qualifiedName":"default/quicksight/1/id3","quickSightId":"id3"}}`},
		{func() (Item, error) { return made(NewQuickSightFolder("F", "f1", "default/quicksight/1")) },
			`{"typeName":"QuickSightFolder","guid":"","attributes":{"connectionQualifiedName":"default/quicksight/1","connectorName":"quicksight","name":"F","qualifiedName":"default/quicksight/1/f1","quickSightId":"f1"}}`},
		{func() (Item, error) { return made(NewQuickSightDatasetField("C", "id4", "default/quicksight/1/id3")) },
			`{"typeName":"QuickSightDatasetField","guid":"","attributes":{"connectionQualifiedName":"default/quicksight/1","connectorName":"quicksight","name":"C","qualifiedName":"default/quicksight/1/id3/id4","quickSightDatasetQualifiedName":"default/quicksight/1/id3","quickSightId":"id4"},"relationshipAttributes":{"quickSightDataset":{"typeName":"QuickSightDataset","uniqueAttributes":{"qualifiedName":"default/quicksight/1/id3"}}}}`},
		{func() (Item, error) {
			return made(NewQuickSightAnalysisVisual("V", "id5", QuickSightSheet{ID: "s1", Name: "Sheet"}, "default/quicksight/1/id1"))
		},
			`{"typeName":"QuickSightAnalysisVisual","guid":"","attributes":{"connectionQualifiedName":"default/quicksight/1","connectorName":"quicksight","name":"V","qualifiedName":"default/quicksight/1/id1/s1/id5","quickSightAnalysisQualifiedName":"default/quicksight/1/id1","quickSightId":"id5","quickSightSheetId":"s1","quickSightSheetName":"Sheet"},"relationshipAttributes":{"quickSightAnalysis":{"typeName":"QuickSightAnalysis","uniqueAttributes":{"qualifiedName":"default/quicksight/1/id1"}}}}`},
		{func() (Item, error) {
			return made(NewQuickSightDashboardVisual("V", "id6", QuickSightSheet{ID: "s1", Name: "Sheet"}, "default/quicksight/1/id2"))
		},
			`{"typeName":"QuickSightDashboardVisual","guid":"","attributes":{"connectionQualifiedName":"default/quicksight/1","connectorName":"quicksight","name":"V","qualifiedName":"default/quicksight/1/id2/s1/id6","quickSightDashboardQualifiedName":"default/quicksight/1/id2","quickSightId":"id6","quickSightSheetId":"s1","quickSightSheetName":"Sheet"},"relationshipAttributes":{"quickSightDashboard":{"typeName":"QuickSightDashboard","uniqueAttributes":{"qualifiedName":"default/quicksight/1/id2"}}}}`},
		{func() (Item, error) { return made(NewMetabaseCollection("C", "1", "default/metabase/1")) },
			`{"typeName":"MetabaseCollection","guid":"","attributes":{"connectionQualifiedName":"default/metabase/1","connectorName":"metabase","name":"C","qualifiedName":"default/metabase/1/collections/1"}}`},
		{func() (Item, error) { return made(NewMetabaseDashboard("D", "2", "default/metabase/1")) },
			`{"typeName":"MetabaseDashboard","guid":"","attributes":{"connectionQualifiedName":"default/metabase/1","connectorName":"metabase","name":"D","qualifiedName":"default/metabase/1/dashboards/2"}}`},
		{func() (Item, error) { return made(NewMetabaseQuestion("Q", "3", "default/metabase/1")) },
			`{"typeName":"MetabaseQuestion","guid":"","attributes":{"connectionQualifiedName":"default/metabase/1","connectorName":"metabase","name":"Q","qualifiedName":"default/metabase/1/questions/3"}}`},
		{func() (Item, error) {
			return made(NewDataStudioAsset("R", "id", atlanassets.GoogleDatastudioAssetTypeReport, "default/datastudio/1"))
		},
			`{"typeName":"DataStudioAsset","guid":"","attributes":{"connectionQualifiedName":"default/datastudio/1","connectorName":"datastudio","dataStudioAssetTitle":"R","dataStudioAssetType":"REPORT","name":"R","qualifiedName":"default/datastudio/1/id"}}`},
		{func() (Item, error) { return made(NewGlossary("G")) },
			`{"typeName":"AtlasGlossary","guid":"","attributes":{"name":"G","qualifiedName":""}}`},
		{func() (Item, error) { return made(NewTerm("T", glossary)) },
			`{"typeName":"AtlasGlossaryTerm","guid":"","attributes":{"name":"T","qualifiedName":""},"relationshipAttributes":{"anchor":{"guid":"g1","typeName":"AtlasGlossary"}}}`},
		{func() (Item, error) {
			return made(NewTerm("T", refTo("AtlasGlossary", "nano"), atlanassets.RefByGUID("AtlasGlossaryCategory", "c1")))
		},
			`{"typeName":"AtlasGlossaryTerm","guid":"","attributes":{"name":"T","qualifiedName":""},"relationshipAttributes":{"anchor":{"typeName":"AtlasGlossary","uniqueAttributes":{"qualifiedName":"nano"}},"categories":[{"typeName":"AtlasGlossaryCategory","guid":"c1"}]}}`},
		{func() (Item, error) { return made(NewCategory("C", glossary)) },
			`{"typeName":"AtlasGlossaryCategory","guid":"","attributes":{"name":"C","qualifiedName":""},"relationshipAttributes":{"anchor":{"guid":"g1","typeName":"AtlasGlossary"}}}`},
		{func() (Item, error) {
			return made(NewCategory("C", glossary, atlanassets.RefByGUID("AtlasGlossaryCategory", "c1")))
		},
			`{"typeName":"AtlasGlossaryCategory","guid":"","attributes":{"name":"C","qualifiedName":""},"relationshipAttributes":{"anchor":{"guid":"g1","typeName":"AtlasGlossary"},"parentCategory":{"typeName":"AtlasGlossaryCategory","guid":"c1"}}}`},
		{func() (Item, error) { return made(NewDataDomain("Sales data")) },
			`{"typeName":"DataDomain","guid":"","attributes":{"name":"Sales data","qualifiedName":""}}`},
		{func() (Item, error) { return made(NewDataDomain("Sub", refTo("DataDomain", "default/domain/x/super"))) },
			`{"typeName":"DataDomain","guid":"","attributes":{"name":"Sub","parentDomainQualifiedName":"default/domain/x/super","qualifiedName":""},"relationshipAttributes":{"parentDomain":{"typeName":"DataDomain","uniqueAttributes":{"qualifiedName":"default/domain/x/super"}}}}`},
		{func() (Item, error) {
			return made(NewDataProduct("P", refTo("DataDomain", "default/domain/x/super"), map[string]any{"term": map[string]string{"name": "x"}}))
		},
			`{"typeName":"DataProduct","guid":"","attributes":{"daapStatus":"Active","daapVisibility":"Private","dataProductAssetsDSL":"{\"filterScrubbed\":true,\"query\":{\"attributes\":[\"__traitNames\",\"connectorName\",\"__customAttributes\",\"certificateStatus\",\"tenantId\",\"anchor\",\"parentQualifiedName\",\"Query.parentQualifiedName\",\"AtlasGlossaryTerm.anchor\",\"databaseName\",\"schemaName\",\"parent\",\"connectionQualifiedName\",\"collectionQualifiedName\",\"announcementMessage\",\"announcementTitle\",\"announcementType\",\"announcementUpdatedAt\",\"announcementUpdatedBy\",\"allowQuery\",\"allowQueryPreview\",\"adminGroups\",\"adminRoles\",\"adminUsers\",\"category\",\"credentialStrategy\",\"connectionSSOCredentialGuid\",\"certificateUpdatedAt\",\"certificateUpdatedBy\",\"classifications\",\"connectionId\",\"dataType\",\"defaultDatabaseQualifiedName\",\"defaultSchemaQualifiedName\",\"description\",\"displayName\",\"links\",\"link\",\"meanings\",\"name\",\"ownerGroups\",\"ownerUsers\",\"qualifiedName\",\"typeName\",\"userDescription\",\"displayDescription\",\"subDataType\",\"rowLimit\",\"queryTimeout\",\"previewCredentialStrategy\",\"policyStrategy\",\"policyStrategyForSamplePreview\",\"useObjectStorage\",\"objectStorageUploadThreshold\",\"outputPortDataProducts\"],\"dsl\":{\"from\":0,\"query\":{\"bool\":{\"filter\":{\"bool\":{\"filter\":[{\"term\":{\"name\":\"x\"}}]}}}}},\"includeRelationshipAttributes\":false,\"suppressLogs\":true}}","dataProductAssetsPlaybookFilter":"{\"condition\":\"AND\",\"isGroupLocked\":false,\"rules\":[]}","name":"P","parentDomainQualifiedName":"default/domain/x/super","qualifiedName":""},"relationshipAttributes":{"dataDomain":{"typeName":"DataDomain","uniqueAttributes":{"qualifiedName":"default/domain/x/super"}}}}`},
		{func() (Item, error) { return made(NewLink(refTo("Table", table), "Wiki", "https://wiki.example")) },
			`{"typeName":"Link","guid":"","attributes":{"link":"https://wiki.example","name":"Wiki","qualifiedName":"default/snowflake/1700000000/DB/S/T/Wiki"},"relationshipAttributes":{"asset":{"typeName":"Table","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S/T"}}}}`},
		{func() (Item, error) {
			return made(NewReadme(atlanassets.RefByGUID("Table", "t-1"), "T", "<p>100 % é/~</p>"))
		},
			`{"typeName":"Readme","guid":"","attributes":{"description":"%3Cp%3E100%20%25%20%C3%A9/~%3C/p%3E","name":"T Readme","qualifiedName":"t-1/readme"},"relationshipAttributes":{"asset":{"typeName":"Table","guid":"t-1"}}}`},
		{func() (Item, error) {
			return made(NewBadge("B", "set", "attr", atlanassets.BadgeCondition{BadgeConditionOperator: atlanassets.Set("eq")}))
		},
			`{"typeName":"Badge","guid":"","attributes":{"badgeConditions":[{"badgeConditionOperator":"eq"}],"badgeMetadataAttribute":"set.attr","name":"B","qualifiedName":"badges/global/set.attr"}}`},
		{func() (Item, error) { return made(NewFile("f.pdf", "default/file/1", atlanassets.FileTypePdf)) },
			`{"typeName":"File","guid":"","attributes":{"connectionQualifiedName":"default/file/1","connectorName":"file","fileType":"pdf","name":"f.pdf","qualifiedName":"default/file/1/f.pdf"}}`},
		{func() (Item, error) { return made(NewCollection("C")) },
			`{"typeName":"Collection","guid":"","attributes":{"name":"C","qualifiedName":""}}`},
		{func() (Item, error) { return made(NewFolder("F", refTo("Collection", "default/collection/ann/x"))) },
			`{"typeName":"Folder","guid":"","attributes":{"collectionQualifiedName":"default/collection/ann/x","name":"F","parentQualifiedName":"default/collection/ann/x","qualifiedName":""},"relationshipAttributes":{"parent":{"typeName":"Collection","uniqueAttributes":{"qualifiedName":"default/collection/ann/x"}}}}`},
		{func() (Item, error) { return made(NewFolder("F", refTo("Folder", "default/collection/ann/x/F1"))) },
			`{"typeName":"Folder","guid":"","attributes":{"collectionQualifiedName":"default/collection/ann/x","name":"F","parentQualifiedName":"default/collection/ann/x/F1","qualifiedName":""},"relationshipAttributes":{"parent":{"typeName":"Folder","uniqueAttributes":{"qualifiedName":"default/collection/ann/x/F1"}}}}`},
		{func() (Item, error) {
			return made(NewQuery("Q", refTo("Folder", "default/collection/ann/x/F1"), schema, "SELECT 1"))
		},
			`{"typeName":"Query","guid":"","attributes":{"collectionQualifiedName":"default/collection/ann/x","connectionName":"snowflake","connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","defaultDatabaseQualifiedName":"default/snowflake/1700000000/DB","defaultSchemaQualifiedName":"default/snowflake/1700000000/DB/S","isVisualQuery":false,"name":"Q","parentQualifiedName":"default/collection/ann/x/F1","qualifiedName":"","rawQueryText":"SELECT 1","variablesSchemaBase64":"eyJjdXN0b212YXJpYWJsZXNEYXRlVGltZUZvcm1hdCI6eyJkZWZhdWx0RGF0ZUZvcm1hdCI6IllZWVktTU0tREQiLCJkZWZhdWx0VGltZUZvcm1hdCI6IkhIOm1tIn0sImN1c3RvbVZhcmlhYmxlcyI6W119"},"relationshipAttributes":{"parent":{"typeName":"Folder","uniqueAttributes":{"qualifiedName":"default/collection/ann/x/F1"}}}}`},
		{func() (Item, error) { return made(NewDataContract(table, `{"dataset":"T"}`)) },
			`{"typeName":"DataContract","guid":"","attributes":{"dataContractJson":"{\"dataset\":\"T\"}","name":"Data contract for T","qualifiedName":"default/snowflake/1700000000/DB/S/T/contract"}}`},
		{func() (Item, error) { return made(NewAIModel("My model_one", atlanassets.AIModelStatusActive)) },
			`{"typeName":"AIModel","guid":"","attributes":{"aiModelStatus":"ACTIVE","connectorName":"ai","name":"My model_one","qualifiedName":"default/ai/aiapplication/myModelOne"}}`},
		{func() (Item, error) {
			return made(NewAIApplication("My app", "1.0", atlanassets.AIApplicationDevelopmentStageProduction))
		},
			`{"typeName":"AIApplication","guid":"","attributes":{"aiApplicationDevelopmentStage":"PRODUCTION","aiApplicationVersion":"1.0","connectorName":"ai","name":"My app","qualifiedName":"default/ai/aiapplication/myApp"}}`},
		{func() (Item, error) { return made(NewProcess(process)) },
			`{"typeName":"Process","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","name":"load","qualifiedName":"default/snowflake/1700000000/job-1"},"relationshipAttributes":{"inputs":[{"typeName":"Table","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S/T"}}],"outputs":[{"typeName":"View","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S/V"}}]}}`},
		{func() (Item, error) { return made(NewColumnProcess(columns)) },
			`{"typeName":"ColumnProcess","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","connectorName":"snowflake","name":"load","qualifiedName":"default/snowflake/1700000000/job-1"},"relationshipAttributes":{"inputs":[{"typeName":"Table","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S/T"}}],"outputs":[{"typeName":"View","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/S/V"}}],"process":{"typeName":"Process","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/job-1"}}}}`},
		{func() (Item, error) { return made(NewUnder[atlanassets.TableauSite]("s", "default/tableau/1")) },
			`{"typeName":"TableauSite","guid":"","attributes":{"connectionQualifiedName":"default/tableau/1","connectorName":"tableau","name":"s","qualifiedName":"default/tableau/1/s"}}`},
	} {
		item, err := test.make()
		if err != nil {
			t.Errorf("want %s, got %v", test.want, err)
			continue
		}
		if diff := cmp.Diff(test.want, sentBy(t, item)); diff != "" {
			t.Error(diff)
		}
	}

}
