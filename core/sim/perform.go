package sim

import (
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
	"github.com/shoal-p2p/shoal/core/wire"
)

// diskDelay is how long a store takes to answer.
const diskDelay = time.Millisecond

func (p *Peer) perform(e node.Effect) {
	w := p.world
	switch e := e.(type) {
	case node.Offer:
		p.newEnd(e.Conn)
		p.later(w.cfg.Gather, node.Described{Conn: e.Conn, SDP: describe('o', p, e.Conn)})
	case node.Accept:
		w.accept(p, e.Conn, e.SDP)
	case node.Apply:
		w.apply(p, e.Conn, e.SDP)
	case node.Send:
		if end := p.conns[e.Conn]; end != nil {
			w.send(end, wire.Append(nil, e.Msg))
		}
	case node.Close:
		w.note(p.index, "close "+e.Reason, int64(e.Conn))
		if end := p.conns[e.Conn]; end != nil {
			w.hangUp(end, 0)
		}
	case node.ToTracker:
		p.performTracker(e.Effect)
	case node.ToStore:
		p.performStore(e.InfoHash, e.Effect)
	case node.Told:
		w.note(p.index, "told", 0)
		p.events = append(p.events, Told{w.now, e.InfoHash, e.Effect})
	case node.Met, node.Left:
		w.note(p.index, "peer", int64(p.node.Connections()))
	case node.Warned:
		p.Warnings = append(p.Warnings, e.Err)
	default:
		panic("sim: unknown effect of node")
	}
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

func (p *Peer) performStore(infoHash id.ID, e swarm.Effect) {
	answer := func(ev swarm.Event) {
		p.later(diskDelay, node.Torrent{InfoHash: infoHash, Event: ev})
	}
	switch e := e.(type) {
	case swarm.Open:
		if p.stores[infoHash] == nil {
			p.stores[infoHash] = &store{info: e.Info, data: make([]byte, e.Info.Layout.Length())}
		}
		answer(swarm.Opened{Have: p.stores[infoHash].have()})
	case swarm.Write:
		p.stores[infoHash].write(e.Block, e.Data)
		answer(swarm.Wrote{Block: e.Block})
	case swarm.Verify:
		answer(swarm.Verified{Piece: e.Piece.Index, Digest: p.stores[infoHash].digest(e.Piece)})
	case swarm.Read:
		answer(swarm.ReadDone{Piece: e.Piece.Index, Data: p.stores[infoHash].read(e.Piece)})
	default:
		panic("sim: unknown effect of a swarm's store")
	}
}
