package atlantest

// applyDomain writes what follows from the domain that a new domain or product is in (atlas-metastore's
// DataDomainPreProcessor and DataProductPreProcessor).
func (s *saver) applyDomain(x *saving) {
	if t := x.target; x.isNew && (t.def.name == "DataDomain" || t.def.name == "DataProduct") {
		parent := t.first(parents[t.def.name][0])
		if parent == nil {
			return
		}
		super := parent.get("superDomainQualifiedName")
		if super == "" {
			super = quoted(parent.qualifiedName)
		}
		s.put(t, "parentDomainQualifiedName", quoted(parent.qualifiedName))
		s.put(t, "superDomainQualifiedName", super)
		if t.def.name == "DataProduct" {
			s.put(t, "daapLineageStatus", `"Pending"`)
		}
	}
}
