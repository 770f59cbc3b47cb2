package field

import "strings"

// A field is a string constant, so that nobody can change it and the linker drops it: "attribute" where the index has
// the attribute under its own name, "attribute:index" where it does not, and "attribute:keyword,text,stemmed" where it
// has more than one field for it. Neither names of attributes nor those of index fields hold a colon or a comma.

// attribute is the name of the attribute in a constant.
func attribute(constant string) string {
	name, _, _ := strings.Cut(constant, ":")
	return name
}

// index is the n-th field of the index in a constant.
func index(constant string, n int) string {
	name, fields, found := strings.Cut(constant, ":")
	if !found {
		return name
	}
	for range n {
		_, fields, _ = strings.Cut(fields, ",")
	}
	first, _, _ := strings.Cut(fields, ",")
	return first
}

// constant is the constant of an attribute and its fields of the index.
func constant(attribute string, fields ...string) string {
	if len(fields) == 1 && (fields[0] == attribute || fields[0] == "") {
		return attribute
	}
	return attribute + ":" + strings.Join(fields, ",")
}
