package airbytetest

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"
)

// fakerSource is the Sample Data source: three streams that need no file. Its configuration is the real connector's
// count (users, 1000 by default) and seed.
type fakerSource struct {
	count int
	seed  uint64
}

const (
	fakerDefaultCount = 1000
	fakerMaximumCount = 10_000_000 // the real connector's limit
	fakerProducts     = 100
)

func newFakerSource(configuration map[string]any) (*fakerSource, error) {
	s := &fakerSource{count: fakerDefaultCount, seed: 1}
	if n, ok := configuration["count"].(float64); ok {
		if n < 1 || n > fakerMaximumCount {
			return nil, fmt.Errorf("%w: count is %v; 1 to %d is allowed", ErrConfiguration, n, fakerMaximumCount)
		}
		s.count = int(n)
	}
	if n, ok := configuration["seed"].(float64); ok && n >= 0 {
		s.seed = uint64(n)
	}
	return s, nil
}

func (s *fakerSource) discover(context.Context) ([]Stream, error) {
	stream := func(name string, fields ...Field) Stream {
		fields = append([]Field{{"id", IntegerField}}, fields...)
		fields = append(fields, Field{"created_at", TimestampWithZoneField}, Field{"updated_at", TimestampWithZoneField})
		return Stream{
			Name: name, Fields: fields, SourceDefinedCursor: []string{"updated_at"}, SourceDefinedPrimaryKey: [][]string{{"id"}},
		}
	}
	return []Stream{
		stream("users",
			Field{"name", StringField}, Field{"email", StringField}, Field{"age", IntegerField}, Field{"country_code", StringField},
			Field{"address", ObjectField}),
		stream("products", Field{"make", StringField}, Field{"model", StringField}, Field{"year", IntegerField}, Field{"price", NumberField}),
		stream("purchases",
			Field{"user_id", IntegerField}, Field{"product_id", IntegerField}, Field{"added_to_cart_at", TimestampWithZoneField},
			Field{"purchased_at", TimestampWithZoneField}, Field{"returned_at", TimestampWithZoneField}),
	}, nil
}

var (
	fakerGiven     = [...]string{"Ada", "Bo", "Chidi", "Dara", "Eun", "Farid", "Gala", "Hana", "Ivo", "Jun", "Kai", "Lena", "Mio", "Noor"}
	fakerFamily    = [...]string{"Abara", "Berg", "Castro", "Diaz", "Egede", "Fischer", "Gupta", "Haddad", "Ito", "Jansen", "Kaya", "Lund"}
	fakerCountries = [...]string{"BR", "CA", "DE", "EG", "FR", "IN", "JP", "KE", "NO", "PT", "US", "VN"}
	fakerMakes     = [...]string{"Aster", "Borealis", "Corvid", "Drift", "Elm"}
	fakerModels    = [...]string{"One", "Two", "Coast", "Ridge", "Spark", "Tern", "Vale"}
	fakerEpoch     = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

func (s *fakerSource) read(ctx context.Context, key StreamKey, fields []Field) iter.Seq2[[]any, error] {
	n := s.count
	if key.Name == "products" {
		n = fakerProducts
	}
	return func(yield func([]any, error) bool) {
		for i := range n {
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			record := s.record(key.Name, i)
			values := make([]any, len(fields))
			for k, field := range fields {
				values[k] = record[field.Name]
			}
			if !yield(values, nil) {
				return
			}
		}
	}
}

// record makes the i-th record of a stream, always the same for a seed.
func (s *fakerSource) record(stream string, i int) map[string]any {
	r := rand.New(rand.NewPCG(s.seed, uint64(i)<<8|uint64(len(stream))))
	at := fakerEpoch.Add(time.Duration(i) * time.Minute)
	record := map[string]any{"id": int64(i + 1), "created_at": at, "updated_at": at.Add(time.Duration(r.IntN(86_400)) * time.Second)}
	switch stream {
	case "users":
		given, family := pick(r, fakerGiven[:]), pick(r, fakerFamily[:])
		record["name"] = given + " " + family
		record["email"] = fmt.Sprintf("%s.%s+%d@example.com", given, family, i+1)
		record["age"] = int64(18 + r.IntN(70))
		record["country_code"] = pick(r, fakerCountries[:])
		record["address"] = json.RawMessage(compactJSON(map[string]any{"city": pick(r, fakerModels[:]) + " City", "street_number": r.IntN(400) + 1}))
	case "products":
		record["make"], record["model"] = pick(r, fakerMakes[:]), pick(r, fakerModels[:])
		record["year"], record["price"] = int64(1990+r.IntN(36)), float64(r.IntN(9_000_000))/100
	case "purchases":
		record["user_id"], record["product_id"] = int64(1+r.IntN(s.count)), int64(1+r.IntN(fakerProducts))
		record["added_to_cart_at"] = at
		if r.IntN(4) > 0 {
			record["purchased_at"] = at.Add(time.Hour)
			if r.IntN(10) == 0 {
				record["returned_at"] = at.Add(48 * time.Hour)
			}
		}
	}
	return record
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }
