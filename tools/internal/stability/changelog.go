package stability

import (
	"path"
	"regexp"
	"strings"

	"golang.org/x/mod/semver"
)

// changelog is what CHANGELOG.md says about the time since a release.
type changelog struct {
	next     string          // the version that the topmost section is for, "" while it is called Unreleased
	breaking map[string]bool // what stands in backticks under "### Breaking changes"
}

var (
	version = regexp.MustCompile(`v\d+\.\d+\.\d+[-+.0-9A-Za-z]*`)
	quoted  = regexp.MustCompile("`([^`]+)`")
)

// parseChangelog reads the sections above the one of the release tag.
func parseChangelog(text, tag string) changelog {
	log := changelog{breaking: map[string]bool{}}
	first, breaking := true, false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "## "):
			named := version.FindString(line)
			if named != "" && semver.Compare(named, tag) <= 0 {
				return log
			}
			if first {
				log.next = named
			}
			first, breaking = false, false
		case strings.HasPrefix(line, "### "):
			breaking = strings.EqualFold(strings.TrimSpace(strings.TrimPrefix(line, "### ")), "Breaking changes")
		case breaking:
			for _, match := range quoted.FindAllStringSubmatch(line, -1) {
				log.breaking[match[1]] = true
			}
		}
	}
	return log
}

// announces reports whether the change is named: its symbol, or the type that it is a member of; a package by its import
// path, or the end of it from wrappers on.
func (log changelog) announces(c Change) bool {
	if c.Symbol == "" {
		for at := c.Package; ; {
			if log.breaking[at] {
				return true
			}
			_, rest, ok := strings.Cut(at, "/")
			if !ok || path.Base(at) == rest {
				return false
			}
			at = rest
		}
	}
	for name := c.Name(); strings.Contains(name, "."); name = name[:strings.LastIndexByte(name, '.')] {
		if log.breaking[name] {
			return true
		}
	}
	return false
}
