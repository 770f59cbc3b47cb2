package atlan

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// batchItem is one item of a batch.
type batchItem struct {
	index       int
	item        Item
	placeholder string   // guid of a new asset that others refer to, or the guid
	refers      []string // placeholders of other assets
	keys        []string // what others may call it
	needs       []string // what it calls others
	minted      bool     // the server names it
	exists      bool     // the server has it already: what refers to it can go whatever becomes of its change

	state      itemState
	blockers   int              // how many items it waits for
	turn       int              // how often it was sent
	dependents []dependent      // items that wait for it
	on         []*batchItem     // items that it waits for
	lost       *DependencyError // what was refused that it cannot do without
	err        error
}

// dependent is an item that waits for another, until it is sent the next time.
type dependent struct {
	item *batchItem
	turn int
}

// waits reports whether it still does.
func (d dependent) waits() bool { return d.item.state == itemBlocked && d.item.turn == d.turn }

type itemState uint8

const (
	itemBlocked itemState = iota // waits for others
	itemReady                    // may be sent
	itemSent
	itemParked // was refused, and waits for what it missed
	itemOver   // was saved, or has failed
)

func (n *batchItem) because(err error) *batchItem {
	n.err = err
	return n
}

// dependencies know in which order the items of a batch can be saved. They hold what is not saved yet, and of new assets
// that failed the keys: of all others nothing.
type dependencies struct {
	items   map[string]*batchItem              // by key: the last of those that are not over
	same    map[Item]*batchItem                // the last of those that are not over, for assets without a key
	unnamed map[*batchItem]struct{}            // those that nothing can refer to yet: they may get a placeholder
	wanted  map[string]map[*batchItem]struct{} // by key: unsent or parked items that call something by it which has not come yet
	refused map[string]*DependencyError        // by key: new assets that failed
	missing map[*batchItem]int                 // items that wait for placeholders which have not come yet, and how many
	ready   [2]itemQueue                       // those with names of their own, and those that the server names
	unsent  int                                // how many are ready or blocked
	blocked int                                // how many are blocked
	waiting map[*batchItem]struct{}            // the blocked ones
	parked  map[*batchItem]struct{}            // those that were refused and may yet be saved
	ended   bool                               // nothing more comes
}

func newDependencies() dependencies {
	return dependencies{
		items: make(map[string]*batchItem), wanted: make(map[string]map[*batchItem]struct{}), refused: make(map[string]*DependencyError),
		same: make(map[Item]*batchItem), unnamed: make(map[*batchItem]struct{}),
		missing: make(map[*batchItem]int), waiting: make(map[*batchItem]struct{}), parked: make(map[*batchItem]struct{}),
	}
}

// add takes in an item and decides whether it can be sent. When it cannot do without one that was refused it says so in
// lost, and is not taken in.
func (d *dependencies) add(n *batchItem, e *Entity) {
	n.describe(e)
	for _, key := range n.needs {
		if refused := d.refused[key]; refused != nil {
			n.lost = refused
			return
		}
	}
	d.unsent++
	d.block(n)
	if before := d.same[n.item]; before != nil {
		d.wait(n, before)
	}
	d.same[n.item] = n
	if len(n.keys) == 0 {
		d.unnamed[n] = struct{}{}
	}
	for _, key := range n.keys {
		if before := d.items[key]; before != nil && before != n { // the same asset once more: one after the other
			d.wait(n, before)
		}
	}
	for _, key := range n.needs {
		if d.items[key] == nil && isPlaceholder(key) {
			d.name()
		}
		if other := d.items[key]; other != nil && other != n {
			d.wait(n, other)
			continue
		}
		d.want(key, n)
		if isPlaceholder(key) {
			d.missing[n]++
			n.blockers++
		}
	}
	for _, key := range n.keys {
		d.items[key] = n
		for other := range d.wanted[key] {
			switch {
			case other == n:
			case other.state == itemParked:
				delete(d.parked, other)
				d.unsent++
				d.block(other)
			case other.state == itemReady:
				d.ready[other.queue()].live--
				d.block(other)
			}
			if other != n {
				d.wait(other, n)
			}
			if isPlaceholder(key) && d.missing[other] > 0 {
				d.missing[other]--
				other.blockers--
			}
		}
		delete(d.wanted, key)
	}
	d.release(n)
}

// name takes note of the placeholders that items have got since they came, which whoever refers to them has asked for.
func (d *dependencies) name() {
	for n := range d.unnamed {
		if guid := n.item.view().GUID; isPlaceholder(guid) {
			n.placeholder, n.keys = guid, append(n.keys, guid)
			d.items[guid] = n
			delete(d.unnamed, n)
		}
	}
}

