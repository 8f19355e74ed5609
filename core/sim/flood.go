package sim

import (
	"encoding/binary"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

// floodEvery is how often a flood comes; a wave of it is a tenth of a second's.
const floodEvery = 100 * time.Millisecond

// requestFlood asks everybody for blocks, a thousand a second, whether it is
// choked or not.
type requestFlood struct{ plain }

func (requestFlood) act(p *Peer) time.Duration {
	layout := p.holds[0].content.Info.Layout
	for _, e := range p.everyone() {
		for range 100 {
			if e.sent > 0 {
				b := layout.Block(metainfo.PieceIndex(p.rng.IntN(layout.Pieces())), 0)
				p.send(e, wire.Request{Piece: uint32(b.Piece), Length: uint32(b.Length)})
			}
		}
	}
	return floodEvery
}

// keepAliveFlood sends everybody a megabyte of keep-alives a second.
type keepAliveFlood struct {
	plain
	wave []byte // shared by all that receive it, and written by none
}

func newKeepAliveFlood() keepAliveFlood { return keepAliveFlood{wave: make([]byte, 100_000)} }

func (b keepAliveFlood) act(p *Peer) time.Duration {
	for _, e := range p.everyone() {
		if e.sent > 0 {
			p.world.transmit(e, b.wave)
		}
	}
	return floodEvery
}

// megabyte is the length that a bigTalker announces.
const megabyte = 1 << 20

// bigTalker says, once to everybody, that a message of a megabyte comes, of a
// kind that nobody knows, and begins with it.
type bigTalker struct{ plain }

func (bigTalker) say(e *end, m wire.Message) wire.Message {
	if _, ok := m.(wire.Handshake); ok {
		e.peer.world.after(time.Second, func() { e.bigTalk() })
	}
	return m
}

func (e *end) bigTalk() {
	if e.open && !e.closed {
		head := append(binary.BigEndian.AppendUint32(nil, megabyte), 99)
		e.peer.world.transmit(e, append(head, make([]byte, 16<<10)...))
	}
}
