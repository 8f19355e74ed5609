//go:build linux

// Package router joins hosts, each a TUN device with an access link, by one
// loop in one thread: packets are read, put on the sender's link up, at its end
// on the receiver's link down, and written. It counts how late it was. The loop
// allocates nothing once it has seen its largest load.
package router

import (
	"runtime"
	"time"

	"github.com/shoal-p2p/shoal/scripts/netlab/link"
	"github.com/shoal-p2p/shoal/scripts/netlab/tun"
)

const (
	// MTU is what every device has: Ethernet's, as on most ways through the
	// internet.
	MTU = 1500
	// burst is how many packets are read from a device before others get their
	// turn, and before those that are due are written.
	burst = 64
	// rest is the least time between two looks at an idle network, as network
	// cards have one between two interrupts. Without it each packet of a stream
	// wakes the router twice, which at 20 MB/s costs half as much again.
	rest = 100 * time.Microsecond
)

// Host is an end of the network.
type Host struct {
	Address  [4]byte // IPv4
	Device   *tun.Device
	Up, Down *link.Link
}

// Router carries packets between hosts. Run is its loop; Do and Stop may be
// called from elsewhere until Run has ended.
type Router struct {
	hosts     []*Host
	byAddress map[[4]byte]*Host
	poller    *tun.Poller
	asked     chan func()
	stopped   bool
	began     time.Time
	spare     [][]byte // buffers that hold no packet
	late      Lateness
	strays    int
}

// New makes a router of hosts. Their devices stay the caller's, to be closed
// after Run.
func New(hosts []*Host) (*Router, error) {
	r := &Router{hosts: hosts, byAddress: make(map[[4]byte]*Host), asked: make(chan func(), 16), began: time.Now()}
	devices := make([]*tun.Device, len(hosts))
	for i, h := range hosts {
		devices[i] = h.Device
		r.byAddress[h.Address] = h
	}
	var err error
	r.poller, err = tun.NewPoller(devices)
	return r, err
}

// Do has f called by the loop, between packets.
func (r *Router) Do(f func()) {
	r.asked <- f
	r.poller.Wake()
}

// Stop ends Run.
func (r *Router) Stop() { r.Do(func() { r.stopped = true }) }

// Late tells how late packets were written. It is for a call by Do.
func (r *Router) Late() *Lateness { return &r.late }

// Strays is how many packets were for nobody. It is for a call by Do.
func (r *Router) Strays() int { return r.strays }

// Run carries packets until Stop.
func (r *Router) Run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for more := false; !r.stopped; {
		if !more {
			r.poller.Sleep(rest)
		}
		r.poller.Wait(r.pause(more))
		more = r.read()
		r.carry()
		if r.poller.Woken() {
			r.answer()
		}
	}
}

func (r *Router) now() time.Duration { return time.Since(r.began) }

// pause is how long the loop may wait for a packet; a negative time is for
// ever.
func (r *Router) pause(more bool) time.Duration {
	if more {
		return 0
	}
	next, _, at := r.earliest()
	if next == nil {
		return -1
	}
	return max(0, at-r.now())
}

// read takes a burst from each device that has packets, and says whether there
// may be more.
func (r *Router) read() (more bool) {
	now := r.now()
	for i, h := range r.hosts {
		if r.poller.Ready(i) && r.readFrom(h, now) {
			more = true
		}
	}
	return more
}

func (r *Router) readFrom(h *Host, now time.Duration) (more bool) {
	for range burst {
		packet, ok := h.Device.Read(r.buffer())
		if !ok {
			r.free(packet)
			return false
		}
		if !h.Up.Send(now, packet) {
			r.free(packet)
		}
	}
	return true
}

// carry moves every packet on whose time has come, the earliest first: from a
// link up to the receiver's link down, and from there to its device.
func (r *Router) carry() {
	now := r.now()
	for {
		from, h, at := r.earliest()
		if from == nil || at > now {
			return
		}
		packet := from.Receive()
		if from == h.Down {
			h.Device.Write(packet)
			r.late.note(now - at)
			r.free(packet)
		} else if to := r.receiver(packet); to == nil || !to.Down.Send(at, packet) {
			r.free(packet)
		}
	}
}

// earliest finds the link of which the next packet comes, whose it is, and
// when; nil is none.
func (r *Router) earliest() (next *link.Link, of *Host, at time.Duration) {
	for _, h := range r.hosts {
		for _, l := range [...]*link.Link{h.Up, h.Down} {
			if t, some := l.Next(); some && (next == nil || t < at) {
				next, of, at = l, h, t
			}
		}
	}
	return next, of, at
}

// receiver is the host that an IPv4 packet is for.
func (r *Router) receiver(packet []byte) *Host {
	if len(packet) >= 20 && packet[0]>>4 == 4 {
		if h := r.byAddress[[4]byte(packet[16:20])]; h != nil {
			return h
		}
	}
	r.strays++
	return nil
}

func (r *Router) buffer() []byte {
	last := len(r.spare) - 1
	if last < 0 {
		return make([]byte, MTU)
	}
	b := r.spare[last]
	r.spare = r.spare[:last]
	return b
}

func (r *Router) free(packet []byte) { r.spare = append(r.spare, packet[:MTU]) }

func (r *Router) answer() {
	for {
		select {
		case f := <-r.asked:
			f()
		default:
			return
		}
	}
}
