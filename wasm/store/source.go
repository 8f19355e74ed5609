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
	worker *Worker
	hasher *hasher
	gate   gate
	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	mu      sync.Mutex
	asked   []asked // in this turn, in order
	joining bool    // whether join will look at them
}

// asked is a piece that somebody waits for, to read it or to verify it.
type asked struct {
	piece  metainfo.Piece
	read   func([]byte, error)
	verify func(metainfo.Digest, error)
}

// maxJoined bounds how many bytes are read at once. To read a Blob costs the page
// and the browser's process as much as several hundred KB of what is read.
const maxJoined = 1 << 20

// NewSource returns a store over blobs whose lengths the layout adds up. While the
// storage worker is there, pieces are hashed in it.
func NewSource(layout metainfo.Layout, blobs []js.Value, worker *Worker) (*Source, error) {
	s := &Source{blobs: blobs, worker: worker, begins: make([]int64, 1, len(blobs)+1), hasher: newHasher()}
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

// Verify hashes a piece outside of Go, which sees no byte of it: Go holds on to
// every ArrayBuffer that it has seen until its own next collection.
func (s *Source) Verify(p metainfo.Piece, done func(metainfo.Digest, error)) {
	s.ask(asked{piece: p, verify: done})
}

// Read copies a piece into Go.
func (s *Source) Read(p metainfo.Piece, done func([]byte, error)) {
	s.ask(asked{piece: p, read: done})
}

// ask has a piece read when whoever asks has its turn behind it: pieces that
// follow each other are read together.
func (s *Source) ask(a asked) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, a)
	if !s.joining {
		s.joining = true
		go s.join()
	}
}

func (s *Source) join() {
	s.mu.Lock()
	all := s.asked
	s.asked, s.joining = nil, false
	s.mu.Unlock()
	for len(all) > 0 {
		n, length := 1, all[0].piece.Length
		for n < len(all) && all[n].follows(all[n-1]) && length+all[n].piece.Length <= maxJoined {
			length += all[n].piece.Length
			n++
		}
		together := all[:n:n]
		s.gate.run(length, func() {
			if together[0].verify != nil {
				s.verifyAll(together, length)
			} else {
				s.readAll(together, length)
			}
		})
		all = all[n:]
	}
}

func (a asked) follows(b asked) bool {
	return a.piece.Offset == b.piece.Offset+int64(b.piece.Length) && (a.verify == nil) == (b.verify == nil)
}

func (s *Source) readAll(together []asked, length int) {
	offset := together[0].piece.Offset
	buffer, err := s.read(offset, length)
	for _, a := range together {
		if err != nil {
			a.read(nil, err)
			continue
		}
		a.read(jsx.Bytes(uint8Array.New(buffer, a.piece.Offset-offset, a.piece.Length)), nil)
	}
	release(buffer)
}

// release gives back an ArrayBuffer's memory at once: what is handed over to a
// port that is closed is gone. Two collectors, Go's and then the page's, would let
// hundreds of MB pile up.
func release(buffer js.Value) {
	if buffer.Truthy() {
		closedPort().Call("postMessage", nil, []any{buffer})
	}
}

var closedPort = sync.OnceValue(func() js.Value {
	port := js.Global().Get("MessageChannel").New().Get("port1")
	port.Call("close")
	return port
})

func (s *Source) verifyAll(together []asked, length int) {
	lengths := make([]any, len(together))
	for i, a := range together {
		lengths[i] = a.piece.Length
	}
	var digests []metainfo.Digest
	blob, err := joined(s.slices(together[0].piece.Offset, int64(length)))
	if err == nil {
		digests, err = s.worker.hash(s.ctx, blob, lengths)
	}
	for i, a := range together {
		if err != nil { // there is no worker, or it cannot
			a.verify(s.sum(a.piece))
			continue
		}
		a.verify(digests[i], nil)
	}
}

// sum hashes a piece beside the page's own thread.
func (s *Source) sum(p metainfo.Piece) (metainfo.Digest, error) {
	buffer, err := s.read(p.Offset, p.Length)
	if err != nil {
		return metainfo.Digest{}, err
	}
	digest, err := s.hasher.sum(s.ctx, uint8Array.New(buffer))
	release(buffer)
	return digest, err
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
	// Firefox calls a read of what is gone aborted.
	if jsx.Named(err, "NotReadableError") || jsx.Named(err, "NotFoundError") || jsx.Named(err, "AbortError") {
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
