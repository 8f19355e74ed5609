package client

import (
	"context"
	"crypto/sha1"
	"time"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// hashAhead is how many bytes are on their way through a store's Verify at the
// same time: enough to keep reading and hashing busy together.
const hashAhead = 8 << 20

// hashed is the answer of one Verify.
type hashed struct {
	piece  metainfo.Piece
	digest metainfo.Digest
	err    error
}

// hashAll hashes every piece of a store, several at a time; each is called in
// any order of pieces, from this goroutine. It ends at the first error, or
// when ctx does, and leaves no call under way behind.
func hashAll(ctx context.Context, store Store, layout metainfo.Layout, each func(metainfo.Piece, metainfo.Digest)) error {
	all := make([]metainfo.PieceIndex, layout.Pieces())
	for i := range all {
		all[i] = metainfo.PieceIndex(i)
	}
	return hashSome(ctx, store, layout, all, each)
}

// hashSome is hashAll of some pieces.
func hashSome(ctx context.Context, store Store, layout metainfo.Layout, pieces []metainfo.PieceIndex, each func(metainfo.Piece, metainfo.Digest)) error {
	window := 1
	if layout.Pieces() > 0 {
		window = max(2, min(64, hashAhead/layout.PieceLength()))
	}
	answers := make(chan hashed, window)
	next, underWay := 0, 0
	var failed error
	for {
		// Half of them at once: a store may read together what is asked together.
		for more := underWay <= window/2; more && failed == nil && underWay < window && next < len(pieces); {
			if failed = context.Cause(ctx); failed != nil {
				break
			}
			piece := layout.Piece(pieces[next])
			store.Verify(piece, func(digest metainfo.Digest, err error) {
				answers <- hashed{piece, digest, err}
			})
			next++
			underWay++
		}
		if underWay == 0 {
			return failed
		}
		a := <-answers
		underWay--
		if a.err != nil && failed == nil {
			failed = a.err
		}
		if failed == nil {
			each(a.piece, a.digest)
		}
	}
}

// turnful is how many bytes are hashed before others have their turn: in a page Go
// takes 10 ms for them.
const turnful = 512 << 10

// hashInTurns computes the SHA-1 of an info dictionary.
func hashInTurns(data []byte) id.ID {
	sum := sha1.New()
	for len(data) > turnful {
		sum.Write(data[:turnful])
		data = data[turnful:]
		time.Sleep(time.Millisecond) // a page runs only when all of Go sleeps
	}
	sum.Write(data)
	return id.ID(sum.Sum(nil))
}

// check fills have with the pieces that a store holds rightly. Pieces that
// cannot be read are lacked.
func check(ctx context.Context, store Store, info *metainfo.Info, have *bitfield.Bitfield) error {
	return hashAll(ctx, store, info.Layout, func(p metainfo.Piece, digest metainfo.Digest) {
		if digest == info.Digests[p.Index] {
			have.Set(int(p.Index))
		}
	})
}
