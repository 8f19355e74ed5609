package sim

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"math/rand/v2"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

// Content is a torrent with its true bytes, of which the world has one copy,
// however many peers hold it.
type Content struct {
	Info   *metainfo.Info
	data   []byte
	images []byte // every block as the message that carries it, one after the other
}

// imageHead is what comes before the block in a Piece message, in bytes.
const imageHead = 13

// NewContent makes a torrent of one file of random bytes.
func NewContent(rng *rand.Rand, name string, length, pieceLength int64) (*Content, error) {
	data := make([]byte, length)
	fill(rng, data)
	spec := metainfo.Spec{
		Name:        name,
		Files:       []metainfo.File{{Path: []string{name}, Length: length}},
		PieceLength: pieceLength,
	}
	layout, err := spec.Layout()
	if err != nil {
		return nil, err
	}
	digests := make([]metainfo.Digest, layout.Pieces())
	for i := range digests {
		p := layout.Piece(metainfo.PieceIndex(i))
		digests[i] = sha1.Sum(data[p.Offset:][:p.Length])
	}
	info, err := metainfo.Build(spec, digests)
	if err != nil {
		return nil, err
	}
	c := &Content{Info: info, data: data}
	c.makeImages()
	return c, nil
}

func fill(rng *rand.Rand, data []byte) {
	for len(data) > 0 {
		x := rng.Uint64()
		for i := range min(8, len(data)) {
			data[i] = byte(x >> (8 * i))
		}
		data = data[min(8, len(data)):]
	}
}

func (c *Content) makeImages() {
	layout := c.Info.Layout
	for i := range layout.Pieces() {
		for n := range layout.Blocks(metainfo.PieceIndex(i)) {
			b := layout.Block(metainfo.PieceIndex(i), n)
			m := wire.Piece{Piece: uint32(i), Begin: uint32(b.Begin), Block: c.block(b)}
			c.images = wire.Append(c.images, m)
		}
	}
}

// number counts a block from the first of the torrent.
func (c *Content) number(b metainfo.Block) (int, bool) {
	n, ok := c.Info.Layout.Number(b)
	return c.first(b.Piece) + n, ok
}

// first is the number of a piece's first block.
func (c *Content) first(i metainfo.PieceIndex) int {
	return int(i) * ((c.Info.Layout.PieceLength() + metainfo.BlockSize - 1) / metainfo.BlockSize)
}

// blocks counts the blocks of the torrent.
func (c *Content) blocks() int {
	last := metainfo.PieceIndex(c.Info.Layout.Pieces() - 1)
	return c.first(last) + c.Info.Layout.Blocks(last)
}

// block returns the true bytes of a block, which nobody may write to.
func (c *Content) block(b metainfo.Block) []byte {
	at := c.Info.Layout.Piece(b.Piece).Offset + int64(b.Begin)
	return c.data[at:][:b.Length:b.Length]
}

// image returns the message that carries a block as it is right.
func (c *Content) image(b metainfo.Block) ([]byte, bool) {
	n, ok := c.number(b)
	if !ok {
		return nil, false
	}
	at := n * (imageHead + metainfo.BlockSize) // only the last block of all may be shorter
	size := imageHead + b.Length
	return c.images[at:][:size:size], true
}

// imageOf returns the shared encoding of a message that carries a true block,
// which is one that lies in our own bytes, and nil for any other.
func (c *Content) imageOf(m wire.Piece) []byte {
	b, ok := c.Info.Layout.Range(m.Piece, m.Begin, uint32(len(m.Block)))
	if !ok {
		return nil
	}
	image, ok := c.image(b)
	if !ok {
		return nil
	}
	if same(m.Block, c.block(b)) || same(m.Block, image[imageHead:]) || bytes.Equal(m.Block, c.block(b)) {
		return image
	}
	return nil
}

// right reports whether these are the true bytes of a block.
func (c *Content) right(b metainfo.Block, data []byte) bool {
	image, ok := c.image(b)
	return ok && len(data) == b.Length && (same(data, image[imageHead:]) || bytes.Equal(data, c.block(b)))
}

// same reports whether two slices are one and the same.
func same(a, b []byte) bool {
	return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
}

// readPiece reads a chunk that holds one Piece message and nothing else.
func readPiece(data []byte) (wire.Piece, bool) {
	if len(data) <= imageHead || int(binary.BigEndian.Uint32(data)) != len(data)-4 {
		return wire.Piece{}, false
	}
	return wire.Piece{
		Piece: binary.BigEndian.Uint32(data[5:]),
		Begin: binary.BigEndian.Uint32(data[9:]),
		Block: data[imageHead:],
	}, true
}
