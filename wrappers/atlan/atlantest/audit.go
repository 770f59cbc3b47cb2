package atlantest

import (
	"slices"
)

// auditEntry is what happened to an asset.
type auditEntry struct {
	guid, name, typeName, action, user string
	at                                 int64
	number                             int
	detail                             written
}

// audit notes what happened to an asset.
func (f *Fake) audit(a *asset, action, by string, detail written) {
	f.audits = append(f.audits, &auditEntry{
		guid: a.guid, name: a.qualifiedName, typeName: a.def.name, action: action, user: by, at: f.now.UnixMilli(),
		number: len(f.audits), detail: detail,
	})
}

// forget drops the entries of a purged asset.
func (f *Fake) forget(a *asset) {
	f.audits = slices.DeleteFunc(f.audits, func(e *auditEntry) bool { return e.guid == a.guid })
}
