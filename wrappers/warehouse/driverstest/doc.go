// Package driverstest runs package warehouse with real drivers: every data
// source name is given to the parser of the driver it is for, and everything
// that reads tables runs against a PostgreSQL server through pgx. It is a
// module of its own because of those drivers, and holds nothing but tests.
package driverstest
