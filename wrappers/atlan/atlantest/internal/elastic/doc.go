// Package elastic is an index in memory that evaluates what Atlan's clients send of Elasticsearch's query language,
// for the fake of Atlan.
//
//	model, err := elastic.NewModel(specs.AtlanTypedefs())
//	assets := elastic.NewAssets(model)
//	assets.Put(guid, elastic.Document{TypeName: "Table", Status: "ACTIVE", Attributes: map[string]any{"name": "orders"}})
//	result, err := assets.Search([]byte(`{
//		"query": {"bool": {"filter": [{"term": {"__state": "ACTIVE"}}, {"term": {"name.keyword": "orders"}}]}},
//		"sort": [{"__guid": "asc"}], "size": 100
//	}`))
//
// [New] with [AuditMapping], [SearchLogMapping], [TaskMapping] or [WorkflowMapping] makes the other indexes, over any
// JSON objects. [Lineage] is the walk behind lineage lists.
//
// # What is understood
//
// Of a body: query, post_filter, sort, search_after, from, size, track_total_hits, aggregations (aggs); _source,
// timeout and preference are accepted and change nothing.
//
//   - queries: match_all, match_none, term, terms, ids, exists, prefix, wildcard, regexp, fuzzy, range, match,
//     match_phrase (slop 0), multi_match (best_fields, most_fields, phrase), bool, constant_score, nested; and
//     function_score, whose functions are checked and not computed
//   - sort: fields with order, missing, mode min and max, unmapped_type and nested.path; _score and _doc
//   - aggregations, with others inside: terms, filter, filters, missing, range, date_histogram; min, max, avg, sum,
//     stats, value_count, cardinality
//
// A date without all of its parts is its first moment for gte and lt, its last for gt and lte, and all of it for term.
//
// Everything else is refused with an [*Error] that names the place: an unknown query, an unknown parameter of a known
// one, relation and date math in range, ~ & < # in regexp, minimum_should_match with conditions, an analyzer of one's
// own. Nothing is silently taken for match_all. A field that the index does not have matches nothing, as in
// Elasticsearch; sorting by it is an error.
//
// # How fields are read
//
// What a field of assets is comes from the type definitions. The rest was read in atlas-metastore: x.keyword fields
// have a normalizer that turns values, and what is compared with them, to lower case, so sort values and keys of
// buckets are lower case; text is split at blank _ - ' / @ and before digits; the similarity is boolean, so a score is
// the sum of the boosts of what fits. Attributes of custom metadata are keywords in lower case with a .text field.
//
// Not published, and guesses here: the stemmer of .stemmed; the fields of search logs, workflows and runs; which types
// of attributes share a name with another index (keyword wins); whether qualifiedName is normalized (it is not, here).
//
// # Cost
//
// The first page of a search that many documents fit looks at all of them and sorts them. The result is kept and
// brought up to date with what was put and deleted since, so the pages behind it cost a binary search each, and one
// or two milliseconds when 100 of 200,000 documents changed. A range by the field that is sorted by first, as in paging by
// time, does not make another result of it. Terms of keywords that few documents have are looked up. 200,000 documents
// of 45 fields or so take 360 MB. BenchmarkPage measures all that.
//
// # Not as in Elasticsearch
//
// Changes are visible at once (the fake decides when it puts them in); cardinality is exact; max_expansions is not applied; fields of nested objects can be
// used outside of nested; values that do not fit the type of their field are left out instead of refusing the
// document; the order of equal hits is that in which the documents first came.
package elastic
