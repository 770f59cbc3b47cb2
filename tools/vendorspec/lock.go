package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// A lock is specs/lock.json: for every document where it came from and what it is.
type lock struct {
	Documents []entry `json:"documents"`
}

// An entry is one document of the lock.
type entry struct {
	Service string `json:"service"`
	File    string `json:"file"`
	Source  string `json:"source"`
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
	// Generator is the version of the program that makes Go of the document; the asset model has none.
	Generator string `json:"generator,omitempty"`
}

// readLock reads a lock. A member that it does not know is an error, because it would be lost.
func readLock(text []byte) (lock, error) {
	var l lock
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&l); err != nil {
		return lock{}, fmt.Errorf("lock.json: %w", err)
	}
	return l, nil
}

// text prints the lock.
func (l lock) text() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(l); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// find is the entry of a file, or nil.
func (l lock) find(file string) *entry {
	if i := slices.IndexFunc(l.Documents, func(e entry) bool { return e.File == file }); i >= 0 {
		return &l.Documents[i]
	}
	return nil
}

// with is the lock with an entry in place of the one for its file.
func (l lock) with(e entry) lock {
	documents := slices.Clone(l.Documents)
	if i := slices.IndexFunc(documents, func(d entry) bool { return d.File == e.File }); i >= 0 {
		documents[i] = e
	} else {
		documents = append(documents, e)
	}
	return lock{documents}
}

func checksum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
