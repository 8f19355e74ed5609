//go:build js && wasm

package api

import (
	"context"
	"errors"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/jsx"
)

// read gives bytes of a file, once they are verified.
func (b *bridge) read(ctx context.Context, p params) (any, error) {
	f, err := b.findFile(p)
	if err != nil {
		return nil, err
	}
	start, end := p.int64("start"), p.int64("end")
	if start < 0 || start > end || end > f.Length {
		return nil, invalidOption("bytes %d to %d of a file of %d", start, end, f.Length)
	}
	if err := b.await(ctx, f, start, end); err != nil {
		return nil, err
	}
	data, err := f.torrent.Read(ctx, f.Offset+start, int(end-start))
	if err != nil {
		return nil, err
	}
	return jsx.Uint8Array(data), nil
}

// blob gives a whole file, once it is verified.
func (b *bridge) blob(ctx context.Context, p params) (any, error) {
	f, err := b.findFile(p)
	if err != nil {
		return nil, err
	}
	if err := b.await(ctx, f, 0, f.Length); err != nil {
		return nil, err
	}
	b.mu.Lock()
	store := b.stores[f.torrent.InfoHash()]
	b.mu.Unlock()
	if store == nil {
		return nil, &client.Error{Code: client.CodeNotReady, Err: errors.New("the torrent has no store yet")}
	}
	blob, err := store.Blob(f.Offset, f.Length, p.text("type"))
	if err != nil {
		return nil, &client.Error{Code: client.CodeStore, Err: err}
	}
	return blob, nil
}

// await returns when a range of a file is verified. A file that is waited for
// is wanted.
func (b *bridge) await(ctx context.Context, f file, start, end int64) error {
	t, offset, length := f.torrent, f.Offset+start, end-start
	if !t.Has(offset, length) {
		f.need()
	}
	for {
		b.mu.Lock()
		changed := t.changed
		b.mu.Unlock()
		if is, err := t.Prove(ctx, offset, length); is || err != nil {
			return err
		}
		if err := t.Err(); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// window says what a reader needs next of a file.
func (b *bridge) window(_ context.Context, p params) (any, error) {
	f, err := b.findFile(p)
	if err != nil {
		return nil, err
	}
	start, end := p.int64("start"), min(p.int64("end"), f.Length)
	f.torrent.Window(uint64(p.int("reader")), f.Offset+start, end-start)
	return nil, nil
}

func (b *bridge) closeWindow(_ context.Context, p params) (any, error) {
	t, err := b.find(p)
	if err == nil {
		t.CloseWindow(uint64(p.int("reader")))
	}
	return nil, err
}
