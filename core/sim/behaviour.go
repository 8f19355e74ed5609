package sim

import (
	"time"

	"github.com/shoal-p2p/shoal/core/wire"
)

// Behaviour is what an enemy does at the border of its node, which is itself
// like any other: it changes what the node says, keeps from it what it should
// hear, and says things on its own.
type Behaviour interface {
	// say gives what is sent in place of a message, nil for nothing.
	say(e *end, m wire.Message) wire.Message
	// act is called when the peer begins a life, and again after the time that
	// it returns, until that is 0.
	act(p *Peer) time.Duration
}

// listener is a Behaviour that hears before its node does, and says whether the
// node hears too.
type listener interface {
	hear(e *end, m wire.Message) bool
}

// outcast is a Behaviour that is told when somebody has banned its peer.
type outcast interface {
	banned(p *Peer)
}

// plain does nothing of all this; behaviours are built upon it.
type plain struct{}

func (plain) say(_ *end, m wire.Message) wire.Message { return m }
func (plain) act(*Peer) time.Duration                 { return 0 }

// oddity is what an enemy keeps of one connection.
type oddity struct {
	trickle []byte // what a slow loris has still to say
	repeat  wire.Message
}

// behave lets an enemy act on its own, as long as this life lasts.
func (p *Peer) behave() {
	if p.honest() {
		return
	}
	life := p.life
	var again func()
	again = func() {
		if p.gone || p.life != life {
			return
		}
		wait := p.cfg.Behaviour.act(p)
		p.flush()
		if wait > 0 {
			p.world.after(wait, again)
		}
	}
	p.world.after(0, again)
}

// say sends what the node wants to send, or what its behaviour makes of it.
func (p *Peer) say(e *end, m wire.Message) {
	if p.honest() {
		p.send(e, m)
		return
	}
	said := p.cfg.Behaviour.say(e, m)
	if said == nil {
		p.world.swallow(e, wire.Size(m))
		return
	}
	p.send(e, said)
}

// hear returns what of the bytes that came the node gets to hear.
func (p *Peer) hear(e *end, data []byte) []byte {
	if from := e.other.peer; !from.honest() && p.honest() {
		p.judge(from, data)
	}
	ears, ok := p.cfg.Behaviour.(listener)
	if !ok {
		return data
	}
	var heard []byte
	e.ear.Write(data)
	for m, err := e.ear.Next(); m != nil && err == nil; m, err = e.ear.Next() {
		if ears.hear(e, m) {
			heard = wire.Append(heard, m)
		}
	}
	p.flush()
	return heard
}

// judge notes a corrupt block, as only the world can tell one.
func (p *Peer) judge(from *Peer, data []byte) {
	const idPiece = 7
	if len(data) <= imageHead || data[4] != idPiece {
		return
	}
	m, ok := readPiece(data)
	if !ok {
		return
	}
	for _, h := range p.holds {
		if b, ok := h.content.Info.Layout.Range(m.Piece, m.Begin, uint32(len(m.Block))); ok && !h.content.right(b, m.Block) {
			p.account.poison(from.id)
		}
	}
}

// everyone lists the ends at which an enemy can say something.
func (p *Peer) everyone() []*end {
	var open []*end
	for _, e := range p.live() {
		if e.open {
			open = append(open, e)
		}
	}
	return open
}
