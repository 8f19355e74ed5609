package picker

import (
	"encoding/binary"
	"math/bits"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// Peer is what the picker knows of one peer, from Join to Leave.
type Peer struct {
	Owner any // whose it is, to the caller

	all         bool        // has every piece; has and todo are nil then
	has         []uint64    // what it has: bit i%64 of word i/64
	count       int         // how many those are
	pieces      int         // how many there are
	todo        [levels]set // of those, what is in the order; made when first needed
	interesting int         // of those, how many are needed; not kept while all
	asked       asks
	current     *partial // the piece it was last asked for
	gone        bool
	proven      bool
	trial       *partial // the piece it is at while it is not proven
	rate        int64    // bytes per second, 0 while unknown
	ranges      bool     // is asked for ranges
}

// Join adds a peer that has nothing yet and is not proven.
func (p *Picker) Join(owner any) *Peer {
	peer := &Peer{Owner: owner, has: make([]uint64, p.words()), pieces: p.layout.Pieces()}
	p.peers = append(p.peers, peer)
	return peer
}

// Leave takes a peer out. What it was asked for returns to the pool.
func (p *Picker) Leave(peer *Peer) {
	if peer.gone {
		return
	}
	p.ReturnAll(peer)
	p.Rate(peer, 0)
	p.uncount(peer)
	peer.gone, peer.trial, peer.current = true, nil, nil
	p.peers = without(p.peers, peer)
}

// uncount takes what a peer has out of the availability.
func (p *Picker) uncount(peer *Peer) {
	if peer.all {
		p.seeds--
	} else {
		p.order.changeAll(peer.has, -1)
	}
	peer.all, peer.has, peer.count, peer.interesting = false, nil, 0, 0
	peer.todo = [levels]set{}
}

// Has adds a piece to what a peer has and reports whether it was new.
func (p *Picker) Has(peer *Peer, i metainfo.PieceIndex) bool {
	if peer.Has(i) {
		return false
	}
	peer.has[i/64] |= 1 << (i % 64)
	peer.count++
	p.order.change(i, 1)
	p.note(peer, i, 1)
	return true
}

// HasSet adds pieces to what a peer has.
func (p *Picker) HasSet(peer *Peer, pieces *bitfield.Bitfield) {
	if pieces.All() {
		p.HasAll(peer)
		return
	}
	if peer.all {
		return
	}
	added := p.wordsOf(pieces)
	for w := range added {
		added[w] &^= peer.has[w]
		peer.has[w] |= added[w]
		peer.count += bits.OnesCount64(added[w])
	}
	p.order.changeAll(added, 1)
	p.recount(peer)
}

// HasAll says that a peer has every piece. Such a peer makes no piece rarer
// than another, so it costs no work for each piece.
func (p *Picker) HasAll(peer *Peer) {
	if peer.all {
		return
	}
	p.uncount(peer)
	p.seeds++
	peer.all, peer.count = true, p.layout.Pieces()
}

// Lacks takes a piece from what a peer has.
func (p *Picker) Lacks(peer *Peer, i metainfo.PieceIndex) {
	if !peer.Has(i) {
		return
	}
	if peer.all {
		p.uncount(peer)
		peer.has, peer.count = make([]uint64, p.words()), p.layout.Pieces()
		for i := range peer.count {
			peer.has[i/64] |= 1 << (i % 64)
		}
		p.order.changeAll(peer.has, 1)
		p.recount(peer)
	}
	p.note(peer, i, -1)
	peer.has[i/64] &^= 1 << (i % 64)
	peer.count--
	p.order.change(i, -1)
}

// Interesting reports whether a peer has a piece that is missing and needed:
// wanted, or in a reader's window.
func (p *Picker) Interesting(peer *Peer) bool {
	return peer.all && p.need.count > 0 || peer.interesting > 0
}

// Has reports whether the peer has piece i.
func (peer *Peer) Has(i metainfo.PieceIndex) bool {
	return peer.all || peer.has != nil && peer.has[i/64]&(1<<(i%64)) != 0
}

// IsSeed reports whether the peer has every piece.
func (peer *Peer) IsSeed() bool { return peer.count == peer.pieces && !peer.gone }

// Count is how many pieces the peer has.
func (peer *Peer) Count() int { return peer.count }

// note keeps what is known of a peer when it gains or loses piece i.
func (p *Picker) note(peer *Peer, i metainfo.PieceIndex, step int) {
	if p.need.has(int(i)) {
		peer.interesting += step
	}
	if level := p.order.pieces[i].level; level > 0 && step > 0 {
		p.todo(peer, level).add(int(i))
	} else if level > 0 {
		p.todo(peer, level).remove(int(i))
	}
}

func (p *Picker) todo(peer *Peer, level Priority) *set {
	if peer.todo[level].words == nil {
		peer.todo[level] = newSet(p.layout.Pieces())
	}
	return &peer.todo[level]
}

// recount finds out anew what a peer that has not all has to give.
func (p *Picker) recount(peer *Peer) {
	peer.interesting = 0
	for w, has := range peer.has {
		peer.interesting += bits.OnesCount64(has & p.need.words[w])
	}
	for level := Low; level <= reading; level++ {
		if p.order.sets[level].words == nil {
			continue
		}
		todo := p.todo(peer, level)
		for w, has := range peer.has {
			todo.put(w, has&p.order.sets[level].words[w])
		}
	}
}

func (p *Picker) words() int { return (p.layout.Pieces() + 63) / 64 }

// wordsOf turns a set in its wire form, whose first piece is the highest bit of
// the first byte (BEP 3), into words.
func (p *Picker) wordsOf(pieces *bitfield.Bitfield) []uint64 {
	words := make([]uint64, p.words())
	wire := append(pieces.Bytes(), make([]byte, 7)...)
	for w := range words {
		words[w] = bits.Reverse64(binary.BigEndian.Uint64(wire[8*w:]))
	}
	return words
}

// Part is which part of the needed pieces a peer has, from 0 to 1.
func (p *Picker) Part(peer *Peer) float64 {
	switch {
	case p.need.count == 0:
		return 0
	case peer.all:
		return 1
	}
	return float64(peer.interesting) / float64(p.need.count)
}
