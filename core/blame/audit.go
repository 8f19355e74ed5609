package blame

import (
	"crypto/sha1"
	"maps"
	"slices"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

const (
	// maxPieces bounds the pieces that are open. The one that evidence was added
	// to longest ago is forgotten first.
	maxPieces = 1024
	// maxPerBlock bounds the evidence of one block. The oldest is forgotten first:
	// who sent it has most likely gone.
	maxPerBlock = 8
	// maxEvidence bounds the evidence of one torrent, about 150 bytes each: as
	// much as the largest piece may have, and five megabytes. It takes half a
	// gigabyte of failed pieces to fill.
	maxEvidence = maxPerBlock * metainfo.MaxPieceLength / metainfo.BlockSize
)

// Audit finds who sent the corrupt blocks of one torrent's pieces (BEP 3 has a
// hash for a piece, not for a block): it keeps the hashes of the blocks of a
// piece that failed, with their senders, until the piece is there, and compares.
// Whoever sent what is there has not lied.
type Audit struct {
	cases    map[metainfo.PieceIndex]*suspicion
	evidence int    // in all cases
	turn     uint64 // counts what was added
}

// suspicion is what is kept of one piece.
type suspicion struct {
	blocks   map[int][]evidence // by the number of the block, each from old to new
	evidence int                // in all blocks
	touched  uint64             // when evidence was last added
}

// evidence is what somebody sent.
type evidence struct {
	who           Who
	begin, length int
	hash          [sha1.Size]byte
}

// same reports whether two are of the same bytes from the same peer.
func (e evidence) same(o evidence) bool {
	return e.hash == o.hash && e.begin == o.begin && e.who.Same(o.who)
}

// NewAudit returns an audit of nothing yet.
func NewAudit() *Audit { return &Audit{cases: map[metainfo.PieceIndex]*suspicion{}} }

// Failed takes a piece that did not have the right hash, as it was stored, and
// who sent each of its blocks; the zero Who where nobody did.
func (a *Audit) Failed(piece metainfo.PieceIndex, data []byte, senders []Who) {
	for n, who := range senders {
		begin := n * metainfo.BlockSize
		if begin >= len(data) {
			return
		}
		block := data[begin:min(begin+metainfo.BlockSize, len(data))]
		a.Suspect(metainfo.Block{Piece: piece, Begin: begin, Length: len(block)}, block, who)
	}
}

// Suspect takes a block that came beside the one that was kept.
func (a *Audit) Suspect(b metainfo.Block, data []byte, sender Who) {
	if sender.name() == (key{}) {
		return
	}
	s := a.cases[b.Piece]
	if s == nil {
		s = &suspicion{blocks: map[int][]evidence{}}
		a.cases[b.Piece] = s
	}
	a.turn++
	s.touched = a.turn
	a.evidence += s.add(evidence{sender, b.Begin, b.Length, sha1.Sum(data)})
	for a.evidence > maxEvidence || len(a.cases) > maxPieces {
		a.close(a.oldest())
	}
}

// add returns by how much the evidence has grown.
func (s *suspicion) add(e evidence) (grown int) {
	n := e.begin / metainfo.BlockSize
	of := s.blocks[n]
	if slices.ContainsFunc(of, e.same) {
		return 0
	}
	if len(of) == maxPerBlock {
		copy(of, of[1:])
		of[maxPerBlock-1] = e
		return 0
	}
	s.blocks[n] = append(of, e)
	s.evidence++
	return 1
}

// oldest is the piece that evidence was added to longest ago.
func (a *Audit) oldest() (oldest metainfo.PieceIndex) {
	least := a.turn + 1
	for piece, s := range a.cases { // order-free: no two were touched in one turn
		if s.touched < least {
			oldest, least = piece, s.touched
		}
	}
	return oldest
}

func (a *Audit) close(piece metainfo.PieceIndex) {
	if s := a.cases[piece]; s != nil {
		a.evidence -= s.evidence
		delete(a.cases, piece)
	}
}

// Open reports whether there is anything to compare a verified piece with; then
// it is to be read and given to Judge.
func (a *Audit) Open(piece metainfo.PieceIndex) bool { return a.cases[piece] != nil }

// Judge compares what is kept with the piece as it is right, forgets it, and
// returns who sent other bytes, each once, in the order of the blocks. Where the
// piece could not be read, data is nil and nobody is accused.
func (a *Audit) Judge(piece metainfo.PieceIndex, data []byte) (liars []Who) {
	s := a.cases[piece]
	if s == nil {
		return nil
	}
	a.close(piece)
	accused := map[key]bool{}
	for _, n := range slices.Sorted(maps.Keys(s.blocks)) { // order-free: sorted
		for _, e := range s.blocks[n] {
			if !accused[e.who.hand()] && e.isLie(data) {
				accused[e.who.hand()] = true
				liars = append(liars, e.who)
			}
		}
	}
	return liars
}

// isLie reports whether the piece has other bytes there.
func (e evidence) isLie(piece []byte) bool {
	end := e.begin + e.length
	return end <= len(piece) && sha1.Sum(piece[e.begin:end]) != e.hash
}
