package swarm

import "time"

// uplink measures what leaves over all channels, so that there are as many
// slots as it can fill.
type uplink struct {
	waiting int64         // encoded bytes that were sent and have not left
	left    int64         // bytes that have left since the measure began
	began   time.Time     // the measure
	emptied time.Time     // since when nothing waits
	idle    time.Duration // how long nothing waited since the measure began
}

// full is which part of a round something must have waited to leave for the
// uplink to be full: a channel tells late of what has left.
const full = 0.9

// add says that bytes wait to leave.
func (u *uplink) add(now time.Time, bytes int64) {
	if u.waiting == 0 {
		u.idle += now.Sub(later(u.emptied, u.began))
	}
	u.waiting += bytes
}

// gone says that bytes do not wait any more, as they have left or their channel
// is closed.
func (u *uplink) gone(now time.Time, bytes int64) {
	if bytes > 0 && bytes == u.waiting {
		u.emptied = now
	}
	u.waiting -= bytes
}

// measure returns how many bytes per second have left since the last measure,
// and whether something waited nearly all the time.
func (u *uplink) measure(now time.Time) (rate int64, isFull bool) {
	if u.waiting == 0 {
		u.idle += now.Sub(later(u.emptied, u.began))
	}
	took := now.Sub(u.began)
	if took > 0 {
		rate = int64(float64(u.left) / took.Seconds())
		isFull = float64(u.idle) < (1-full)*float64(took)
	}
	u.began, u.left, u.idle = now, 0, 0
	return rate, isFull
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// drainedTo takes over how much has left a peer's channel.
func (s *Swarm) drainedTo(p *peer, total int64) {
	total = min(total, p.sent)
	if total <= p.drained {
		return
	}
	s.turns.uplink.left += total - p.drained
	s.turns.uplink.gone(s.now, total-p.drained)
	p.drained = total
}
