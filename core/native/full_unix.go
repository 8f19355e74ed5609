//go:build !js && unix

package native

import "syscall"

// full lists what a system says whose disk has no room, or no more for this user.
var full = []error{syscall.ENOSPC, syscall.EDQUOT}
