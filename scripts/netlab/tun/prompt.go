//go:build linux

package tun

import (
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

// schedFIFO is SCHED_FIFO of sched.h.
const schedFIFO = 1

// Prompt puts all threads of this process before those of ordinary programs: a
// wire does not wait for who uses it. All of them, since a goroutine that has
// run for long is handed on by another thread. Where it is not allowed it says
// why, and a router is late when the machine is busy.
func Prompt() error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	priority := int32(1) // the lowest there is above all ordinary ones
	for _, thread := range threads {
		id, _ := strconv.Atoi(thread.Name())
		_, _, errno := syscall.Syscall(syscall.SYS_SCHED_SETSCHEDULER, uintptr(id), schedFIFO, uintptr(unsafe.Pointer(&priority)))
		if errno != 0 && errno != syscall.ESRCH {
			return errno
		}
	}
	return nil
}
