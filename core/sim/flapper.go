package sim

import (
	"time"

	"github.com/shoal-p2p/shoal/core/wire"
)

// flapEvery is how often a choke flapper changes its mind.
const flapEvery = 200 * time.Millisecond

// flapper chokes and unchokes everybody in turn, and serves nothing.
type flapper struct{ choking bool }

func (*flapper) say(_ *end, m wire.Message) wire.Message {
	switch m.(type) {
	case wire.Choke, wire.Unchoke, wire.Piece:
		return nil
	}
	return m
}

func (*flapper) hear(_ *end, m wire.Message) bool {
	_, asked := m.(wire.Request)
	return !asked
}

func (b *flapper) act(p *Peer) time.Duration {
	b.choking = !b.choking
	for _, e := range p.everyone() {
		if e.sent == 0 {
			continue // not before its handshake
		}
		if b.choking {
			p.send(e, wire.Choke{})
		} else {
			p.send(e, wire.Unchoke{})
		}
	}
	return flapEvery
}
