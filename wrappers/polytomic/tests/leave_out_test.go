package tests_test

import (
	"testing"
	"testing/synctest"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/polytomic"
)

// What a program leaves out is left to the service, also where the API requires the property: it is null then, not empty.
func TestModeLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client := clientOf(t, f)
		sync, err := client.CreateBulkSync(t.Context(), polytomicapi.CreateBulkSyncRequest{Name: "nightly",
			SourceConnectionID: f.AddConnection().ID, DestinationConnectionID: f.AddConnection().ID,
			DefaultSchedule: polytomicapi.BulkSyncDefaultScheduleRequest{Frequency: polytomicapi.ScheduleFrequencyManual}}, polytomic.WhenSchemasReady())
		if err != nil {
			t.Fatal(err)
		}
		info, err := sync.Info(t.Context())
		if err != nil || info.Mode == nil || *info.Mode == "" {
			t.Errorf("the service chose %v, %v", info.Mode, err)
		}
		err = sync.Update(t.Context(), func(r *polytomicapi.UpdateBulkSyncRequest) error { r.Mode = nil; return nil })
		if err != nil {
			t.Error(err)
		}
	})
}
