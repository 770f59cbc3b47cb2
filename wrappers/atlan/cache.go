package atlan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/lazy"
)

const (
	// defaultCacheTTL is how long a name counts. Ids never change and names rarely do; what this client changes itself it
	// knows at once.
	defaultCacheTTL = 10 * time.Minute
	// absentTTL is how long it counts that there is no such name: less, because people make what is missing.
	absentTTL = 30 * time.Second
	// missPause is how long after a load in vain no other unknown name makes the list be loaded again: a loop over a
	// thousand wrong names loads it once a second and not a thousand times.
	missPause = time.Second
)

// WithCacheTTL sets for how long the caches of a client (tags, custom metadata, enums, roles, groups, users, connections)
// believe what they loaded: 10 minutes by default, 0 for not at all, so that each lookup loads. That a name does not exist
// is believed for at most 30 seconds. What this client itself creates, changes or purges its caches know at once.
func WithCacheTTL(ttl time.Duration) Option {
	return func(s *settings) {
		if ttl < 0 {
			s.fail("WithCacheTTL", "%s is negative", ttl)
		}
		s.cacheTTL = ttl
	}
}

// Cache is what the caches of a client have in common: [Tags], [CustomMetadataSets], [Enums], [Roles], [Groups], [Users]
// and [Connections].
type Cache interface {
	// Warm loads all names, unless they were loaded within [WithCacheTTL].
	Warm(ctx context.Context) error
	// Invalidate forgets what has these names or ids, or, without any, everything, so that the next lookup asks the
	// server.
	Invalidate(names ...string)
}

var (
	_ Cache = Tags{}
	_ Cache = CustomMetadataSets{}
	_ Cache = Enums{}
	_ Cache = Roles{}
	_ Cache = Groups{}
	_ Cache = Users{}
	_ Cache = Connections{}
)

