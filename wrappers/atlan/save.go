package atlan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"strconv"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// maxSaved is how many assets the metastore takes in one request. Atlan advises 20 to 50.
const maxSaved = 10_000

// jsonBody is the media type of requests.
const jsonBody = "application/json"

// Item is something that can be saved: an [*Entity] or an [*Asset].
type Item interface {
	// QualifiedName returns the qualifiedName, empty when there is none yet.
	QualifiedName() string
	// Name returns the name, empty when there is none.
	Name() string

	// view has all that a save does with the item.
	view() view
}

var (
	_ Item = (*Entity)(nil)
)

// cloned is an entity of its own, which the caller may change.
func cloned(e *Entity) *Entity {
	c := *e
	c.top.set = maps.Clone(e.top.set)
	c.attributes.set, c.relations.set = maps.Clone(e.attributes.set), maps.Clone(e.relations.set)
	c.appended, c.removed = maps.Clone(e.appended), maps.Clone(e.removed)
	return &c
}

// adoptGUID gives it the guid of what was made of it.
func adoptGUID(e *Entity, guid string) {
	if isPlaceholder(e.GUID) {
		e.stood = e.GUID
	}
	e.GUID = guid
}

// settle makes the item what was saved.
func (v view) settle(saved *Entity) {
	*v.Entity = *saved
	if v.attributes == nil {
		return
	}
	reflect.ValueOf(v.attributes).Elem().SetZero()
	decodeAttributes(v.Entity, v.attributes)
}

// Save creates or updates assets in one request, an upsert: the metastore finds an asset by its guid, or else by its type
// and qualifiedName, and makes it when there is none. Of an asset that was read only what was changed since is sent; one
// in which nothing was changed is not sent at all and reported as [Unchanged], and when that holds for all of them there is
// no request. New assets of the request may refer to each other, see [Entity.Ref].
//
// The items then say what the server has: they have guids, and qualifiedNames where the server makes them; saving them
// again sends nothing.
//
// A request whose assets are named by the caller is repeated after a failure, as it leaves the same state however often it
// is sent: an asset may then be reported as unchanged that the first, lost try created. One with new assets whose names
// the server makes (glossaries, terms, categories, domains, products, personas, purposes, policies, collections, folders,
// queries, contracts) is never sent twice: when its answer is lost the assets are looked up, and either found, and
// reported with Recovered, or the error is an [*AmbiguousSaveError].
//
// An error comes with a report when the request was carried out: see [SaveResult.NotWritten], and [Unconfirmed].
//
// Errors before the network, of category [ErrInvalidRequest]: more than 10,000 items, one that is nil, two of one asset, a missing
// type, qualifiedName or glossary, a string that is too long, changed tags or custom metadata (see [Client.SaveWith]), a
// reference to an asset that is neither saved nor among the items.
//
//sluice:operation POST /api/meta/entity/bulk
//sluice:operation GET /api/meta/entity/bulk
func (c *Client) Save(ctx context.Context, items ...Item) (*SaveReport, error) {
	return c.SaveWith(ctx, SaveOptions{}, items...)
}

// SaveWith is [Client.Save] with options, which decide about the tags and the custom metadata of assets that exist.
//
//sluice:operation POST /api/meta/entity/bulk
//sluice:operation GET /api/meta/entity/bulk
func (c *Client) SaveWith(ctx context.Context, options SaveOptions, items ...Item) (*SaveReport, error) {
	if len(items) > maxSaved {
		return nil, apierr.Invalid(service, "items", "%d assets in one save, the server takes %d", len(items), maxSaved)
	}
	s := saving{client: c, options: options, items: items}
	return s.save(ctx)
}

func (s *saving) save(ctx context.Context) (*SaveReport, error) {
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	answer, err := s.exchange(ctx)
	if err != nil {
		s.adopt()
		return nil, err
	}
	return s.report(answer)
}

// exchange makes the request, when there is anything to send. It touches none of the items, which others may read and
// change meanwhile.
func (s *saving) exchange(ctx context.Context) (*mutations, error) {
	if s.empty() {
		return nil, nil
	}
	if err := s.identify(ctx); err != nil {
		return nil, err
	}
	answer, err := s.send(ctx)
	if err == nil {
		s.lookUpUnmentioned(ctx, answer)
		s.compareCustomMetadata(ctx, answer)
	}
	return answer, err
}

// lookUpUnmentioned reads the assets, named by the caller, of which an answer says neither what was done nor which guid they
// have: those that are there were as they should be, and the others are reported as [Unconfirmed].
func (s *saving) lookUpUnmentioned(ctx context.Context, answer *mutations) {
	names := make(map[string][]string)
	for _, change := range s.changes {
		if change != nil && change.qualified != "" && !change.minted() {
			if e, _ := answer.of(change); e == nil {
				names[change.typeName] = append(names[change.typeName], change.qualified)
			}
		}
	}
	for typeName, list := range names {
		found, _, err := s.client.EntitiesByQualifiedName(ctx, typeName, list, minimalRead)
		if err != nil {
			continue
		}
		for _, e := range found {
			answer.unchanged(typeName, e)
		}
	}
}

