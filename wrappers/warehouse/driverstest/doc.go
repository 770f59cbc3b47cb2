// Package driverstest gives every data source name that package warehouse
// builds to the parser of the driver it is for. It is a module of its own
// because of those drivers, and holds nothing but tests.
package driverstest
