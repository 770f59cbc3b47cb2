// Package origin reads the files of a document from where it is published: a folder of this machine, or an origin
// (scheme, host and port) of the web. What a document refers to is read only there: not from another host, not above
// the folder, not through a link or a redirect that leads out.
package origin