// adopt gives the items that a look-up found their guids, although the save failed after that: saved again they are changed,
// and not made another time.
func (s *saving) adopt() {
	for i, change := range s.changes {
		if change != nil && change.recovered != nil {
			adoptGUID(s.items[i].view().Entity, change.recovered.GUID)
		}
	}
}

// saving is one save under way.
type saving struct {
	client  *Client
	options SaveOptions
	items   []Item
	changes []*change // of the items, nil where nothing was changed
	began   time.Time
	known   map[string]string // guids of assets that were saved before, by their placeholders
}

// prepare finds out what is to be sent. Of the network it needs nothing but the ids of names that are not cached.
func (s *saving) prepare(ctx context.Context) error {
	s.changes = make([]*change, len(s.items))
	some := false
	fresh := -1
	seen := make(map[Item]bool, len(s.items))
	for i, item := range s.items {
		if isNilItem(item) || seen[item] {
			return apierr.Invalid(service, "items", "item %d is nil, or was there before", i)
		}
		seen[item] = true
		e, err := item.view().whole()
		if err != nil {
			return about(orAsset(""), item.QualifiedName(), err)
		}
		if err := translateNames(ctx, e, s.client, s.options); err != nil {
			return err
		}
		if s.changes[i], err = changeOf(e, s.options); err != nil {
			return about(orAsset(e.TypeName), (&change{qualified: e.QualifiedName(), name: e.Name(), guid: e.GUID}).label(), err)
		}
		some = some || s.changes[i] != nil
		if s.changes[i] == nil && isPlaceholder(e.GUID) {
			fresh = i
		}
	}
	if some && fresh >= 0 {
		return apierr.Invalid(service, "items", "item %d is new and empty", fresh)
	}
	return s.checkDistinct()
}

// identify looks up what must not be made another time.
func (s *saving) identify(ctx context.Context) error {
	for _, change := range s.changes {
		// An update by qualifiedName of such a type would make a new asset if there were none, at each try another: with
		// the guid it cannot.
		if change != nil && change.entity.known && change.minted() {
			found, err := s.client.EntityByQualifiedName(ctx, change.typeName, change.qualified, minimalRead)
			if err != nil {
				return err
			}
			change.guid = found.GUID
		}
	}
	return nil
}

// isNilItem reports whether there is no asset behind an item.
func isNilItem(item Item) bool { return item == nil || reflect.ValueOf(item).IsNil() }

// checkDistinct refuses two items for one asset: which of them the server would heed, or whether it would make two, is not
// said anywhere.
func (s *saving) checkDistinct() error {
	guids, names := make(map[string]int), make(map[[2]string]int)
	for i, change := range s.changes {
		if change == nil {
			continue
		}
		first, twice := i, false
		if change.guid != "" {
			first, twice = earlier(guids, change.guid, i)
		}
		if !twice && change.qualified != "" && !change.minted() {
			first, twice = earlier(names, [2]string{change.typeName, change.qualified}, i)
		}
		if twice {
			e := apierr.Invalid(service, "items", "items %d and %d are the same asset", first, i)
			e.Hint = "Put both changes into one, or save one after the other."
			return about(change.typeName, change.label(), e)
		}
	}
	return nil
}

// earlier returns where a key was seen before, and notes it when it was not.
func earlier[K comparable](seen map[K]int, key K, i int) (first int, twice bool) {
	if first, twice = seen[key]; !twice {
		seen[key] = i
	}
	return first, twice
}

// minimalRead is a read for what identifies an asset.
var minimalRead = ReadOptions{Minimal: true, WithoutRelationships: true} //nolint:gochecknoglobals // a constant that Go has no form for

func (s *saving) empty() bool {
	for _, change := range s.changes {
		if change != nil {
			return false
		}
	}
	return true
}

// minted are the changes that would make another asset each time they are sent.
func (s *saving) minted() []int {
	var list []int
	for i, change := range s.changes {
		if change != nil && change.minted() {
			list = append(list, i)
		}
	}
	return list
}

