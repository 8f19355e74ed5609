package sim

import (
	"bytes"
	"crypto/sha1"
	"testing"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

func TestAStoreHoldsExactlyWhatWasWritten(t *testing.T) {
	c := content(t, 200_000) // the last piece and its last block are short
	layout := c.Info.Layout
	for i := range layout.Pieces() {
		s, p := newStore(c, false), layout.Piece(metainfo.PieceIndex(i))
		model := make([]byte, p.Length)
		check := func(when string) {
			t.Helper()
			if !bytes.Equal(s.read(p), model) {
				t.Fatalf("piece %d, %s: other bytes", i, when)
			}
			if s.digest(p) != sha1.Sum(model) {
				t.Fatalf("piece %d, %s: another digest", i, when)
			}
		}
		check("empty")
		for n := range layout.Blocks(p.Index) {
			b := layout.Block(p.Index, n)
			bad := bytes.Repeat([]byte{0xbd}, b.Length)
			s.write(b, bad)
			copy(model[b.Begin:], bad)
			check("with a bad block")
			if s.stored() != b.Length {
				t.Fatalf("piece %d: it says that it stores %d bytes", i, s.stored())
			}
			s.write(b, c.block(b))
			copy(model[b.Begin:], c.block(b))
			check("with that block mended")
		}
		if !s.verified.Has(i) || s.verified.Count() != 1 {
			t.Errorf("piece %d: it knows of %d verified pieces", i, s.verified.Count())
		}
	}
}

func TestASharedEncodingIsThatOfTheBlock(t *testing.T) {
	c := content(t, 200_000)
	layout := c.Info.Layout
	for i := range layout.Pieces() {
		for n := range layout.Blocks(metainfo.PieceIndex(i)) {
			b := layout.Block(metainfo.PieceIndex(i), n)
			m := wire.Piece{Piece: uint32(i), Begin: uint32(b.Begin), Block: c.block(b)}
			if !bytes.Equal(c.imageOf(m), wire.Append(nil, m)) {
				t.Fatalf("block %d of piece %d", n, i)
			}
			if c.imageOf(corrupt(m)) != nil {
				t.Fatalf("block %d of piece %d: a corrupt block has the encoding of the true one", n, i)
			}
		}
	}
}
