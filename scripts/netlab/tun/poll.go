//go:build linux

package tun

import (
	"syscall"
	"time"
	"unsafe"
)

// readable is POLLIN of poll.h.
const readable = 1

// pollFd is struct pollfd of poll.h.
type pollFd struct {
	fd      int32
	events  int16
	revents int16
}

// Poller waits until one of several devices has a packet, or until it is woken.
// One goroutine waits; any may wake it.
type Poller struct {
	fds  []pollFd // the first is the reading end of the pipe
	wake int      // its writing end
}

// NewPoller makes a poller for devices; their order is that of Ready.
func NewPoller(devices []*Device) (*Poller, error) {
	var pipe [2]int
	if err := syscall.Pipe2(pipe[:], syscall.O_NONBLOCK|syscall.O_CLOEXEC); err != nil {
		return nil, err
	}
	p := &Poller{fds: []pollFd{{fd: int32(pipe[0]), events: readable}}, wake: pipe[1]}
	for _, d := range devices {
		p.fds = append(p.fds, pollFd{fd: int32(d.fd), events: readable})
	}
	return p, nil
}

// Wait returns when a device has a packet, after Wake, or when so much time has
// passed; a negative time is for ever.
func (p *Poller) Wait(timeout time.Duration) { p.wait(p.fds, timeout) }

// Sleep returns when so much time has passed, or after Wake.
func (p *Poller) Sleep(timeout time.Duration) { p.wait(p.fds[:1], timeout) }

func (p *Poller) wait(fds []pollFd, timeout time.Duration) {
	var limit *syscall.Timespec
	if timeout >= 0 {
		spec := syscall.NsecToTimespec(int64(timeout))
		limit = &spec
	}
	// ppoll is poll with nanoseconds; to be interrupted is as good as to be early.
	// A call with an end is hidden from Go's scheduler, which would else look at
	// it every 20 µs and take more of the processor than the router itself.
	array, length, end := unsafe.Pointer(unsafe.SliceData(fds)), uintptr(len(fds)), unsafe.Pointer(limit)
	if limit != nil {
		syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(array), length, uintptr(end), 0, 0, 0)
	} else {
		syscall.Syscall6(syscall.SYS_PPOLL, uintptr(array), length, uintptr(end), 0, 0, 0)
	}
}

// Ready says whether device i had a packet when Wait returned.
func (p *Poller) Ready(i int) bool { return p.fds[i+1].revents != 0 }

// Woken says whether Wake was called since it was last asked.
func (p *Poller) Woken() bool {
	if p.fds[0].revents == 0 {
		return false
	}
	var drain [64]byte
	for {
		if n, err := syscall.Read(int(p.fds[0].fd), drain[:]); n <= 0 || err != nil {
			return true
		}
	}
}

// Wake ends a Wait, or the next one. A full pipe has one waiting already.
func (p *Poller) Wake() { syscall.Write(p.wake, []byte{0}) }

// Close gives the pipe back; nobody may wait or wake any more.
func (p *Poller) Close() {
	syscall.Close(int(p.fds[0].fd))
	syscall.Close(p.wake)
}
