package main

import (
	"regexp"
	"strings"
	"unicode"
)

// initialisms are written in capitals, as oapi-codegen writes them in gen/atlanapi: the two packages name an attribute
// alike.
var initialisms = map[string]bool{
	"acl": true, "amqp": true, "api": true, "ascii": true, "cpu": true, "css": true, "db": true, "dns": true, "eof": true,
	"gid": true, "guid": true, "html": true, "http": true, "https": true, "id": true, "ip": true, "json": true, "qps": true,
	"ram": true, "rpc": true, "rtp": true, "sip": true, "sla": true, "smtp": true, "sql": true, "ssh": true, "tcp": true,
	"tls": true, "ts": true, "ttl": true, "udp": true, "ui": true, "uid": true, "uri": true, "url": true, "utf8": true,
	"uuid": true, "vm": true, "xml": true, "xmpp": true, "xsrf": true, "xss": true,
}

var word = regexp.MustCompile(`[\p{Lu}\d]+([\p{Ll}\d]+|$)`)

// goName is the exported Go name of an attribute: sourceURL and sourceUrl are SourceURL, __hasLineage is HasLineage.
func goName(name string) string {
	var camel strings.Builder
	upper := true
	for _, r := range name {
		switch {
		case unicode.IsLetter(r) && upper:
			camel.WriteRune(unicode.ToUpper(r))
			upper = false
		case unicode.IsLetter(r):
			camel.WriteRune(r)
		case unicode.IsDigit(r):
			camel.WriteRune(r)
			upper = true
		default:
			upper = true
		}
	}
	return word.ReplaceAllStringFunc(camel.String(), func(part string) string {
		if initialisms[strings.ToLower(part)] {
			return strings.ToUpper(part)
		}
		return part
	})
}

var symbols = strings.NewReplacer("!=", "NEQ", "<=", "LTE", ">=", "GTE", "<", "LT", ">", "GT", "=", "EQ")

// valueName is the part of a constant's name for a value of an enumeration: NOT_NULL is NotNull, RA-GRS RaGrs, "" None.
func valueName(value string) string {
	if value == "" {
		return "None"
	}
	if name := symbols.Replace(value); name != value && !strings.ContainsFunc(value, unicode.IsLetter) {
		return name
	}
	if color, ok := strings.CutPrefix(value, "#"); ok {
		return color
	}
	if strings.ToUpper(value) == value {
		value = strings.ToLower(value)
	}
	return goName(value)
}
