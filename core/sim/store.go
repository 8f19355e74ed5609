package sim

import (
	"crypto/sha1"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// store is what one peer holds of a torrent. It keeps which blocks were
// written, and the bytes of those only that are not the true ones.
type store struct {
	content  *Content
	written  *bitfield.Bitfield // by the number of the block
	wrong    map[int][]byte
	verified *bitfield.Bitfield // pieces of which the digest was right: what is known after a restart
}

func newStore(c *Content, full bool) *store {
	s := &store{
		content:  c,
		written:  bitfield.New(c.blocks()),
		wrong:    make(map[int][]byte),
		verified: bitfield.New(c.Info.Layout.Pieces()),
	}
	if full {
		s.written.SetAll()
		s.verified.SetAll()
	}
	return s
}

func (s *store) write(b metainfo.Block, data []byte) {
	n, ok := s.content.number(b)
	if !ok {
		panic("sim: what is written is no block")
	}
	s.written.Set(n)
	if s.content.right(b, data) {
		delete(s.wrong, n)
		return
	}
	s.wrong[n] = append([]byte(nil), data...)
}

// intact reports whether all of a piece was written, and right.
func (s *store) intact(i metainfo.PieceIndex) bool {
	first := s.content.first(i)
	for n := first; n < first+s.content.Info.Layout.Blocks(i); n++ {
		if !s.written.Has(n) || len(s.wrong) > 0 && s.wrong[n] != nil {
			return false
		}
	}
	return true
}

// digest is the SHA-1 of what is there of a piece.
func (s *store) digest(p metainfo.Piece) metainfo.Digest {
	if s.intact(p.Index) {
		s.verified.Set(int(p.Index))
		return s.content.Info.Digests[p.Index]
	}
	return sha1.Sum(s.read(p))
}

// read returns a piece as it is there; what was not written is zeros. Nobody
// may write to it.
func (s *store) read(p metainfo.Piece) []byte {
	if s.intact(p.Index) {
		return s.content.data[p.Offset:][:p.Length:p.Length]
	}
	data := make([]byte, p.Length)
	for n := range s.content.Info.Layout.Blocks(p.Index) {
		b := s.content.Info.Layout.Block(p.Index, n)
		number := s.content.first(p.Index) + n
		switch wrong := s.wrong[number]; {
		case wrong != nil:
			copy(data[b.Begin:], wrong)
		case s.written.Has(number):
			copy(data[b.Begin:], s.content.block(b))
		}
	}
	return data
}

// stored is how many bytes the store keeps on its own.
func (s *store) stored() (bytes int) {
	for _, data := range s.wrong { // order-free: a sum
		bytes += len(data)
	}
	return bytes
}

// complete reports whether every byte is there and right.
func (s *store) complete() bool { return s.written.All() && len(s.wrong) == 0 }
