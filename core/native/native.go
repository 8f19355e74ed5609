//go:build !js

// Package native holds the ports of a program outside the browser: stores on
// disk (OpenDir), files that are seeded where they lie (OpenFiles), WebSockets
// and HTTP. In come the calls of core/client, out come its callbacks, from
// goroutines that end with Close. It knows nothing of peers and trackers.
package native
