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

	mu      sync.Mutex
	asked   []reading // in this turn, in order
	joining bool      // whether join will look at them
}

// reading is a piece that somebody waits for; got is called on a goroutine of its
// own, with a Uint8Array.
type reading struct {
	piece metainfo.Piece
	got   func(js.Value, error)
}

// maxJoined bounds how many bytes are read at once. To read a Blob costs the page
// and the browser's process as much as several hundred KB of what is read.
const maxJoined = 1 << 20

// NewSource returns a store over blobs whose lengths the layout adds up.
func NewSource(layout metainfo.Layout, blobs []js.Value) (*Source, error) {
	s := &Source{blobs: blobs, begins: make([]int64, 1, len(blobs)+1), hasher: newHasher()}
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
	s.ask(reading{p, func(data js.Value, err error) {
		if err != nil {
			done(metainfo.Digest{}, err)
			return
		}
		done(s.hasher.sum(s.ctx, data))
	}})
}

// Read copies a piece into Go.
func (s *Source) Read(p metainfo.Piece, done func([]byte, error)) {
	s.ask(reading{p, func(data js.Value, err error) {
		if err != nil {
			done(nil, err)
			return
		}
		done(jsx.Bytes(data), nil)
	}})
}

// ask has a piece read when whoever asks has its turn behind it: pieces that
// follow each other are read together.
func (s *Source) ask(r reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r)
	if !s.joining {
		s.joining = true
		go s.join()
	}
}

func (s *Source) join() {
	s.mu.Lock()
	asked := s.asked
	s.asked, s.joining = nil, false
	s.mu.Unlock()
	for len(asked) > 0 {
		n, length := 1, asked[0].piece.Length
		for n < len(asked) && follows(asked[n-1].piece, asked[n].piece) && length+asked[n].piece.Length <= maxJoined {
			length += asked[n].piece.Length
			n++
		}
		together := asked[:n:n]
		s.gate.run(length, func() { s.readAll(together, length) })
		asked = asked[n:]
	}
}

func follows(p, next metainfo.Piece) bool { return p.Offset+int64(p.Length) == next.Offset }

// readAll reads pieces that follow each other and have so many bytes in all, and
// waits until all who asked are done with them.
func (s *Source) readAll(asked []reading, length int) {
	offset := asked[0].piece.Offset
	buffer, err := s.read(offset, length)
	var all sync.WaitGroup
	for _, r := range asked {
		all.Go(func() {
			if err != nil {
				r.got(js.Undefined(), err)
				return
			}
			r.got(uint8Array.New(buffer, r.piece.Offset-offset, r.piece.Length), nil)
		})
	}
	all.Wait()
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

// read returns a range as an ArrayBuffer that JavaScript holds.
func (s *Source) read(offset int64, length int) (js.Value, error) {
	if s.ctx.Err() != nil {
		return js.Undefined(), fs.ErrClosed
	}
	blob, err := joined(s.slices(offset, int64(length)))
	if err != nil {
		return js.Undefined(), err
	}
	buffer, err := jsx.Await(s.ctx, blob.Call("arrayBuffer"))
	if err != nil {
		return js.Undefined(), readError(err)
	}
	if got := buffer.Get("byteLength").Int(); got != length {
		return js.Undefined(), fmt.Errorf("%w: %d bytes where %d were", client.ErrSourceChanged, got, length)
	}
	return buffer, nil
}

func joined(parts []any) (js.Value, error) {
	if len(parts) == 1 {
		return parts[0].(js.Value), nil
	}
	return newBlob(parts, "")
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
	done(nil)
}
