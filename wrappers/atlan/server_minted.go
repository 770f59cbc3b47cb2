package atlan

// serverMinted reports whether the server makes up the qualifiedName of new assets of a type, whatever the client sends:
// the same request sent twice makes two assets. Read in the preprocessors of atlas-metastore; DataContract is among them
// because each request adds a version.
func serverMinted(typeName string) bool {
	switch typeName {
	case "AtlasGlossary", "AtlasGlossaryTerm", "AtlasGlossaryCategory",
		"DataDomain", "DataProduct", "DataMeshDataset", "DataContract", "Stakeholder", "StakeholderTitle",
		"Persona", "Purpose", "AuthPolicy",
		"Collection", "Folder", "Query":
		return true
	}
	return false
}
