package swarm

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"math/rand/v2"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

// torrent is content and its metadata.
type torrent struct {
	data []byte
	info *metainfo.Info
}

// newTorrent makes files of these lengths.
func newTorrent(pieceLength int64, lengths ...int64) torrent {
	var spec metainfo.Spec
	var total int64
	for i, n := range lengths {
		spec.Files = append(spec.Files, metainfo.File{Path: []string{fmt.Sprint("file", i)}, Length: n})
		total += n
	}
	spec.Name, spec.Multi, spec.PieceLength = "story", len(lengths) > 1, pieceLength
	layout, err := spec.Layout()
	if err != nil {
		panic(err)
	}
	data := noise.first(total)
	digests := make([]metainfo.Digest, layout.Pieces())
	for i := range digests {
		p := layout.Piece(metainfo.PieceIndex(i))
		digests[i] = noise.digest(p.Offset, data[p.Offset:p.Offset+int64(p.Length)])
	}
	info, err := metainfo.Build(spec, digests)
	if err != nil {
		panic(err)
	}
	return torrent{data, info}
}

func (tor torrent) block(m wire.Request) wire.Piece {
	begin := int64(m.Piece)*int64(tor.info.Layout.PieceLength()) + int64(m.Begin)
	return wire.Piece{Piece: m.Piece, Begin: m.Begin, Block: tor.data[begin : begin+int64(m.Length)]}
}

// randomness is what every torrent is the beginning of. SHA-1 takes as
// long as js/wasm as all else in the stories does, so a right piece is hashed
// once.
type randomness struct {
	rng     *rand.ChaCha8
	data    []byte
	digests map[span]metainfo.Digest
}

type span struct {
	offset int64
	length int
}

var noise = randomness{rng: rand.NewChaCha8([32]byte{1}), digests: make(map[span]metainfo.Digest)}

// first are the first n bytes, which nobody may change.
func (r *randomness) first(n int64) []byte {
	if more := n - int64(len(r.data)); more > 0 {
		r.data = append(r.data, make([]byte, more)...)
		r.rng.Read(r.data[n-more:])
	}
	return r.data[:n:n]
}

// digest is the digest of a piece that lies at an offset.
func (r *randomness) digest(offset int64, piece []byte) metainfo.Digest {
	end := offset + int64(len(piece))
	if end > int64(len(r.data)) || !bytes.Equal(piece, r.data[offset:end]) {
		return sha1.Sum(piece)
	}
	at := span{offset, len(piece)}
	digest, ok := r.digests[at]
	if !ok {
		digest = sha1.Sum(piece)
		r.digests[at] = digest
	}
	return digest
}
