package client

import (
	"context"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/swarm"
)

// Prove hashes what of a verified range was last verified in an earlier session,
// and reports whether the whole of it is there. What is not as it was is fetched
// again, like what never was there.
func (t *Torrent) Prove(ctx context.Context, offset, length int64) (bool, error) {
	if !t.Has(offset, length) {
		return false, nil
	}
	if t.past == nil {
		return true, nil
	}
	store, doubted, err := t.doubted(offset, length)
	if err != nil || len(doubted) == 0 {
		return err == nil, err
	}
	info := t.Info()
	err = hashSome(ctx, store, info.Layout, doubted, func(p metainfo.Piece, digest metainfo.Digest) {
		t.client.mail.post(func() { t.tell(swarm.Verified{Piece: p.Index, Digest: digest}) })
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return false, context.Cause(ctx)
	case err != nil:
		return false, storeError(err)
	case !t.client.call(func() {}): // the last is told
		return false, errClosed
	}
	return t.Has(offset, length), nil
}

// doubted lists the pieces of a range that are still to be hashed, and the store
// that they lie in.
func (t *Torrent) doubted(offset, length int64) (store Store, doubted []metainfo.PieceIndex, err error) {
	if length == 0 {
		return nil, nil, nil
	}
	first, last := span(t.Info().Layout, offset, length)
	ran := t.client.call(func() {
		s := t.client.node.Swarm(t.infoHash)
		if t.client.torrent(t.infoHash) != t || t.store == nil || s == nil {
			err = errRemoved
			return
		}
		store = t.store
		for i := first; i <= last; i++ {
			if s.Doubted(i) {
				doubted = append(doubted, i)
			}
		}
	})
	if !ran {
		err = errClosed
	}
	return store, doubted, err
}
