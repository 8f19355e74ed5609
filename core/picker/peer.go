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

	all     bool        // has every piece; of has, todo and fulls nothing is kept then
	has     []uint64    // what it has: bit i%64 of word i/64
	todo    [levels]int // of those, how many are in each set of the order
	fulls   []uint64    // what full cuts
	count   int         // how many it has
	pieces  int         // how many there are
	asked   asks
	current *partial            // the piece it was last asked for
	behind  metainfo.PieceIndex // what follows the piece that was last started with it; 0 where that is taken back
	gone    bool
	absent  bool // what it has does not count as available
	proven  bool
	trial   *partial // the piece it is at while it is not proven
	rate    int64    // bytes per second, 0 while unknown
	ranges  bool     // is asked for ranges
}

// Join adds a peer that has nothing yet and is not proven.
func (p *Picker) Join(owner any) *Peer {
	peer := &Peer{Owner: owner, pieces: p.layout.Pieces()}
	peer.makeRoom(p.words())
	p.peers = append(p.peers, peer)
	return peer
}

// makeRoom is for so many words of pieces, of which the peer has none yet.
func (peer *Peer) makeRoom(words int) {
	peer.has, peer.fulls = make([]uint64, words), make([]uint64, levels*((words+63)/64))
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
	p.countAll(peer, -1)
	peer.all, peer.has, peer.fulls, peer.count = false, nil, nil, 0
	peer.todo = [levels]int{}
}

// countAll counts what a peer has so many times more as available.
func (p *Picker) countAll(peer *Peer, step int) {
	switch {
	case peer.absent:
	case peer.all:
		p.seeds += step
	default:
		p.order.changeAll(peer.has, step)
	}
}

// Absent says whether what a peer has is as good as not there: it claims to have
// it and does not give it. Such a piece is as rare as without it, or all would
// wait for one who has made it look common. The peer may be asked all the same.
func (p *Picker) Absent(peer *Peer, is bool) {
	if peer.absent == is {
		return
	}
	peer.absent = false
	if is {
		p.countAll(peer, -1)
	} else {
		p.countAll(peer, 1)
	}
	peer.absent = is
}

// Has adds a piece to what a peer has and reports whether it was new.
func (p *Picker) Has(peer *Peer, i metainfo.PieceIndex) bool {
	if peer.Has(i) {
		return false
	}
	peer.has[i/64] |= 1 << (i % 64)
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
	if !peer.absent {
		p.order.changeAll(added, 1)
	}
	p.recount(peer)
}

// HasAll says that a peer has every piece. Such a peer makes no piece rarer
// than another, so it costs no work for each piece.
func (p *Picker) HasAll(peer *Peer) {
	if peer.all {
		return
	}
	p.uncount(peer)
	peer.all, peer.count = true, p.layout.Pieces()
	p.countAll(peer, 1)
}

// Lacks takes a piece from what a peer has. It is asked for others then, proven or
// not.
func (p *Picker) Lacks(peer *Peer, i metainfo.PieceIndex) {
	if !peer.Has(i) {
		return
	}
	if peer.all {
		p.uncount(peer)
		peer.makeRoom(p.words())
		peer.count = p.layout.Pieces()
		for i := range peer.count {
			peer.has[i/64] |= 1 << (i % 64)
		}
		p.countAll(peer, 1)
		p.recount(peer)
	}
	if peer.trial != nil && peer.trial.index == i {
		p.release(peer)
	}
	peer.has[i/64] &^= 1 << (i % 64)
	p.note(peer, i, -1)
}

// Interesting reports whether a peer has a piece that is missing and needed:
// wanted, or in a reader's window.
func (p *Picker) Interesting(peer *Peer) bool {
	return peer.all && p.need.count > 0 || peer.todo[Skip] > 0
}

// Has reports whether the peer has piece i.
func (peer *Peer) Has(i metainfo.PieceIndex) bool {
	return peer.all || peer.has != nil && peer.has[i/64]&(1<<(i%64)) != 0
}

// IsSeed reports whether the peer has every piece.
func (peer *Peer) IsSeed() bool { return peer.count == peer.pieces && !peer.gone }

// Count is how many pieces the peer has.
func (peer *Peer) Count() int { return peer.count }

// full is where a peer has something of a level's set: bit w stands for word w.
func (peer *Peer) full(level Priority) []uint64 {
	n := len(peer.fulls) / levels
	return peer.fulls[int(level)*n:][:n]
}

// tell counts so many pieces more of a level's set in word w, and notes whether
// there are any.
func (peer *Peer) tell(level Priority, w, more int, any bool) {
	peer.todo[level] += more
	if full := peer.full(level); any {
		full[w/64] |= 1 << (w % 64)
	} else {
		full[w/64] &^= 1 << (w % 64)
	}
}

// note counts that a peer has gained piece i, or with -1 lost it.
func (p *Picker) note(peer *Peer, i metainfo.PieceIndex, step int) {
	peer.count += step
	if !peer.absent {
		p.order.change(i, step)
	}
	if p.need.has(int(i)) {
		p.noteAt(peer, Skip, int(i)/64, step)
	}
	if level := p.order.pieces[i].level; level > 0 {
		p.noteAt(peer, level, int(i)/64, step)
	}
}

func (p *Picker) noteAt(peer *Peer, level Priority, w, step int) {
	peer.tell(level, w, step, step > 0 || peer.has[w]&p.order.sets[level].words[w] != 0)
}

// recount finds out anew what a peer that has not all has to give.
func (p *Picker) recount(peer *Peer) {
	peer.todo = [levels]int{}
	for level := range p.order.sets {
		for w, in := range p.order.sets[level].words {
			in &= peer.has[w]
			peer.tell(Priority(level), w, bits.OnesCount64(in), in != 0)
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
	return float64(peer.todo[Skip]) / float64(p.need.count)
}