// body writes the request.
func (s *saving) body() ([]byte, error) {
	refs := references{placeholders: make(map[string]string), new: make(map[[2]string]string)}
	maps.Copy(refs.placeholders, s.known)
	n := 0
	for _, change := range s.changes {
		if change == nil {
			continue
		}
		n++
		change.requestID = change.guid
		if change.guid == "" || isPlaceholder(change.guid) {
			change.requestID = "-" + strconv.Itoa(n)
			refs.new[[2]string{change.typeName, change.qualified}] = change.requestID
		}
		if own := change.entity.GUID; isPlaceholder(own) {
			refs.placeholders[own] = change.requestID
		}
		if change.entity.stood != "" {
			refs.placeholders[change.entity.stood] = change.requestID
		}
	}
	delete(refs.new, [2]string{})
	text := []byte(`{"entities":[`)
	for _, change := range s.changes {
		if change == nil {
			continue
		}
		if text[len(text)-1] != '[' {
			text = append(text, ',')
		}
		var err error
		if text, err = change.append(text, &refs); err != nil {
			return nil, err
		}
	}
	return append(text, `]}`...), nil
}

// send makes the request, and finds out what became of it when there is no answer.
func (s *saving) send(ctx context.Context) (*mutations, error) {
	ctx = s.client.underConnection(s.creatingConnection(ctx), s.connections()...)
	minted := s.minted()
	if len(minted) == 0 {
		return s.post(transport.WithSafety(ctx, transport.Idempotent))
	}
	s.began = time.Now()
	answer, err := s.post(transport.WithSafety(ctx, transport.Unsafe))
	if err == nil || !mayHaveApplied(err) {
		return answer, err
	}
	if err := s.recover(ctx, minted, err); err != nil {
		return nil, err
	}
	// All that the server had to name has a guid now: sent once more, the rest is as it should be whatever the first try
	// came to, and the answer says what there is.
	answer, lookUp := s.post(transport.WithSafety(ctx, transport.Idempotent))
	if lookUp != nil {
		// The items do not have their guids yet: saved again as they are, they would be made a second time.
		return nil, s.found(minted, err, lookUp)
	}
	return answer, nil
}

// found is the error of a save of which all that the server had to name was found, and whose confirmation failed.
func (s *saving) found(minted []int, cause, lookUp error) error {
	e := &AmbiguousSaveError{Err: cause, LookUp: lookUp}
	for _, i := range minted {
		e.Items, e.Candidates = append(e.Items, s.items[i]), append(e.Candidates, s.changes[i].recovered)
	}
	return e
}

// creatingConnection returns the context for a save that makes a connection. When the answer of a try is lost, the next one
// is about a connection that exists, and whose permissions have yet to spread.
func (s *saving) creatingConnection(ctx context.Context) context.Context {
	for _, change := range s.changes {
		if change != nil && change.newConnection() {
			return s.client.afterFirstTry(ctx)
		}
	}
	return ctx
}

// newConnection reports whether the change makes a connection.
func (c *change) newConnection() bool {
	return c.typeName == "Connection" && !c.entity.known && (c.guid == "" || isPlaceholder(c.guid))
}

func (s *saving) post(ctx context.Context) (*mutations, error) {
	body, err := s.body()
	if err != nil {
		return nil, err
	}
	return transport.Decode[mutations](s.client.raw.BulkSaveEntitiesWithBody(ctx, s.parameters(), jsonBody, bytes.NewReader(body)))
}

// parameters are the flags of the request.
func (s *saving) parameters() *atlanapi.BulkSaveEntitiesParams {
	yes := true
	p := &atlanapi.BulkSaveEntitiesParams{}
	switch s.options.Tags {
	case TagsAppend:
		p.AppendTags = &yes
	case TagsReplace:
		p.ReplaceTags = &yes
	case ClassificationsReplace:
		p.ReplaceClassifications = &yes
	case TagsKeep:
		for _, change := range s.changes {
			if change != nil && (change.members[memberAddTags] != nil || change.members[memberRemoveTags] != nil) {
				p.AppendTags = &yes // the metastore reads these lists only then
			}
		}
	}
	switch s.options.CustomMetadata {
	case CustomMetadataReplace:
		p.ReplaceBusinessAttributes, p.OverwriteBusinessAttributes = &yes, &yes
	case CustomMetadataMerge:
		p.ReplaceBusinessAttributes = &yes
	case CustomMetadataKeep, CustomMetadataIgnore:
	}
	if s.options.SkipProcessEdgeRestoration {
		p.SkipProcessEdgeRestoration = &yes
	}
	return p
}

// connections are the names by which a new connection is known that the assets are in.
func (s *saving) connections() []string {
	var names []string
	last := ""
	for _, change := range s.changes {
		if change != nil {
			if name := connectionOf(change.qualified); name != "" && name != last {
				names, last = append(names, name), name
			}
		}
	}
	return names
}

