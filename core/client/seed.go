package client

import (
	"context"
	"slices"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// Source is what is seeded: a list of files, and how to read them where they
// lie, as one run of bytes in the order of the list.
type Source struct {
	Name  string          // of the torrent
	Multi bool            // whether the files lie in a directory of that name
	Files []metainfo.File // Path and Length; Offset is computed
	Open  func(metainfo.Layout) (Store, error)
}

// SeedOptions may be zero.
type SeedOptions struct {
	PieceLength int64 // bytes, a power of two from 16 KiB; 0 lets metainfo choose
	Comment     string
	Private     bool
	Trackers    []string // instead of the client's; nil means the client's
	WebSeeds    []string // http and https URLs (BEP 19) where the same files lie
	// OnProgress is told how many bytes have been hashed; it must not block.
	OnProgress func(done, total int64)
}

// Seed hashes a source and serves it. It returns when the torrent is ready to
// serve, and needs no tracker's answer for that. When ctx ends first, nothing
// is left behind and the error is the context's cause.
func (c *Client) Seed(ctx context.Context, src Source, opts SeedOptions) (*Torrent, error) {
	if err := checkWebSeeds(opts.WebSeeds); err != nil {
		return nil, err
	}
	if !c.enter() {
		return nil, errClosed
	}
	info, store, err := c.hash(ctx, src, opts)
	c.work.Done()
	if err != nil {
		return nil, err
	}
	trackers := opts.Trackers // written into the torrent, so its own
	if trackers == nil {
		trackers = c.cfg.Trackers
	}
	var t *Torrent
	var failed *Error
	ran := c.call(func() {
		t, failed = c.start(plan{
			infoHash: info.Hash,
			comment:  opts.Comment,
			trackers: trackers,
			webSeeds: slices.Clone(opts.WebSeeds),
			named:    opts.WebSeeds,
			info:     info,
			store:    store,
		})
	})
	if !ran {
		store.Close(false, func(error) {})
		return nil, errClosed
	}
	if failed != nil {
		return nil, failed
	}
	return t, nil
}

// hash makes the metadata of a source; on error its store is closed.
func (c *Client) hash(ctx context.Context, src Source, opts SeedOptions) (*metainfo.Info, Store, error) {
	spec := metainfo.Spec{
		Name:        src.Name,
		Multi:       src.Multi,
		Files:       src.Files,
		PieceLength: opts.PieceLength,
		Private:     opts.Private,
	}
	layout, err := spec.Layout()
	if err != nil {
		return nil, nil, &Error{CodeInvalidInput, err}
	}
	store, err := src.Open(layout)
	if err != nil {
		return nil, nil, storeError(err)
	}
	info, err := c.describe(ctx, spec, layout, store, opts.OnProgress)
	if err != nil {
		store.Close(false, func(error) {})
		return nil, nil, err
	}
	return info, store, nil
}

func (c *Client) describe(ctx context.Context, spec metainfo.Spec, layout metainfo.Layout, store Store, progress func(done, total int64)) (*metainfo.Info, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.ctx, func() { cancel(errClosed) })()
	digests := make([]metainfo.Digest, layout.Pieces())
	var done int64
	err := hashAll(ctx, store, layout, func(p metainfo.Piece, digest metainfo.Digest) {
		digests[p.Index] = digest
		done += int64(p.Length)
		if progress != nil {
			progress(done, layout.Length())
		}
	})
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, storeError(err)
	}
	data, err := spec.Encode(digests)
	if err != nil {
		return nil, &Error{CodeInvalidInput, err}
	}
	info, err := metainfo.ParseHashedInfo(hashInTurns(data), data)
	if err != nil {
		return nil, &Error{CodeInvalidInput, err}
	}
	return info, nil
}