func (d *dependencies) block(n *batchItem) {
	n.state = itemBlocked
	d.blocked++
	d.waiting[n] = struct{}{}
}

// describe finds out what an item is called and what it calls others.
func (n *batchItem) describe(e *Entity) {
	n.minted = serverMinted(e.TypeName) && isNew(e)
	n.exists = e.known
	n.placeholder = e.GUID
	name := e.QualifiedName()
	if e.GUID != "" {
		n.keys = append(n.keys, e.GUID)
	}
	if name != "" && !n.minted {
		n.keys = append(n.keys, keyOfAsset("", name), keyOfAsset(e.TypeName, name))
		for i := len(name) - 1; i > 0; i-- {
			if name[i] == '/' {
				n.needs = append(n.needs, keyOfAsset("", name[:i]))
			}
		}
	}
	for _, relations := range [...]map[string]json.RawMessage{e.relations.changes(), e.attributes.changes()} {
		for _, value := range relations {
			n.reference(value)
		}
	}
	for _, list := range e.appended {
		for _, value := range list {
			n.reference(value)
		}
	}
}

// reference notes what a relationship calls another asset.
func (n *batchItem) reference(value json.RawMessage) {
	switch {
	case len(value) < 2:
	case value[0] == '[':
		var list []json.RawMessage
		if value[1] != ']' && json.Unmarshal(value, &list) == nil {
			for _, one := range list {
				if len(one) > 0 && one[0] == '{' {
					n.reference(one)
				}
			}
		}
	case value[0] == '{':
		guid := textOf(memberOf(value, memberGUID))
		unique, _ := memberOf(value, memberUnique)
		name := textOf(memberOf(unique, attributeQualifiedName))
		if guid != "" && guid != n.placeholder {
			n.needs = append(n.needs, guid)
			if isPlaceholder(guid) {
				n.refers = append(n.refers, guid)
			}
		} else if typeName := textOf(memberOf(value, memberTypeName)); name != "" && typeName != "" {
			n.needs = append(n.needs, keyOfAsset(typeName, name))
		}
	}
}

func keyOfAsset(typeName, qualifiedName string) string {
	return strings.Join([]string{typeName, qualifiedName}, "\x00")
}

func (n *batchItem) queue() int {
	if n.minted {
		return 1
	}
	return 0
}

// wait makes an item wait for another.
func (d *dependencies) wait(n, other *batchItem) {
	other.dependents = append(other.dependents, dependent{n, n.turn})
	n.on = append(n.on, other)
	n.blockers++
}

// release lets an item go when it waits for nothing any more.
func (d *dependencies) release(n *batchItem) {
	if n.state != itemBlocked || n.blockers > 0 {
		return
	}
	n.state = itemReady
	d.blocked--
	delete(d.waiting, n)
	d.ready[n.queue()].push(n)
}

// cut takes items from a queue to send them.
func (d *dependencies) cut(queue, count int) []*batchItem {
	chunk := d.ready[queue].pop(count)
	for _, n := range chunk {
		d.sent(n)
	}
	return chunk
}

// circle takes out blocked items that can only go together: the first that waits, and whatever it waits for. What waits
// for something that has not come, itself or by way of others, does not go.
func (d *dependencies) circle() []*batchItem {
	stays := d.staying()
	var first *batchItem
	for n := range d.waiting {
		if _, ok := stays[n]; !ok && (first == nil || n.index < first.index) {
			first = n
		}
	}
	if first == nil {
		return nil
	}
	chunk := []*batchItem{first}
	delete(d.waiting, first)
	for i := 0; i < len(chunk) && len(chunk) < maxSaved; i++ {
		for _, other := range chunk[i].on {
			if _, ok := d.waiting[other]; ok && len(chunk) < maxSaved {
				delete(d.waiting, other)
				chunk = append(chunk, other)
			}
		}
	}
	for _, n := range chunk {
		n.blockers = 0
		d.sent(n)
	}
	d.blocked -= len(chunk)
	slices.SortFunc(chunk, byIndex)
	return chunk
}

// staying are the blocked items that wait for something that has not come: a placeholder, or what a parked item misses.
func (d *dependencies) staying() map[*batchItem]struct{} {
	stays := make(map[*batchItem]struct{})
	var list []*batchItem
	add := func(n *batchItem) {
		if _, ok := stays[n]; !ok {
			stays[n] = struct{}{}
			list = append(list, n)
		}
	}
	for n, count := range d.missing {
		if count > 0 && n.state == itemBlocked {
			add(n)
		}
	}
	follow := func(n *batchItem) {
		for _, other := range n.dependents {
			if other.waits() {
				add(other.item)
			}
		}
	}
	for n := range d.parked {
		follow(n)
	}
	for i := 0; i < len(list); i++ {
		follow(list[i])
	}
	return stays
}

