package link

import "time"

// flight is a packet on the way.
type flight struct {
	packet []byte
	at     time.Duration // it arrives
}

// line is a first-in, first-out queue in a ring that grows by doubling.
type line struct {
	ring   []flight // its length is a power of two
	head   int
	length int
}

func (l *line) push(f flight) {
	if l.length == len(l.ring) {
		l.grow()
	}
	l.ring[(l.head+l.length)&(len(l.ring)-1)] = f
	l.length++
}

func (l *line) first() *flight { return &l.ring[l.head] }

func (l *line) pop() flight {
	f := l.ring[l.head]
	l.ring[l.head] = flight{}
	l.head = (l.head + 1) & (len(l.ring) - 1)
	l.length--
	return f
}

func (l *line) grow() {
	ring := make([]flight, max(64, 2*len(l.ring)))
	n := copy(ring, l.ring[l.head:])
	copy(ring[n:], l.ring[:l.head])
	l.ring, l.head = ring, 0
}
