// Package picker decides which block to ask of whom. In come what peers have,
// which pieces are wanted and what readers need, blocks that arrived and
// requests that came to nothing; out come blocks to request. It sends nothing,
// keeps no bytes and knows no time.
//
// What is in a reader's window comes first, in its order (window.go); then
// pieces by priority; among those of one priority a peer goes on with the piece
// that it is at, helps with the pieces that were started first (pick.go), and
// then starts the rarest that it has, ties at random (order.go, rarest.go).
// When every wanted block that somebody has is asked for, the endgame asks for
// some again where that helps (endgame.go). A piece that failed its hash is
// fetched again whole, and from one peer alone where that can be, so that who
// lies is known by the second time. A peer that has proved nothing yet works at
// one piece at a time (trust.go).
package picker

import (
	"math/bits"
	"math/rand/v2"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// Picker is the state of one torrent. It is changed by
//
//	Join, Leave              a peer comes and goes
//	Trust, Rate              what is known of it
//	Has, HasAll, HasSet,     what a peer has
//	Lacks
//	Want, Sequential         the selection
//	Window, CloseWindow      what readers need
//	Pad, Due                 padding, and pieces that are nothing else
//	Pick, PickRun            blocks are asked of a peer, until
//	Arrived, Returned,       they came, or will not come
//	ReturnAll
//	Verified, Failed         a piece was hashed
//	Lost                     one that was there is not
//
// and costs per block a look-up, and per piece a look at each peer and at the
// pieces that are open. Work that grows with the number of pieces is done only
// when a peer's bitfield comes or goes and when the selection changes.
//
// Pieces that were begun and that nobody works at are maxIdle at most; every
// other that was begun has a request outstanding or waits for its hash. So
// there are never more of them than that and the requests together.
type Picker struct {
	layout     metainfo.Layout
	rng        *rand.Rand
	have       *bitfield.Bitfield // verified
	priority   []Priority         // of each piece
	sequential bool
	windows    []window // the one that was said last comes last
	turn       int      // whose window is looked at first
	pads       []span
	hollow     set                          // pieces that are nothing but padding
	due        set                          // of those, the wanted that Due has not given
	solid      map[metainfo.PieceIndex]bool // whose padding is no zeros after all

	peers   []*Peer
	seeds   int   // peers that have all
	fastest int64 // the highest rate of all
	order   order
	need    *set  // pieces that are missing and wanted or in a window
	stale   []int // words of the sets that the peers' counts do not have yet

	started map[metainfo.PieceIndex]*partial
	queue   queue
	open    []*partial  // the started that are needed and have free blocks, oldest first
	openAt  [levels]int // how many of those there are of each level
	idle    int         // started pieces with nothing asked for and blocks missing
	spare   []*partial  // used ones, to be used again
	retry   map[metainfo.PieceIndex]bool
	helped  []*Peer // room for helpable
	// counters
	asked           int   // blocks that at least one peer holds
	total, verified int64 // bytes of wanted pieces
}

// New returns a picker that has nothing and wants everything.
func New(layout metainfo.Layout, rng *rand.Rand) *Picker {
	n := layout.Pieces()
	p := &Picker{
		layout:   layout,
		rng:      rng,
		have:     bitfield.New(n),
		priority: make([]Priority, n),
		hollow:   newSet(n),
		due:      newSet(n),
		solid:    make(map[metainfo.PieceIndex]bool),
		order:    newOrder(n),
		started:  make(map[metainfo.PieceIndex]*partial),
		retry:    make(map[metainfo.PieceIndex]bool),
	}
	p.need = p.order.in(Skip)
	p.Want(nil)
	return p
}

// Have is the set of verified pieces, for reading only.
func (p *Picker) Have() *bitfield.Bitfield { return p.have }

// Wanted is the sum of the lengths of the wanted pieces, in bytes.
func (p *Picker) Wanted() int64 { return p.total }

// Left is how much of that is not verified, in bytes.
func (p *Picker) Left() int64 { return p.total - p.verified }

// Needs reports whether a piece is missing that is wanted, or in a reader's
// window.
func (p *Picker) Needs() bool { return p.need.count > 0 || p.due.count > 0 }

// Verified says that the store holds piece i and its hash is right, whether it
// was fetched or there before. It returns whose blocks made it: Trust is due to
// those.
func (p *Picker) Verified(i metainfo.PieceIndex) []*Peer {
	if !p.have.Set(int(i)) {
		return nil
	}
	if p.priority[i] > 0 {
		p.verified += int64(p.layout.Piece(i).Length)
	}
	delete(p.retry, i)
	return p.finish(i)
}

// Failed says that piece i did not have the right hash, or was not kept: it is
// to be fetched again whole. It returns whose blocks they were, each peer once,
// those who have left included. Padding that is all of a piece is asked for
// from then on like anything else.
func (p *Picker) Failed(i metainfo.PieceIndex) []*Peer {
	if p.hollow.has(int(i)) {
		p.hollow.remove(int(i))
		p.solid[i] = true
	}
	senders := p.finish(i)
	if len(senders) > 1 {
		p.retry[i] = true
	}
	return senders
}

// finish forgets what was started of piece i and returns the senders of its
// blocks.
func (p *Picker) finish(i metainfo.PieceIndex) []*Peer {
	part := p.started[i]
	if part == nil {
		p.touch(i)
		p.settle()
		return nil
	}
	var senders []*Peer
	for n := range part.blocks {
		if b := &part.blocks[n]; b.arrived && b.holder != nil && !contains(senders, b.holder) {
			senders = append(senders, b.holder)
		}
	}
	p.abandon(part)
	return senders
}

// Senders lists who sent each block of a started piece, nil where none came or
// a pad needs none. It is to be asked before Verified or Failed.
func (p *Picker) Senders(i metainfo.PieceIndex) []*Peer {
	part := p.started[i]
	if part == nil {
		return nil
	}
	senders := make([]*Peer, len(part.blocks))
	for n := range part.blocks {
		if part.blocks[n].arrived {
			senders[n] = part.blocks[n].holder
		}
	}
	return senders
}

// mayStart reports whether nobody works at piece i and somebody should.
func (p *Picker) mayStart(i metainfo.PieceIndex) bool {
	return p.level(i) > 0 && !p.have.Has(int(i)) && !p.hollow.has(int(i)) && p.started[i] == nil
}

// touch finds out anew where piece i belongs. What changes for the peers waits
// for settle, so that pieces which lie together cost as much as one.
func (p *Picker) touch(i metainfo.PieceIndex) {
	level, part := p.level(i), p.started[i]
	missing := level > 0 && !p.have.Has(int(i))
	hollow := p.hollow.has(int(i))
	p.place(&p.due, i, missing && hollow && part == nil)
	p.place(p.need, i, missing && !hollow)
	if part != nil {
		p.raise(part, level)
	}
	if part != nil || !missing || hollow {
		level = 0
	}
	if p.order.pieces[i].level != level {
		p.order.put(i, level)
	}
	if w := int(i) / 64; len(p.stale) == 0 || p.stale[len(p.stale)-1] != w {
		p.stale = append(p.stale, w)
	}
}

// place puts a piece in or out of a set.
func (p *Picker) place(s *set, i metainfo.PieceIndex, in bool) {
	if in == s.has(int(i)) {
		return
	}
	if in {
		s.add(int(i))
	} else {
		s.remove(int(i))
	}
}

// settle brings what is known of the peers up to date.
func (p *Picker) settle() {
	for _, w := range p.stale {
		for level := range p.order.sets {
			if known := p.order.known[level]; known != nil && known[w] != p.order.sets[level].words[w] {
				p.settleAt(Priority(level), w)
			}
		}
	}
	p.stale = p.stale[:0]
}

// settleAt does so for word w of one set.
func (p *Picker) settleAt(level Priority, w int) {
	was, is := p.order.known[level][w], p.order.sets[level].words[w]
	p.order.known[level][w] = is
	for _, peer := range p.peers {
		if peer.all {
			continue
		}
		if has := peer.has[w]; has&(was^is) != 0 {
			peer.tell(level, w, bits.OnesCount64(has&is)-bits.OnesCount64(has&was), has&is != 0)
		}
	}
}
