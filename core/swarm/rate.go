package swarm

import "time"

const (
	// shortWindow is over how many seconds speeds are shown.
	shortWindow = 5
	// longWindow is over how many seconds peers are compared for unchoking: two
	// rounds, as BEP 3 has it.
	longWindow = 20
)

// meter counts bytes, in all and over the last seconds. Its zero value is ready.
type meter struct {
	total   int64
	first   time.Time             // of the first bytes
	seconds [longWindow + 1]int64 // bytes of each second, in a ring
	latest  int64                 // the last second that was written
}

// count adds payload bytes to a meter of a peer and the swarm's.
func (s *Swarm) count(p *peer, one, all *meter, bytes int) {
	p.used = s.now
	one.add(s.now, int64(bytes))
	all.add(s.now, int64(bytes))
	s.wakeBy(s.now.Add(time.Second))
}

func (m *meter) add(now time.Time, bytes int64) {
	if m.first.IsZero() {
		m.first, m.latest = now, now.Unix()
	}
	// What lies further back than the ring is long is older than any window.
	m.latest = max(m.latest, now.Unix()-int64(len(m.seconds)))
	for m.latest < now.Unix() {
		m.latest++
		*m.second(m.latest) = 0
	}
	m.total += bytes
	*m.second(m.latest) += bytes
}

func (m *meter) second(t int64) *int64 {
	n := int64(len(m.seconds))
	return &m.seconds[(t%n+n)%n]
}

// rate is bytes per second over the last window seconds, the one that has just
// begun included; in the beginning over the time since then, at least a second.
func (m *meter) rate(now time.Time, window int64) int64 {
	var sum int64
	for t := max(now.Unix()-window, m.latest-longWindow); t <= m.latest; t++ {
		sum += *m.second(t)
	}
	if sum == 0 {
		return 0
	}
	covered := time.Duration(window)*time.Second + time.Duration(now.Nanosecond())
	covered = max(min(covered, now.Sub(m.first)), time.Second)
	return int64(float64(sum) / covered.Seconds())
}
