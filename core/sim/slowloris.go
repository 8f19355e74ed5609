package sim

import (
	"time"

	"github.com/shoal-p2p/shoal/core/wire"
)

// lorisRate is how many bytes a second a slow loris says to one peer, from its
// first block on.
const lorisRate = 10

// slowLoris unchokes everybody, serves a few bytes a second of the first block
// that it is asked for, and says nothing else any more.
type slowLoris struct{}

func (slowLoris) say(e *end, m wire.Message) wire.Message {
	if e.odd.trickle != nil {
		return nil
	}
	block, ok := m.(wire.Piece)
	if !ok {
		return m
	}
	e.odd.trickle = e.peer.encode(block)
	return nil
}

func (slowLoris) act(p *Peer) time.Duration {
	for _, e := range p.everyone() {
		if n := min(lorisRate, len(e.odd.trickle)); n > 0 {
			p.world.transmit(e, e.odd.trickle[:n:n])
			e.odd.trickle = e.odd.trickle[n:]
		}
	}
	return time.Second
}
