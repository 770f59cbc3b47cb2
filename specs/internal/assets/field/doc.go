// Package field holds the fields of Atlan's search index, one constant for each attribute, and the clauses, sorts and
// aggregations that are made of them.
//
//	query := field.All(
//		field.TypeName.OneOf("Table", "View"),
//		field.Status.Eq("ACTIVE"),
//		field.Any(field.Name.Match("orders"), field.Description.MatchPhrase("customer orders")),
//		field.Not(field.CertificateStatus.Eq("DEPRECATED")),
//		field.UpdateTime.GTE(time.Now().AddDate(0, -1, 0)),
//	)
//	order := []field.Sort{field.PopularityScore.Desc(), field.Name.Asc()}
//	perSchema := field.SchemaName.Terms(20).With("rows", field.RowCount.Sum())
//
// How the index keeps an attribute decides what can be asked of it, and each kind is a type: what the index cannot answer
// is not a method and does not compile.
//
//	KeywordField              as it is: Eq, OneOf, StartsWith, Contains, Wildcard, Regexp, ranges, sorts, Terms
//	TextField                 in words: Match, MatchPhrase
//	StemmedField              in words without endings: Match, MatchPhrase
//	KeywordTextField          as it is and in words
//	KeywordTextStemmedField   as it is, in words and without endings (Stemmed)
//	NumericField, FloatField  numbers: Eq, OneOf, ranges, sorts, Min, Max, Avg, Sum, Terms
//	RankField                 numbers that can raise the score of a result
//	DateField                 points in time: ranges, sorts, Min, Max
//	BooleanField              Eq, Terms
//	RelationField             relationships that can be returned but not searched
//
// Where the index has no attribute of a name under one kind only, the kind of most types has the plain name, and the others
// have the name with that of their type behind it: FilePath is that of File, FilePathKnowledgeFile that of KnowledgeFile.
// An attribute whose name is taken by a type or function of this package has "Attribute" behind it. Custom metadata is known
// at run time only: NewKeywordField("<set id>.<attribute id>", "") and its like make its fields.
//
// Constants are what the definitions of pyatlan 9.10.3 say about the index. Unverified against the live service.
package field
