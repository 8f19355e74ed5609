package picker

import (
	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// Peer is what the picker knows of one peer, from Join to Leave.
type Peer struct {
	ID uint64 // the caller's name for it

	all         bool               // has every piece; has is nil then
	has         *bitfield.Bitfield // what it has
	interesting int                // pieces it has that are wanted and missing; not kept while all
	startable   int                // pieces it has that are in the order; not kept while all
	inflight    int                // blocks that it was asked for
	current     *partial           // the piece it was last asked for
	gone        bool
}

// Join adds a peer that has nothing yet.
func (p *Picker) Join(id uint64) *Peer {
	peer := &Peer{ID: id, has: bitfield.New(p.layout.Pieces())}
	p.peers = append(p.peers, peer)
	return peer
}

// Leave takes a peer out. What it was asked for returns to the pool.
func (p *Picker) Leave(peer *Peer) {
	p.ReturnAll(peer)
	if peer.all {
		p.seeds--
	} else {
		p.count(peer, -1)
	}
	peer.all, peer.has, peer.current, peer.gone = false, nil, nil, true
	p.peers = without(p.peers, peer)
}

// Has adds a piece to what a peer has and reports whether it was new.
func (p *Picker) Has(peer *Peer, i metainfo.PieceIndex) bool {
	if peer.all || !peer.has.Set(int(i)) {
		return false
	}
	p.order.common(i, p.rng)
	p.note(peer, i, 1)
	return true
}

// HasSet adds pieces to what a peer has.
func (p *Picker) HasSet(peer *Peer, set *bitfield.Bitfield) {
	if set.All() {
		p.HasAll(peer)
		return
	}
	for i := range set.Len() {
		if set.Has(i) {
			p.Has(peer, metainfo.PieceIndex(i))
		}
	}
}

// HasAll says that a peer has every piece. Such a peer makes no piece rarer
// than another, so it costs no work for each piece.
func (p *Picker) HasAll(peer *Peer) {
	if peer.all {
		return
	}
	p.count(peer, -1)
	p.seeds++
	peer.all, peer.has = true, nil
}

// Lacks takes a piece from what a peer has.
func (p *Picker) Lacks(peer *Peer, i metainfo.PieceIndex) {
	if peer.all {
		p.seeds--
		peer.all, peer.has = false, bitfield.New(p.layout.Pieces())
		peer.has.SetAll()
		p.count(peer, 1)
		p.recount(peer)
	}
	if peer.has.Has(int(i)) {
		peer.has.Clear(int(i))
		p.order.rare(i, p.rng)
		p.note(peer, i, -1)
	}
}

// Interesting reports whether a peer has a wanted piece that is missing.
func (p *Picker) Interesting(peer *Peer) bool {
	return peer.all && p.missing > 0 || peer.interesting > 0
}

// Has reports whether the peer has piece i.
func (peer *Peer) Has(i metainfo.PieceIndex) bool {
	return peer.all || peer.has != nil && peer.has.Has(int(i))
}

// IsSeed reports whether the peer has every piece.
func (peer *Peer) IsSeed() bool { return peer.all || peer.has != nil && peer.has.All() }

// Count is how many pieces the peer has, where it does not have all by HasAll.
func (peer *Peer) Count() int {
	if peer.has == nil {
		return 0
	}
	return peer.has.Count()
}

// note keeps a peer's counts when it gains or loses piece i.
func (p *Picker) note(peer *Peer, i metainfo.PieceIndex, step int) {
	if p.wanted.Has(int(i)) && !p.have.Has(int(i)) {
		peer.interesting += step
	}
	if p.order.in(i) {
		peer.startable += step
	}
}

// count adds all that a peer has to the order's availability, or takes it out.
func (p *Picker) count(peer *Peer, step int) {
	for i := range peer.has.Len() {
		if !peer.has.Has(i) {
			continue
		}
		if step > 0 {
			p.order.common(metainfo.PieceIndex(i), p.rng)
		} else {
			p.order.rare(metainfo.PieceIndex(i), p.rng)
		}
	}
}

// recount computes a peer's counts from nothing.
func (p *Picker) recount(peer *Peer) {
	peer.interesting, peer.startable = 0, 0
	if peer.all {
		return
	}
	for i := range peer.has.Len() {
		if peer.has.Has(i) {
			p.note(peer, metainfo.PieceIndex(i), 1)
		}
	}
}
