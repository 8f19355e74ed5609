//go:build js && wasm

// Package store keeps a torrent's bytes in a page: OPFS in the origin's private
// file system, through the page's storage Worker; Memory in JavaScript
// ArrayBuffers, as wasm memory never shrinks; and Source where they are, in the
// Files and Blobs that are seeded. All hash outside of Go where the page can,
// and work on a bounded number of bytes at once.
package store

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"
	"sync"
	"syscall/js"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/jsx"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// uint8Array is looked up once, as every block needs it.
var uint8Array = js.Global().Get("Uint8Array")

// Memory is a client.Store of one Uint8Array for each piece, which takes its
// memory when its first block comes.
type Memory struct {
	layout metainfo.Layout
	hasher *hasher
	gate   gate
	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	mu     sync.Mutex
	pieces []js.Value // undefined until the first block; nil when closed
	closed bool
}

// NewMemory returns an empty store.
func NewMemory(layout metainfo.Layout) *Memory {
	m := &Memory{layout: layout, hasher: newHasher(), pieces: make([]js.Value, layout.Pieces())}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m
}

// OpenMemory is a client.OpenStore.
func OpenMemory(info *metainfo.Info) (client.Store, bool, error) {
	return NewMemory(info.Layout), true, nil
}

// Write copies a block out of Go at once.
func (m *Memory) Write(b metainfo.Block, data []byte, done func(error)) {
	done(m.write(b, data))
}

// write is on the data path: it uses syscall/js as it is.
func (m *Memory) write(b metainfo.Block, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return fs.ErrClosed
	}
	return jsx.Try(func() {
		piece := m.pieces[b.Piece]
		if piece.IsUndefined() {
			// A page that has no memory left throws here.
			piece = uint8Array.New(m.layout.Piece(b.Piece).Length)
			m.pieces[b.Piece] = piece
		}
		js.CopyBytesToJS(piece.Call("subarray", b.Begin, b.Begin+b.Length), data)
	})
}

// Verify hashes a piece outside of Go.
func (m *Memory) Verify(p metainfo.Piece, done func(metainfo.Digest, error)) {
	m.gate.run(p.Length, func() {
		data, err := m.piece(p)
		if err != nil {
			done(metainfo.Digest{}, err)
			return
		}
		done(m.hasher.sum(m.ctx, data))
	})
}

// Read copies a piece into Go.
func (m *Memory) Read(p metainfo.Piece, done func([]byte, error)) {
	data, err := m.piece(p)
	if err != nil {
		done(nil, err)
		return
	}
	done(jsx.Bytes(data), nil)
}

// Blob returns a range of the torrent as a Blob of that media type, without
// taking it through Go.
func (m *Memory) Blob(offset, length int64, mediaType string) (blob js.Value, err error) {
	parts := []any{}
	for at := offset; at < offset+length; {
		p := m.layout.Piece(metainfo.PieceIndex(at / int64(m.layout.PieceLength())))
		data, err := m.piece(p)
		if err != nil {
			return js.Undefined(), err
		}
		end := min(p.Offset+int64(p.Length), offset+length)
		parts = append(parts, data.Call("subarray", at-p.Offset, end-p.Offset))
		at = end
	}
	return newBlob(parts, mediaType)
}

// piece returns a piece as it is kept, or zeros that are not.
func (m *Memory) piece(p metainfo.Piece) (data js.Value, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return js.Undefined(), fs.ErrClosed
	}
	if data := m.pieces[p.Index]; !data.IsUndefined() {
		return data, nil
	}
	err = jsx.Try(func() { data = uint8Array.New(p.Length) })
	return data, err
}

// Close forgets the bytes in either case: memory keeps nothing.
func (m *Memory) Close(_ bool, done func(error)) {
	m.mu.Lock()
	m.closed, m.pieces = true, nil
	m.mu.Unlock()
	m.cancel()
	m.hasher.close()
	// JavaScript gets back what Go refers to only after a collection, which an
	// idle page would not see for minutes.
	runtime.GC()
	done(nil)
}

func newBlob(parts []any, mediaType string) (blob js.Value, err error) {
	err = jsx.Try(func() {
		blob = js.Global().Get("Blob").New(parts, map[string]any{"type": mediaType})
	})
	if err != nil {
		return js.Undefined(), fmt.Errorf("make a Blob: %w", err)
	}
	return blob, nil
}
