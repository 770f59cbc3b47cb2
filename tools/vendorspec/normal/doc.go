// Package normal brings documents into the normal form of specs/: OpenAPI 3.0.3 in one file, the facts of the wire
// without prose, connector configurations free-form, paths relative to our server URL, in an order that moves only when
// the facts do. docs/adr/0008 says what the form is and why.
//
// Two principles decide what happens to what OpenAPI 3.0 cannot say. The normal form may allow more than the published
// document, never less, and every widening is a [Note]. What cannot be kept even so is refused, with its JSON pointer.
package normal
