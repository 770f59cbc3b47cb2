package atlan

import "testing"

// BenchmarkCachedName is what a name costs that the cache has, from many goroutines.
func BenchmarkCachedName(b *testing.B) {
	client, err := New(WithBaseURL("https://acme.atlan.com"), WithAPIKey("the-api-key-1"), WithRoundTripper(newMetastore()))
	if err != nil {
		b.Fatal(err)
	}
	tags, ctx := client.Tags(), b.Context()
	if err := tags.Warm(ctx); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := tags.ID(ctx, "PII"); err != nil {
				b.Error(err)
			}
		}
	})
}
