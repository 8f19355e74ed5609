//go:build !js && !unix && !windows

package native

// full lists what a system says whose disk has no room; of others it is not known.
var full []error