// movable reports whether anything can be sent.
func (d *dependencies) movable() bool {
	return d.ready[0].live+d.ready[1].live > 0 || d.blocked > len(d.staying())
}

func byIndex(a, b *batchItem) int { return a.index - b.index }

// sent notes that an item is under way: what comes now comes too late for it.
func (d *dependencies) sent(n *batchItem) {
	n.state, n.on = itemSent, nil
	n.turn++
	d.unsent--
	delete(d.missing, n)
	d.unwant(n)
}

// unwant forgets what an item calls others.
func (d *dependencies) unwant(n *batchItem) {
	for _, key := range n.needs {
		if list := d.wanted[key]; list != nil {
			delete(list, n)
			if len(list) == 0 {
				delete(d.wanted, key)
			}
		}
	}
}

// want notes that an item calls something by a key that has not come yet.
func (d *dependencies) want(key string, n *batchItem) {
	if d.wanted[key] == nil {
		d.wanted[key] = make(map[*batchItem]struct{})
	}
	d.wanted[key][n] = struct{}{}
}

// giveUp is called at the end of the sequence: what did not come will not. Saving says what is wrong with a reference that
// leads nowhere.
func (d *dependencies) giveUp() {
	d.ended = true
	for n, count := range d.missing {
		n.blockers -= count
		d.release(n)
	}
	clear(d.missing)
}

// hopeless takes out the items that were refused and for which nothing comes any more.
func (d *dependencies) hopeless() []*batchItem {
	list := slices.SortedFunc(maps.Keys(d.parked), byIndex)
	clear(d.parked)
	return list
}

// saved lets go what waited for an item.
func (d *dependencies) saved(n *batchItem) {
	n.state = itemOver
	d.forget(n)
	for _, key := range n.keys {
		delete(d.refused, key) // it came again, and better
	}
	for _, other := range n.dependents {
		if other.waits() {
			other.item.blockers--
			d.release(other.item)
		}
	}
	n.dependents = nil
}

// lose returns what cannot do without an item that failed, and lets go what can.
func (d *dependencies) lose(n *batchItem, because *DependencyError) (lost []*batchItem) {
	n.state = itemOver
	d.forget(n)
	if !n.exists {
		for _, key := range n.keys {
			if d.items[key] == nil { // it may have come once more
				d.refused[key] = because
			}
		}
	}
	for _, other := range n.dependents {
		switch {
		case !other.waits():
		case n.exists || other.item.sameAs(n):
			other.item.blockers--
			d.release(other.item)
		default:
			other.item.state = itemOver
			d.blocked--
			d.unsent--
			delete(d.waiting, other.item)
			lost = append(lost, other.item)
		}
	}
	n.dependents = nil
	return lost
}

// sameAs reports whether two items are about the same asset.
func (n *batchItem) sameAs(o *batchItem) bool {
	if n.item == o.item {
		return true
	}
	for _, key := range n.keys {
		if slices.Contains(o.keys, key) {
			return true
		}
	}
	return false
}

// forget takes an item out of the books.
func (d *dependencies) forget(n *batchItem) {
	for _, key := range n.keys {
		if d.items[key] == n {
			delete(d.items, key)
		}
	}
	if d.same[n.item] == n {
		delete(d.same, n.item)
	}
	delete(d.unnamed, n)
	delete(d.missing, n)
	d.unwant(n)
}

// park keeps an item that was refused because something was missing, when that may yet come.
func (d *dependencies) park(n *batchItem) bool {
	if d.ended || len(d.parked) >= batchParked {
		return false
	}
	for _, key := range n.needs {
		if d.items[key] == nil {
			d.want(key, n)
		}
	}
	n.state = itemParked
	d.parked[n] = struct{}{}
	return true
}

// rest are the items that will not be sent.
func (d *dependencies) rest() []*batchItem {
	var list []*batchItem
	for n := range d.waiting {
		list = append(list, n)
	}
	for i := range d.ready {
		list = append(list, d.ready[i].pop(d.ready[i].live)...)
	}
	slices.SortFunc(list, byIndex)
	return list
}

// itemQueue is a queue of items that are ready. One that became blocked again stays in it and does not count.
type itemQueue struct {
	items []*batchItem
	live  int
}

func (q *itemQueue) push(n *batchItem) {
	q.items = append(q.items, n)
	q.live++
}

func (q *itemQueue) pop(count int) []*batchItem {
	chunk := make([]*batchItem, 0, count)
	used := 0
	for _, n := range q.items {
		if len(chunk) == count {
			break
		}
		if used++; n.state == itemReady {
			n.state = itemSent // it may be in the queue twice
			chunk = append(chunk, n)
		}
	}
	q.items = q.items[used:]
	q.live -= len(chunk)
	return chunk
}
