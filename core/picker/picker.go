// Package picker decides which block to ask of whom. In come what peers have,
// which pieces are wanted, blocks that arrived and requests that came to
// nothing; out come blocks to request. It sends nothing, keeps no bytes and
// knows no time.
//
// Rarest first, ties at random (order.go). A peer goes on with the piece that
// it is at, then helps with the pieces that were started first, then starts a
// new one (pick.go). When every wanted block that somebody has is asked for,
// the endgame asks for the same blocks again of other peers. A piece that
// failed its hash is fetched again whole, and from one peer alone where that
// can be, so that who lies is known by the second time.
package picker

import (
	"math/rand/v2"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// Picker is the state of one torrent. It is changed by
//
//	Join, Leave              a peer comes and goes
//	Has, HasAll, HasSet,     what a peer has
//	Lacks
//	Want                     the selection
//	Pick                     blocks are asked of a peer, until
//	Arrived, Returned,       they came, or will not come
//	ReturnAll
//	Verified, Failed         a piece was hashed
//
// and costs per block: one look-up, and a scan of the pieces that are open.
// Work that grows with the number of pieces is done only when a peer's
// bitfield comes or goes and when the selection changes.
type Picker struct {
	layout  metainfo.Layout
	rng     *rand.Rand
	have    *bitfield.Bitfield // verified
	wanted  *bitfield.Bitfield
	peers   []*Peer
	seeds   int // peers that have all
	order   order
	started map[metainfo.PieceIndex]*partial
	queue   []*partial // the started pieces, oldest first
	open    []*partial // those that are wanted and have free blocks, oldest first
	retry   map[metainfo.PieceIndex]bool
	// counters
	missing         int   // wanted pieces that are not verified
	asked           int   // blocks that at least one peer holds
	total, verified int64 // bytes of wanted pieces
}

// New returns a picker that has nothing and wants everything.
func New(layout metainfo.Layout, rng *rand.Rand) *Picker {
	n := layout.Pieces()
	p := &Picker{
		layout:  layout,
		rng:     rng,
		have:    bitfield.New(n),
		wanted:  bitfield.New(n),
		order:   newOrder(n, rng),
		started: make(map[metainfo.PieceIndex]*partial),
		retry:   make(map[metainfo.PieceIndex]bool),
	}
	p.Want(nil)
	return p
}

// Have is the set of verified pieces, for reading only.
func (p *Picker) Have() *bitfield.Bitfield { return p.have }

// Wanted is the sum of the lengths of the wanted pieces, in bytes.
func (p *Picker) Wanted() int64 { return p.total }

// Left is how much of that is not verified, in bytes.
func (p *Picker) Left() int64 { return p.total - p.verified }

// Want selects pieces; nil selects all. Requests for pieces that are no longer
// wanted stay as they are; what was fetched of them is kept.
func (p *Picker) Want(mask *bitfield.Bitfield) {
	p.missing, p.total, p.verified = 0, 0, 0
	for i := range p.layout.Pieces() {
		p.wanted.Clear(i)
		if mask == nil || mask.Has(i) {
			p.want(metainfo.PieceIndex(i))
		}
		p.reorder(metainfo.PieceIndex(i))
	}
	p.open = p.open[:0]
	for _, part := range p.queue {
		part.open = false
		p.reopen(part)
	}
	for _, peer := range p.peers {
		p.recount(peer)
	}
}

func (p *Picker) want(i metainfo.PieceIndex) {
	length := int64(p.layout.Piece(i).Length)
	p.wanted.Set(int(i))
	p.total += length
	if p.have.Has(int(i)) {
		p.verified += length
	} else {
		p.missing++
	}
}

// Verified says that the store holds piece i and its hash is right, whether it
// was fetched or there before. It returns whose blocks made it.
func (p *Picker) Verified(i metainfo.PieceIndex) []*Peer {
	if !p.have.Set(int(i)) {
		return nil
	}
	senders := p.abandon(i)
	delete(p.retry, i)
	if p.wanted.Has(int(i)) {
		p.missing--
		p.verified += int64(p.layout.Piece(i).Length)
		for _, peer := range p.peers {
			if peer.has != nil && peer.has.Has(int(i)) {
				peer.interesting--
			}
		}
	}
	p.reorder(i)
	return senders
}

// Failed says that piece i did not have the right hash, or was not kept: it is
// to be fetched again whole. It returns whose blocks they were, each peer once,
// those who have left included.
func (p *Picker) Failed(i metainfo.PieceIndex) []*Peer {
	senders := p.abandon(i)
	if len(senders) > 1 {
		p.retry[i] = true
	}
	p.reorder(i)
	return senders
}

// abandon forgets what was started of piece i and returns the senders of its
// blocks.
func (p *Picker) abandon(i metainfo.PieceIndex) []*Peer {
	part := p.started[i]
	if part == nil {
		return nil
	}
	delete(p.started, i)
	p.queue = without(p.queue, part)
	p.close(part)
	var senders []*Peer
	for n := range part.blocks {
		b := &part.blocks[n]
		if b.arrived && !contains(senders, b.holder) {
			senders = append(senders, b.holder)
		}
		if !b.arrived && b.holder != nil {
			p.asked--
			for _, peer := range b.holders() {
				peer.inflight--
			}
		}
	}
	return senders
}

// startable reports whether nobody works at piece i and somebody should.
func (p *Picker) startable(i metainfo.PieceIndex) bool {
	return p.wanted.Has(int(i)) && !p.have.Has(int(i)) && p.started[i] == nil
}

// reorder puts piece i in or out of the order of pieces to start.
func (p *Picker) reorder(i metainfo.PieceIndex) {
	in := p.startable(i)
	if p.order.in(i) == in {
		return
	}
	step := 1
	if in {
		p.order.insert(i, p.rng)
	} else {
		p.order.remove(i)
		step = -1
	}
	for _, peer := range p.peers {
		if peer.has != nil && peer.has.Has(int(i)) {
			peer.startable += step
		}
	}
}
