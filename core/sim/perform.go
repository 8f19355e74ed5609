package sim

import (
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
)

// diskDelay is how long a store takes to answer.
const diskDelay = time.Millisecond

// perform carries out what the peer's node wants.
func (p *Peer) perform(e node.Effect) {
	w := p.world
	switch e := e.(type) {
	case node.Send:
		if end := p.conns[e.Conn]; end != nil {
			p.say(end, e.Msg)
		}
	case node.Offer:
		p.newEnd(e.Conn)
		p.counted()
		p.later(w.cfg.Gather, node.Described{Conn: e.Conn, SDP: describe('o', p, e.Conn)})
	case node.Accept:
		w.accept(p, e.Conn, e.SDP)
		p.counted()
	case node.Apply:
		w.apply(p, e.Conn, e.SDP)
	case node.Close:
		w.note(p.index, noteClosed, int64(e.Conn))
		if end := p.conns[e.Conn]; end != nil {
			p.flush()
			w.hangUp(end, 0)
		}
	case node.ToTracker:
		p.performTracker(e.Effect)
	case node.ToStore:
		p.performStore(p.holding(e.InfoHash), e.Effect)
	case node.ToWeb:
		w.web.perform(p, e.InfoHash, e.Effect)
	case node.Told:
		p.hearNode(Told{e.InfoHash, e.Effect})
	case node.Met:
		p.account.met++
		p.account.known = max(p.account.known, p.account.met)
		w.note(p.index, noteMet, int64(p.account.met))
	case node.Left:
		p.account.met--
	case node.Warned:
		p.Warnings = append(p.Warnings, e.Err)
	default:
		panic("sim: unknown effect of node")
	}
}

func (p *Peer) hearNode(t Told) {
	p.world.note(p.index, noteTold, int64(p.account.pieces))
	p.noted(t)
	if p.world.told != nil {
		p.world.told(p, t)
	}
}

func (p *Peer) counted() {
	p.account.connections = max(p.account.connections, len(p.conns))
}

func (p *Peer) performTracker(e tracker.Effect) {
	switch e := e.(type) {
	case tracker.Open:
		p.world.tracker.open(p)
	case tracker.Send:
		p.world.tracker.said(p, e.Data)
	case tracker.Close:
		p.world.tracker.close(p)
	default:
		panic("sim: unknown effect of tracker")
	}
}

func (p *Peer) performStore(h *holding, e swarm.Effect) {
	switch e := e.(type) {
	case swarm.Open:
		if h.store == nil {
			h.store = newStore(h.content, false)
		}
		p.answer(h.hash, swarm.Opened{Have: h.store.verified.Clone()})
	case swarm.Write:
		h.store.write(e.Block, e.Data)
		p.answer(h.hash, swarm.Wrote{Block: e.Block})
	case swarm.Verify:
		if !h.store.intact(e.Piece.Index) {
			p.account.spoiled++
		}
		p.answer(h.hash, swarm.Verified{Piece: e.Piece.Index, Digest: h.store.digest(e.Piece)})
	case swarm.Read:
		p.answer(h.hash, swarm.ReadDone{Piece: e.Piece.Index, Data: h.store.read(e.Piece)})
	default:
		panic("sim: unknown effect of a swarm's store")
	}
}

// answer is what a store says, a little later.
func (p *Peer) answer(hash id.ID, ev swarm.Event) {
	p.later(diskDelay, node.Torrent{InfoHash: hash, Event: ev})
}