// WarmCaches loads several caches at once, so that no later lookup waits:
//
//	err := client.WarmCaches(ctx, client.Tags(), client.CustomMetadata(), client.Groups())
//
// The error has all that failed.
func (c *Client) WarmCaches(ctx context.Context, caches ...Cache) error {
	errs := make([]error, len(caches))
	var wait sync.WaitGroup
	for i, cache := range caches {
		if cache == nil {
			errs[i] = apierr.Invalid(service, "caches", "cache %d is nil", i)
			continue
		}
		wait.Go(func() { errs[i] = cache.Warm(ctx) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// cacheKey is one way to find an entry.
type cacheKey struct{ by, value string }

// The ways.
const (
	byID            = "id"
	byName          = "name"
	byEmail         = "email"
	byQualifiedName = "qualifiedName"
	byAnything      = "" // the key of the load of everything
)

// cache is what is known of one kind of names. The zero value is empty and ready. Values are shared and must not be
// changed.
type cache[V any] struct {
	mu         sync.Mutex
	entries    map[cacheKey]cached[V]
	listed     time.Time // when everything was loaded, the zero time when it was not
	holes      bool      // something of it was forgotten since
	inVain     time.Time // when a load was made for a name that it did not bring
	generation int       // of writes and invalidations: what was asked for before one does not count after it
	sweepAt    int
	flights    map[cacheKey]*cacheFlight[V]
	reloads    map[cacheKey]time.Time // of single values, by their first key
}

// cached are the values that a key leads to; none is that it leads nowhere.
type cached[V any] struct {
	values []V
	at     time.Time
}

// cacheFlight is a load that any number of lookups wait for.
type cacheFlight[V any] struct {
	value  lazy.Value[map[cacheKey][]V]
	wanted map[cacheKey]bool
}

// caches are the caches of a client.
type caches struct {
	tags           cache[*TagDefinition]
	customMetadata cache[*CustomMetadataDefinition]
	enums          cache[*EnumDefinition]
	roles          cache[*Role]
	groups         cache[*Group]
	users          cache[*User]
	connections    cache[*ConnectionName]
}

// directory is a cache together with where its values come from.
type directory[V any] struct {
	cache *cache[V]
	ttl   time.Duration
	what  string // one of the things, for errors
	// whole says that a lookup loads the list, because most lookups have no other way or because it is short.
	whole bool
	keys  func(V) []cacheKey
	list  func(context.Context) ([]V, error)
	// find loads what one key leads to; nil for keys that only the list leads to.
	find func(by string) func(ctx context.Context, value string) ([]V, error)
}

// lookup returns what a key leads to, nothing for a key that leads nowhere.
func (d *directory[V]) lookup(ctx context.Context, key cacheKey) ([]V, error) {
	c := d.cache
	c.mu.Lock()
	values, known, fresh := d.known(key, time.Now())
	if known {
		c.mu.Unlock()
		return values, nil
	}
	flightKey := key
	find := d.finder(key.by)
	if find == nil || d.whole && !fresh {
		flightKey = cacheKey{by: byAnything}
		find = nil
	}
	f := c.board(flightKey, key)
	c.mu.Unlock()
	brought, err := d.fly(ctx, f, flightKey, find)
	if err != nil {
		return nil, err
	}
	return brought[key], nil
}

func (d *directory[V]) finder(by string) func(context.Context, string) ([]V, error) {
	if d.find == nil {
		return nil
	}
	return d.find(by)
}

// known returns what is believed of a key, and whether the list is. It is called with c.mu held.
func (d *directory[V]) known(key cacheKey, now time.Time) (values []V, known, fresh bool) {
	c := d.cache
	fresh = !c.listed.IsZero() && now.Sub(c.listed) < d.ttl
	e, ok := c.entries[key]
	switch age := now.Sub(e.at); {
	case ok && len(e.values) > 0 && age < d.ttl:
		return e.values, true, fresh
	case ok && len(e.values) == 0 && age < min(d.ttl, absentTTL):
		return nil, true, fresh
	case fresh && d.whole && d.finder(key.by) == nil && !c.inVain.IsZero() && now.Sub(c.inVain) < missPause:
		return nil, true, fresh
	}
	return nil, false, fresh
}

// board joins a load under way or begins one. It is called with c.mu held.
func (c *cache[V]) board(flightKey, wanted cacheKey) *cacheFlight[V] {
	f := c.flights[flightKey]
	if f == nil {
		f = &cacheFlight[V]{wanted: make(map[cacheKey]bool)}
		if c.flights == nil {
			c.flights = make(map[cacheKey]*cacheFlight[V])
		}
		c.flights[flightKey] = f
	}
	if wanted.by != byAnything {
		f.wanted[wanted] = true
	}
	return f
}

// fly loads, with find what one key leads to, without everything.
func (d *directory[V]) fly(ctx context.Context, f *cacheFlight[V], key cacheKey, find func(context.Context, string) ([]V, error)) (map[cacheKey][]V, error) {
	c := d.cache
	return f.value.Get(ctx, func(ctx context.Context) (map[cacheKey][]V, error) {
		c.mu.Lock()
		generation := c.generation
		c.mu.Unlock()
		var values []V
		var err error
		if find != nil {
			values, err = find(ctx, key.value)
		} else {
			values, err = d.list(ctx)
		}
		brought := make(map[cacheKey][]V)
		for _, v := range values {
			for _, k := range d.keys(v) {
				// A reload brings the value itself, with all its keys.
				// Of what one key leads to it is not known what else its other keys lead to, unless there can be no more.
				if find == nil || key.by == byReload || k == key || k.by == byID || k.by == byQualifiedName {
					brought[k] = append(brought[k], v)
				}
			}
		}
		if find != nil && key.by != byReload && len(brought[key]) == 0 {
			brought[key] = nil
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.flights[key] == f {
			delete(c.flights, key) // who comes now finds the entries, or loads anew
		}
		if err != nil {
			return nil, err
		}
		switch {
		case c.generation != generation:
		case key.by == byReload:
			c.replace(d, values, true)
		default:
			c.adopt(d, brought, f.wanted, find == nil)
		}
		return brought, nil
	})
}

// adopt takes what a load brought. It is called with c.mu held.
func (c *cache[V]) adopt(d *directory[V], brought map[cacheKey][]V, wanted map[cacheKey]bool, all bool) {
	now := time.Now()
	if all || c.entries == nil {
		kept := c.entries
		c.entries = make(map[cacheKey]cached[V], len(brought))
		for key, e := range kept { // what was looked up one by one, such as an id that is in no list
			if _, ok := brought[key]; !ok && len(e.values) == 0 {
				c.entries[key] = e
			}
		}
	}
	if all {
		c.listed, c.holes = now, false
	}
	for key, values := range brought {
		c.entries[key] = cached[V]{values, now}
	}
	for key := range wanted {
		if len(brought[key]) == 0 {
			c.entries[key] = cached[V]{nil, now}
			if all {
				c.inVain = now
			}
		}
	}
	if len(c.entries) > c.sweepAt {
		for key, e := range c.entries {
			if age := now.Sub(e.at); age >= d.ttl || len(e.values) == 0 && age >= absentTTL {
				delete(c.entries, key)
			}
		}
		c.sweepAt = 2*len(c.entries) + 64
	}
}

// one returns the one value that a key leads to. None is an error of kind NotFound, several are one of category ErrLogic.
func (d *directory[V]) one(ctx context.Context, key cacheKey) (V, error) {
	var zero V
	if key.value == "" {
		return zero, about(d.what, key.value, apierr.Invalid(service, key.by, "the %s is empty", key.by))
	}
	values, err := d.lookup(ctx, key)
	switch {
	case err != nil:
	case len(values) == 0:
		err = notFound("there is no %s with the %s %q", d.what, key.by, key.value)
	case len(values) > 1:
		var ids []string
		for _, v := range values {
			ids = append(ids, d.keys(v)[0].value)
		}
		slices.Sort(ids)
		err = &apierr.Error{Service: service, Kind: apierr.KindUnexpected, Message: fmt.Sprintf("%d of them have the %s %q: %s",
			len(values), key.by, key.value, strings.Join(ids, ", "))}
	default:
		return values[0], nil
	}
	return zero, about(d.what, key.value, err)
}

// warm loads everything, unless that was done.
func (d *directory[V]) warm(ctx context.Context) error {
	c := d.cache
	c.mu.Lock()
	if _, _, fresh := d.known(cacheKey{}, time.Now()); fresh && !c.holes {
		c.mu.Unlock()
		return nil
	}
	f := c.board(cacheKey{}, cacheKey{})
	c.mu.Unlock()
	_, err := d.fly(ctx, f, cacheKey{}, nil)
	return about(d.what, "", err)
}

// all returns everything, by the first of its keys.
func (d *directory[V]) all(ctx context.Context) ([]V, error) {
	c := d.cache
	c.mu.Lock()
	_, _, fresh := d.known(cacheKey{}, time.Now())
	entries := make(map[cacheKey][]V)
	if fresh && !c.holes {
		for key, e := range c.entries {
			entries[key] = e.values
		}
		c.mu.Unlock()
	} else {
		f := c.board(cacheKey{}, cacheKey{})
		c.mu.Unlock()
		var err error
		if entries, err = d.fly(ctx, f, cacheKey{}, nil); err != nil {
			return nil, about(d.what, "", err)
		}
	}
	firsts := make(map[cacheKey]V)
	for _, values := range entries {
		for _, v := range values {
			firsts[d.keys(v)[0]] = v
		}
	}
	keys := slices.SortedFunc(maps.Keys(firsts), func(a, b cacheKey) int { return cmp.Compare(a.value, b.value) })
	list := make([]V, len(keys))
	for i, key := range keys {
		list[i] = firsts[key]
	}
	return list, nil
}

// put takes a value that a write brought, in the place of what its first key led to.
func (d *directory[V]) put(v V) {
	c := d.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	c.supersede()
	c.replace(d, []V{v}, false)
}

// replace takes values in the place of what their first keys led to. It is called with c.mu held.
func (c *cache[V]) replace(d *directory[V], values []V, reload bool) {
	if c.entries == nil {
		c.entries = make(map[cacheKey]cached[V])
	}
	if c.reloads == nil {
		c.reloads = make(map[cacheKey]time.Time)
	}
	now := time.Now()
	for _, v := range values {
		keys := d.keys(v)
		c.remove(d, keys[0])
		if reload {
			c.reloads[keys[0]] = now
		}
		for _, key := range keys {
			e := c.entries[key]
			c.entries[key] = cached[V]{append(slices.Clip(e.values), v), now}
		}
	}
}

// drop forgets what a first key leads to, for good: it was purged.
func (d *directory[V]) drop(key cacheKey) {
	c := d.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	c.supersede()
	c.remove(d, key)
}

// remove takes the values of a first key out. It is called with c.mu held.
func (c *cache[V]) remove(d *directory[V], first cacheKey) {
	for key, e := range c.entries {
		left := slices.DeleteFunc(slices.Clone(e.values), func(v V) bool { return d.keys(v)[0] == first })
		switch {
		case len(left) > 0:
			c.entries[key] = cached[V]{left, e.at}
		case len(e.values) > 0:
			delete(c.entries, key)
		}
	}
}

// supersede makes loads under way not count. It is called with c.mu held.
func (c *cache[V]) supersede() {
	c.generation++
	c.flights, c.reloads = nil, nil
	c.inVain = time.Time{}
}

// byReload is the key of the load of a value that lacks something: somebody may just have added it.
const byReload = "reload"

// refresh loads a value again, once for all who ask and at most once within the time for which it is believed that
// something is not there. Its first key must be one that leads to it alone. A value that is gone is returned as it was.
func (d *directory[V]) refresh(ctx context.Context, v V) (V, error) {
	c := d.cache
	first := d.keys(v)[0]
	key := cacheKey{byReload, first.value}
	c.mu.Lock()
	if at, ok := c.reloads[first]; ok && time.Since(at) < min(d.ttl, absentTTL) {
		if e := c.entries[first]; len(e.values) > 0 {
			v = e.values[0]
		}
		c.mu.Unlock()
		return v, nil
	}
	f := c.board(key, cacheKey{})
	c.mu.Unlock()
	brought, err := d.fly(ctx, f, key, d.find(first.by))
	if err != nil {
		return v, err
	}
	if values := brought[first]; len(values) > 0 {
		return values[0], nil
	}
	d.drop(first) // or each lookup would ask again
	return v, nil
}

// unsettled forgets what a write that failed may have changed: everything when it may have been carried out, and what it was
// about in any case.
func (d *directory[V]) unsettled(err error, names ...string) {
	if mayHaveApplied(err) {
		names = nil
	}
	d.invalidate(names...)
}

// current reads the value that has a name now. What the cache knows may have been renamed since, and somebody else's be of
// that name: before a value is changed or purged its name is looked at. Values must have an id and a name.
func (d *directory[V]) current(ctx context.Context, name string) (V, error) {
	var zero V
	for again := false; ; again = true {
		v, err := d.one(ctx, cacheKey{byName, name})
		if err != nil {
			return zero, err
		}
		first := d.keys(v)[0]
		found, err := d.find(first.by)(ctx, first.value)
		switch {
		case err != nil:
			return zero, about(d.what, name, err)
		case len(found) == 0:
			d.drop(first)
		case slices.Contains(d.keys(found[0]), cacheKey{byName, name}):
			return found[0], nil
		default:
			d.put(found[0])
		}
		if again {
			return zero, about(d.what, name, notFound("there is no %s with the name %q any more", d.what, name))
		}
	}
}

// invalidate forgets what these values of keys lead to, by all of its keys, or everything.
func (d *directory[V]) invalidate(values ...string) {
	c := d.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	c.supersede()
	if len(values) == 0 {
		c.entries, c.listed, c.sweepAt = nil, time.Time{}, 0
		return
	}
	named := func(key cacheKey) bool {
		return slices.ContainsFunc(values, func(value string) bool {
			return value == key.value || key.by == byEmail && strings.ToLower(value) == key.value
		})
	}
	var gone []cacheKey
	for key, e := range c.entries {
		if !named(key) {
			continue
		}
		gone = append(gone, key)
		for _, v := range e.values {
			// Whole keys, also where another value has the same name: what is left would seem to be the only one.
			gone = append(gone, d.keys(v)...)
			c.holes = true
		}
	}
	for _, key := range gone {
		delete(c.entries, key)
	}
}
