//go:build js && wasm

package store

import (
	"context"
	"fmt"
	"io/fs"
	"sort"
	"sync"
	"syscall/js"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/jsx"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// Source is a client.Store over the Blobs and Files that are seeded, one after
// the other. Nothing is copied: a piece is read when it is asked for, and a
// File never whole.
type Source struct {
	blobs  []js.Value
	begins []int64 // of each blob in the torrent, and the end of the last
	hasher *hasher
	gate   gate
	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	mu     sync.Mutex
	sliced []js.Value // the first pieces that lie in one blob; undefined before they are read
}

// NewSource returns a store over blobs whose lengths the layout adds up.
func NewSource(layout metainfo.Layout, blobs []js.Value) (*Source, error) {
	s := &Source{blobs: blobs, begins: make([]int64, 1, len(blobs)+1), hasher: newHasher(), sliced: make([]js.Value, min(layout.Pieces(), maxSliced))}
	for i, blob := range blobs {
		s.begins = append(s.begins, s.begins[i]+Size(blob))
	}
	if s.begins[len(blobs)] != layout.Length() {
		return nil, fmt.Errorf("%w: %d bytes where %d were", client.ErrSourceChanged, s.begins[len(blobs)], layout.Length())
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Size is the length of a Blob or File in bytes. It is a float64 in
// JavaScript, as a File may be longer than an int of wasm's time.
func Size(blob js.Value) int64 { return int64(blob.Get("size").Float()) }

// Write refuses.
func (s *Source) Write(_ metainfo.Block, _ []byte, done func(error)) {
	done(client.ErrReadOnly)
}

// Verify reads a piece and hashes it outside of Go.
func (s *Source) Verify(p metainfo.Piece, done func(metainfo.Digest, error)) {
	s.gate.run(p.Length, func() {
		data, err := s.read(p)
		if err != nil {
			done(metainfo.Digest{}, err)
			return
		}
		done(s.hasher.sum(s.ctx, data))
	})
}

// Read copies a piece into Go.
func (s *Source) Read(p metainfo.Piece, done func([]byte, error)) {
	s.gate.run(p.Length, func() {
		data, err := s.read(p)
		if err != nil {
			done(nil, err)
			return
		}
		done(jsx.Bytes(data), nil)
	})
}

// Blob returns a range of the torrent as a Blob of that media type. Nothing is
// read for it.
func (s *Source) Blob(offset, length int64, mediaType string) (js.Value, error) {
	if s.ctx.Err() != nil {
		return js.Undefined(), fs.ErrClosed
	}
	return newBlob(s.slices(offset, length), mediaType)
}

// slices returns the parts of the blobs that make a range of the torrent.
func (s *Source) slices(offset, length int64) []any {
	parts := []any{}
	end := offset + length
	first := sort.Search(len(s.blobs), func(i int) bool { return s.begins[i+1] > offset })
	for i := first; i < len(s.blobs) && s.begins[i] < end; i++ {
		begin := max(offset, s.begins[i]) - s.begins[i]
		parts = append(parts, s.blobs[i].Call("slice", begin, min(end, s.begins[i+1])-s.begins[i]))
	}
	return parts
}

// read returns a piece as a Uint8Array that JavaScript holds.
func (s *Source) read(p metainfo.Piece) (js.Value, error) {
	if s.ctx.Err() != nil {
		return js.Undefined(), fs.ErrClosed
	}
	blob, err := s.slice(p)
	if err != nil {
		return js.Undefined(), err
	}
	buffer, err := jsx.Await(s.ctx, blob.Call("arrayBuffer"))
	if err != nil {
		return js.Undefined(), readError(err)
	}
	data := uint8Array.New(buffer)
	if data.Length() != p.Length {
		return js.Undefined(), fmt.Errorf("%w: %d bytes where %d were", client.ErrSourceChanged, data.Length(), p.Length)
	}
	return data, nil
}

// maxSliced bounds the slices that are kept: what is longer has long pieces.
const maxSliced = 2048

// slice returns a piece as a Blob, of which no byte is read before it is asked.
// To make one the page waits for the browser's own process, and each piece is
// read twice or more, to be hashed and to be sent: so slices are kept.
func (s *Source) slice(p metainfo.Piece) (js.Value, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if int(p.Index) < len(s.sliced) && !s.sliced[p.Index].IsUndefined() {
		return s.sliced[p.Index], nil
	}
	parts := s.slices(p.Offset, int64(p.Length))
	if len(parts) != 1 {
		return newBlob(parts, "")
	}
	blob := parts[0].(js.Value)
	if int(p.Index) < len(s.sliced) {
		s.sliced[p.Index] = blob
	}
	return blob, nil
}

// readError tells a File that is not what it was from other failures.
func readError(err error) error {
	if jsx.Named(err, "NotReadableError") || jsx.Named(err, "NotFoundError") {
		return fmt.Errorf("%w (%w)", client.ErrSourceChanged, err)
	}
	return fmt.Errorf("read what is seeded: %w", err)
}

// Close lets go of the Files; they are the page's, remove deletes nothing.
func (s *Source) Close(_ bool, done func(error)) {
	s.cancel()
	s.hasher.close()
	s.mu.Lock()
	s.sliced = nil
	s.mu.Unlock()
	done(nil)
}
