package swarm

import (
	"crypto/sha1"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/wire"
)

const (
	// ourAllowed is how many pieces we serve to a choked peer that has fewer than
	// these (BEP 6 has 10), and freeBytes how much of them at most.
	ourAllowed = 10
	freeBytes  = 2 << 20
	// maxAllowed bounds the pieces that we remember a peer to allow us.
	maxAllowed = 32
)

// allowedFast is the set of BEP 6: k pieces that follow from a peer's address
// and the torrent, so that a peer cannot get others by connecting again.
func allowedFast(addr netip.Addr, hash id.ID, pieces, k int) []metainfo.PieceIndex {
	ip := addr.As4()
	x := append([]byte{ip[0], ip[1], ip[2], 0}, hash[:]...)
	var set []metainfo.PieceIndex
	for len(set) < min(k, pieces) {
		sum := sha1.Sum(x)
		x = sum[:]
		for at := 0; at < len(sum) && len(set) < min(k, pieces); at += 4 {
			i := metainfo.PieceIndex(binary.BigEndian.Uint32(sum[at:]) % uint32(pieces))
			if !slices.Contains(set, i) {
				set = append(set, i)
			}
		}
	}
	return set
}

// allowance of fast pieces, in both directions.
type fastPieces struct {
	said   bool                  // we have told the peer our set
	ours   []metainfo.PieceIndex // what it may ask for while we choke it
	free   int                   // bytes that it may take so yet
	theirs []uint32              // what it allows us
	slot   *picker.Peer          // of these, what it has; nil until there is one
}

// allow tells a peer with next to nothing what it may ask for while choked.
func (s *Swarm) allow(p *peer) {
	addr := p.link.Addr.Unmap()
	if p.pieces.said || !p.fast || !addr.Is4() || !s.store.open || s.paused ||
		p.slot.IsSeed() || p.slot.Count() >= ourAllowed || s.conceals(p) {
		return
	}
	p.pieces.said, p.pieces.free = true, freeBytes
	for _, i := range allowedFast(addr, s.cfg.InfoHash, s.info.Layout.Pieces(), ourAllowed) {
		if s.picker.Have().Has(int(i)) && !p.slot.Has(i) {
			p.pieces.ours = append(p.pieces.ours, i)
			s.send(p, wire.AllowedFast{Piece: uint32(i)})
		}
	}
}

// isFree reports whether a choked peer may have a block, and counts it.
func (s *Swarm) isFree(p *peer, b metainfo.Block) bool {
	if s.paused || p.pieces.free < b.Length || !slices.Contains(p.pieces.ours, b.Piece) {
		return false
	}
	p.pieces.free -= b.Length
	return true
}

// allowed: a peer names a piece that we may ask for while it chokes us. Beyond
// the bound it is ignored.
func (s *Swarm) allowed(p *peer, piece uint32) {
	if len(p.pieces.theirs) < maxAllowed && !slices.Contains(p.pieces.theirs, piece) {
		p.pieces.theirs = append(p.pieces.theirs, piece)
		s.judgeAllowed(p)
	}
}

// judgeAllowed keeps the picker's slot for what may be asked of a peer that
// chokes us: of what it allows, what it has.
func (s *Swarm) judgeAllowed(p *peer) {
	if p.slot == nil {
		return
	}
	for _, piece := range p.pieces.theirs {
		i, ok := s.info.Layout.Index(piece)
		switch {
		case !ok:
		case p.slot.Has(i):
			if p.pieces.slot == nil {
				p.pieces.slot = s.join(p)
			}
			s.picker.Has(p.pieces.slot, i)
		case p.pieces.slot != nil:
			s.picker.Lacks(p.pieces.slot, i)
		}
	}
}
