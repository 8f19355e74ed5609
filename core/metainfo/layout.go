package metainfo

import "errors"

// BlockSize is the unit of request: 16 KiB, what every BitTorrent peer serves.
const BlockSize = 16 << 10

// MaxPieceLength bounds what a peer may make us hold for one piece, in bytes.
const MaxPieceLength = 64 << 20

// maxPieces bounds the bitfields and digests of one torrent (20 bytes each).
const maxPieces = 1 << 22

// ErrLayout says that a length and a piece length make no torrent.
var ErrLayout = errors.New("metainfo: impossible length or piece length")

// PieceIndex numbers the pieces of a torrent from 0. One that came out of a
// Layout is in range.
type PieceIndex uint32

// Piece is a range of the torrent's bytes, proved by a Layout.
type Piece struct {
	Index  PieceIndex
	Offset int64 // of its first byte in the torrent
	Length int   // bytes
}

// Block is a range of one piece, proved by a Layout.
type Block struct {
	Piece  PieceIndex
	Begin  int // bytes from the start of the piece
	Length int // bytes
}

// Layout is all arithmetic on pieces and blocks, for a length and a piece
// length that were checked once. The zero Layout is a torrent of no bytes and
// no pieces.
type Layout struct {
	length      int64
	pieceLength int
}

// NewLayout checks the two lengths, in bytes.
func NewLayout(length, pieceLength int64) (Layout, error) {
	if length < 0 || pieceLength <= 0 || pieceLength > MaxPieceLength {
		return Layout{}, ErrLayout
	}
	l := Layout{length, int(pieceLength)}
	if l.Pieces() > maxPieces {
		return Layout{}, ErrLayout
	}
	return l, nil
}

// Length is the sum of all files, in bytes.
func (l Layout) Length() int64 { return l.length }

// PieceLength is the length of every piece but the last, in bytes.
func (l Layout) PieceLength() int { return l.pieceLength }

// Pieces counts the pieces.
func (l Layout) Pieces() int {
	if l.length == 0 {
		return 0
	}
	return int((l.length-1)/int64(l.pieceLength)) + 1
}

// Index proves a piece number that came from outside.
func (l Layout) Index(i uint32) (PieceIndex, bool) {
	return PieceIndex(i), int64(i) < int64(l.Pieces())
}

// Piece returns the range of a piece.
func (l Layout) Piece(i PieceIndex) Piece {
	if int64(i) >= int64(l.Pieces()) {
		panic("metainfo: piece out of range")
	}
	offset := int64(i) * int64(l.pieceLength)
	return Piece{i, offset, int(min(int64(l.pieceLength), l.length-offset))}
}

// Blocks counts the blocks of a piece.
func (l Layout) Blocks(i PieceIndex) int {
	return (l.Piece(i).Length + BlockSize - 1) / BlockSize
}

// Block returns block n of a piece, as we ask for it.
func (l Layout) Block(i PieceIndex, n int) Block {
	begin := n * BlockSize
	length := l.Piece(i).Length
	if n < 0 || begin >= length {
		panic("metainfo: block out of range")
	}
	return Block{i, begin, min(BlockSize, length-begin)}
}

// Range proves a block that came from outside: any range within one piece, not
// empty. Callers add their own cap on its length.
func (l Layout) Range(piece, begin, length uint32) (Block, bool) {
	i, ok := l.Index(piece)
	if !ok || length == 0 || int64(begin)+int64(length) > int64(l.Piece(i).Length) {
		return Block{}, false
	}
	return Block{i, int(begin), int(length)}, true
}

// Number returns which block of its piece b is, and false where b is not a
// block as we ask for it.
func (l Layout) Number(b Block) (int, bool) {
	n := b.Begin / BlockSize
	if b.Begin < 0 || b.Begin%BlockSize != 0 || int64(b.Piece) >= int64(l.Pieces()) || n >= l.Blocks(b.Piece) {
		return 0, false
	}
	if l.Block(b.Piece, n) != b {
		return 0, false
	}
	return n, true
}
