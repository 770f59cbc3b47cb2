package atlantest

import "time"

// touch has the index see an asset as it is, after a while.
func (f *Fake) touch(a *asset) {
	if a.queued || a.gone {
		return
	}
	a.queued = true
	see := func(time.Time) {
		a.queued = false
		if !a.gone {
			a.indexed = true
		}
	}
	if !f.has(SearchDelay) || f.config.searchDelay <= 0 {
		see(f.now)
		return
	}
	f.schedule(f.now.Add(f.config.searchDelay), see)
}

// unindex takes an asset out of the index, after a while.
func (f *Fake) unindex(a *asset) { a.indexed = false }

// reindex has the index see an asset as it is, at once.
func (f *Fake) reindex(a *asset) {
	if !a.gone {
		a.indexed = true
	}
}
