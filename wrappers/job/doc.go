// Package job is one way to wait for jobs that run at a service, whatever the service.
package job
