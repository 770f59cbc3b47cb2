// Package atlantest is a fake of an Atlan tenant for tests and demonstrations: a stateful server with the service's
// quirks, faults on demand, and a check of every exchange against the OpenAPI document.
package atlantest
