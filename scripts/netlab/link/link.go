// Package link is the model of one direction of an access link: a queue bounded
// in bytes before a wire of so many bytes per second, loss on that wire, and the
// time that the way takes. Packets go in with the time of their arrival and come
// out in that order with the time at which they reach the other end.
//
// It has no clock and starts nothing: time is what has passed since the network
// began, and chance is the *rand.Rand that New gets. It neither reorders nor
// duplicates packets, and its delay does not vary.
package link

import (
	"errors"
	"math/rand/v2"
	"time"
)

const (
	// MaxFlight is how many packets may be on the way. A link without a rate
	// would otherwise hold whatever is sent to it: this is 50 ms at 1.5 GB/s.
	MaxFlight = 1 << 16
	// maxQueue keeps the arithmetic of waiting bytes within 63 bits.
	maxQueue = 1 << 30
	maxRate  = 1 << 33
)

// Config says what a direction is like. The zero value carries everything at
// once.
type Config struct {
	Delay time.Duration // from one end to the other, beside queue and wire
	Rate  int           // bytes per second; 0 is no limit, and no queue then
	Queue int           // bytes that may wait for the wire or be on it
	Loss  float64       // probability that a packet is lost on the wire
}

// Check says what is wrong with a configuration.
func (c Config) Check() error {
	switch {
	case c.Delay < 0 || c.Delay > time.Minute:
		return errors.New("delay is not between 0 and a minute")
	case c.Rate < 0 || c.Rate > maxRate:
		return errors.New("rate is not between 0 and 8 GiB/s")
	case c.Queue < 0 || c.Queue > maxQueue:
		return errors.New("queue is not between 0 and 1 GiB")
	case !(c.Loss >= 0 && c.Loss <= 1):
		return errors.New("loss is not between 0 and 1")
	}
	return nil
}

// Stats counts packets, and the bytes of those that were carried.
type Stats struct {
	Packets  int `json:"packets"`  // carried
	Bytes    int `json:"bytes"`    // carried
	Full     int `json:"full"`     // refused, as the queue was full
	Lost     int `json:"lost"`     // lost on the wire
	Overflow int `json:"overflow"` // refused, as MaxFlight were on the way
}

// Link is one direction.
type Link struct {
	cfg   Config
	rng   *rand.Rand
	idle  time.Duration // when the wire has sent all that waits for it
	line  line
	stats Stats
}

// New makes a link that nothing is on. It panics where cfg.Check complains.
func New(cfg Config, rng *rand.Rand) *Link {
	if err := cfg.Check(); err != nil {
		panic("link: " + err.Error())
	}
	return &Link{cfg: cfg, rng: rng}
}

// Send hands a packet over at a time, which is not before that of the packet
// before it. Where it says false the packet will not arrive and stays the
// caller's; else it is the link's until Receive gives it back.
func (l *Link) Send(now time.Duration, packet []byte) bool {
	if l.line.length == MaxFlight {
		l.stats.Overflow++
		return false
	}
	if l.cfg.Rate > 0 {
		if l.waiting(now)+len(packet) > l.cfg.Queue {
			l.stats.Full++
			return false
		}
		now = l.serialize(now, len(packet))
	}
	// What is lost has been sent: it took its time on the wire.
	if l.cfg.Loss > 0 && l.rng.Float64() < l.cfg.Loss {
		l.stats.Lost++
		return false
	}
	l.stats.Packets++
	l.stats.Bytes += len(packet)
	l.line.push(flight{packet, now + l.cfg.Delay})
	return true
}

// waiting is how many bytes the wire has not sent yet.
func (l *Link) waiting(now time.Duration) int {
	return int(max(0, l.idle-now)) * l.cfg.Rate / int(time.Second)
}

// serialize puts bytes on the wire and says when the last of them is sent.
func (l *Link) serialize(now time.Duration, size int) time.Duration {
	l.idle = max(l.idle, now) + time.Duration(size)*time.Second/time.Duration(l.cfg.Rate)
	return l.idle
}

// Next is when the next packet arrives, and false while none is on the way.
func (l *Link) Next() (at time.Duration, ok bool) {
	if l.line.length == 0 {
		return 0, false
	}
	return l.line.first().at, true
}

// Receive takes the packet out that Next is about.
func (l *Link) Receive() []byte {
	return l.line.pop().packet
}

// Stats is what has become of the packets so far.
func (l *Link) Stats() Stats { return l.stats }
