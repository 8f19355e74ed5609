// Package slices is empty: a test of anacrolix's bencode, which never runs
// here, names it, and "go mod tidy" wants every named package to exist.
package slices
