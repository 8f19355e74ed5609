//go:build !js && windows

package native

import "syscall"

// full lists what a system says whose disk has no room, or no more for this user:
// ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL and ERROR_DISK_QUOTA_EXCEEDED.
var full = []error{syscall.Errno(39), syscall.Errno(112), syscall.Errno(1295)}
