package sim

import (
	"crypto/sha1"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// store holds one torrent's bytes in memory.
type store struct {
	info *metainfo.Info
	data []byte
	full bool // complete from the start
}

func (s *store) have() *bitfield.Bitfield {
	have := bitfield.New(s.info.Layout.Pieces())
	if s.full {
		have.SetAll()
	}
	return have
}

func (s *store) write(b metainfo.Block, data []byte) {
	copy(s.data[s.info.Layout.Piece(b.Piece).Offset+int64(b.Begin):], data)
}

func (s *store) digest(p metainfo.Piece) metainfo.Digest { return sha1.Sum(s.bytes(p)) }

func (s *store) read(p metainfo.Piece) []byte { return append([]byte(nil), s.bytes(p)...) }

func (s *store) bytes(p metainfo.Piece) []byte { return s.data[p.Offset:][:p.Length] }
