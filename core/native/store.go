//go:build !js

package native

import (
	"crypto/sha1"
	"io/fs"
	"runtime"
	"sync"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// hashChunk is how much of a piece is held while it is hashed, in bytes.
const hashChunk = 256 << 10

// backing is where a store's files lie.
type backing interface {
	readAt(file int, offset int64, p []byte) error
	writeAt(file int, offset int64, p []byte) error
	close(remove bool) error
}

// store is a client.Store over files. What concerns one piece happens in the
// order in which it was asked for, in that piece's lane; different lanes work
// side by side. Their queues need no bound of their own: what a peer may have
// unwritten or unread is bounded in swarm.
type store struct {
	files  extents
	layout metainfo.Layout
	back   backing
	lanes  []lane

	mu     sync.RWMutex
	closed bool
}

func newStore(files extents, layout metainfo.Layout, back backing) *store {
	return &store{
		files:  files,
		layout: layout,
		back:   back,
		lanes:  make([]lane, max(2, runtime.GOMAXPROCS(0))),
	}
}

// Write queues a block for its lane.
func (s *store) Write(b metainfo.Block, data []byte, done func(error)) {
	if !s.post(b.Piece, write{b, data, done}) {
		done(fs.ErrClosed)
	}
}

// Verify hashes a piece in its lane.
func (s *store) Verify(p metainfo.Piece, done func(metainfo.Digest, error)) {
	if !s.post(p.Index, call{func() { done(s.digest(p)) }}) {
		done(metainfo.Digest{}, fs.ErrClosed)
	}
}

// Read reads a piece in its lane.
func (s *store) Read(p metainfo.Piece, done func([]byte, error)) {
	if !s.post(p.Index, call{func() { done(s.read(p)) }}) {
		done(nil, fs.ErrClosed)
	}
}

// Close lets everything that was asked for come to its end, then closes.
func (s *store) Close(remove bool, done func(error)) {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	if again {
		done(nil)
		return
	}
	go func() {
		for i := range s.lanes {
			s.lanes[i].wait()
		}
		done(s.back.close(remove))
	}()
}

func (s *store) post(piece metainfo.PieceIndex, j job) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return false
	}
	s.lanes[int(piece)%len(s.lanes)].post(s, j)
	return true
}

func (s *store) digest(p metainfo.Piece) (metainfo.Digest, error) {
	hash := sha1.New()
	chunk := make([]byte, min(p.Length, hashChunk))
	for done := 0; done < p.Length; {
		part := chunk[:min(len(chunk), p.Length-done)]
		if err := s.readRange(p.Offset+int64(done), part); err != nil {
			return metainfo.Digest{}, err
		}
		hash.Write(part)
		done += len(part)
	}
	return metainfo.Digest(hash.Sum(nil)), nil
}

func (s *store) read(p metainfo.Piece) ([]byte, error) {
	data := make([]byte, p.Length)
	if err := s.readRange(p.Offset, data); err != nil {
		return nil, err
	}
	return data, nil
}

func (s *store) readRange(offset int64, p []byte) error {
	for _, part := range s.files.spans(offset, len(p)) {
		if err := s.back.readAt(part.file, part.offset, p[:part.length]); err != nil {
			return err
		}
		p = p[part.length:]
	}
	return nil
}

func (s *store) writeRange(offset int64, p []byte) error {
	for _, part := range s.files.spans(offset, len(p)) {
		if err := s.back.writeAt(part.file, part.offset, p[:part.length]); err != nil {
			return err
		}
		p = p[part.length:]
	}
	return nil
}