// report says what became of the items, and makes them what was saved.
func (s *saving) report(answer *mutations) (*SaveReport, error) {
	report := &SaveReport{Items: make([]SaveResult, len(s.items))}
	assigned := maps.Clone(s.known) // guids by the placeholders that references have
	if assigned == nil {
		assigned = make(map[string]string)
	}
	for _, change := range s.changes {
		if change == nil {
			continue
		}
		if e, _ := answer.of(change); e != nil && e.GUID != "" && isPlaceholder(change.entity.GUID) {
			assigned[change.entity.GUID] = e.GUID
		}
	}
	var failed error
	for i, item := range s.items {
		change := s.changes[i]
		if change == nil {
			e, err := item.view().whole()
			if err != nil {
				return nil, err
			}
			report.Items[i] = resultOf(e, Unchanged)
			report.Items[i].Item = item
			continue
		}
		answered, outcome := answer.of(change)
		if answered == nil {
			report.Items[i] = SaveResult{Item: item, TypeName: change.typeName, QualifiedName: change.qualified}
			failed = unconfirmed(change)
			continue
		}
		if change.recovered != nil {
			outcome = Created
			if answered.QualifiedName() == "" {
				answered = change.recovered // saving it once more changed nothing
			}
		}
		saved := change.saved(answered, outcome, s.options, assigned)
		item.view().settle(saved)
		report.Items[i] = resultOf(saved, outcome)
		report.Items[i].Item, report.Items[i].Recovered, report.Items[i].NotWritten = item, change.recovered != nil, change.left
		if failed == nil {
			failed = change.left
		}
		switch {
		case change.typeName != "Connection":
			s.client.window.add(saved.QualifiedName(), saved.GUID)
		case outcome == Created || change.newConnection() && s.client.window.covers(saved.QualifiedName()):
			s.client.connectionCreated(saved.QualifiedName(), saved.GUID)
		}
	}
	if answer != nil {
		report.Others = answer.others(report.Items)
	}
	return report, failed
}

// saved is the entity after its change was saved.
func (c *change) saved(answered *Entity, outcome Outcome, options SaveOptions, assigned map[string]string) *Entity {
	e := *c.entity
	if answered.GUID != "" {
		e.GUID = answered.GUID
	} else if isPlaceholder(e.GUID) {
		e.GUID = ""
	}
	attributes := maps.Clone(c.attributes)
	if name := answered.QualifiedName(); name != "" {
		attributes[attributeQualifiedName] = appendString(nil, name)
	}
	e.attributes.adopt(attributes)
	relations := maps.Clone(c.relations)
	refs := references{placeholders: assigned}
	for name, value := range relations {
		now, err := refs.resolve(name, value)
		if err != nil { // it leads to an asset of which the answer said nothing
			delete(relations, name)
			e.relations.drop(name)
			continue
		}
		relations[name] = now
	}
	e.relations.adopt(relations)
	for _, lists := range [...]map[string][]json.RawMessage{c.appended, c.removed} {
		for name := range lists {
			e.relations.drop(name)
			e.attributes.drop(name)
		}
	}
	top := c.savedMembers(&e, outcome, options)
	top[memberGUID], top[memberTypeName] = appendString(nil, e.GUID), appendString(nil, e.TypeName)
	if e.attributes.raw != nil {
		top[memberAttributes] = e.attributes.raw
	}
	if e.relations.raw != nil {
		top[memberRelationships] = e.relations.raw
	}
	if e.Status == "" && answered.Status != "" {
		e.Status = answered.Status
	}
	if e.Status != "" {
		top[memberStatus] = appendString(nil, string(e.Status))
	}
	e.top.adopt(top)
	e.top.set, e.appended, e.removed, e.namings, e.known = nil, nil, nil, nil, true
	if c.left != nil {
		e.top.put(memberBusiness, c.members[memberBusiness])
	}
	return &e
}

// savedMembers are the members of the change that the asset now has as they were sent. The others of them are forgotten:
// those that the server joined with what it had, and those that it does not heed of an asset that exists.
func (c *change) savedMembers(e *Entity, outcome Outcome, options SaveOptions) map[string]json.RawMessage {
	now := maps.Clone(c.members)
	unknown := func(name string) {
		delete(now, name)
		e.top.drop(name)
		e.complete = false
	}
	if outcome != Created {
		if c.members[memberTags] != nil && options.Tags != TagsReplace && options.Tags != ClassificationsReplace {
			unknown(memberTags)
		}
		if c.members[memberBusiness] != nil && options.CustomMetadata != CustomMetadataReplace {
			unknown(memberBusiness)
		}
	}
	switch {
	case outcome == Created && c.members[memberAddTags] != nil && !c.entity.known:
		now[memberTags] = c.members[memberAddTags]
	case c.members[memberAddTags] != nil || c.members[memberRemoveTags] != nil:
		unknown(memberTags)
	}
	for _, name := range [...]string{memberAddTags, memberRemoveTags} {
		delete(now, name)
		e.top.drop(name)
	}
	return now
}

// mayHaveApplied reports whether a call failed in a way that leaves open whether the server carried it out.
func mayHaveApplied(err error) bool {
	e, ok := errors.AsType[*apierr.Error](err)
	return ok && e.MayHaveApplied
}
