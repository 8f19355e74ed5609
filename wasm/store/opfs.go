//go:build js && wasm

package store

import (
	"context"
	"io/fs"
	"sort"
	"sync"
	"syscall/js"

	"github.com/shoal-p2p/shoal/core/jsx"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// OPFS is a client.Store in the origin's private file system: a directory for
// the torrent, and in it a file for each of its files, named by number, as a
// path is a stranger's word. A block is on its way to disk as soon as it comes.
type OPFS struct {
	worker *Worker
	hasher *hasher
	info   *metainfo.Info
	place  string
	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool
}

func newOPFS(w *Worker, info *metainfo.Info) *OPFS {
	s := &OPFS{worker: w, hasher: newHasher(), info: info, place: info.Hash.String()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Write sends a block to the worker; done comes when it is written.
func (s *OPFS) Write(b metainfo.Block, data []byte, done func(error)) {
	offset := s.info.Layout.Piece(b.Piece).Offset + int64(b.Begin)
	s.ask(&request{step: stepWrite, spans: s.spans(offset, int64(b.Length)), data: data, size: b.Length,
		done: func(a reply) { done(a.err) }})
}

// Verify has a piece hashed in the worker. Where that cannot hash, it answers
// with the bytes.
func (s *OPFS) Verify(p metainfo.Piece, done func(metainfo.Digest, error)) {
	s.ask(s.whole(stepVerify, p, func(a reply) {
		if a.err == nil && a.value.Truthy() {
			go func() { done(s.hasher.sumInGo(a.value), nil) }()
			return
		}
		done(a.digest, a.err)
	}))
}

// Read copies a piece into Go.
func (s *OPFS) Read(p metainfo.Piece, done func([]byte, error)) {
	s.ask(s.whole(stepRead, p, func(a reply) {
		if a.err != nil {
			done(nil, a.err)
			return
		}
		data := jsx.Bytes(a.value)
		release(a.value.Get("buffer"))
		done(data, nil)
	}))
}

func (s *OPFS) whole(what step, p metainfo.Piece, done func(reply)) *request {
	return &request{step: what, spans: s.spans(p.Offset, int64(p.Length)), size: p.Length, done: done}
}

// ask refuses after Close; what was asked before is answered.
func (s *OPFS) ask(r *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		r.done(reply{err: fs.ErrClosed})
		return
	}
	r.place = s.place
	s.worker.ask(r)
}

// Blob returns a range of the torrent as a Blob of that media type: a file of
// the torrent as a File that lies on disk. It waits for the worker.
func (s *OPFS) Blob(offset, length int64, mediaType string) (js.Value, error) {
	return s.worker.call(s.ctx, "blob", s.place, values(s.spans(offset, length)), mediaType, s.nameOf(offset, length))
}

// nameOf names a range that is a file.
func (s *OPFS) nameOf(offset, length int64) string {
	for _, f := range s.info.Files {
		if f.Offset == offset && f.Length == length {
			return f.Path[len(f.Path)-1]
		}
	}
	return ""
}

// spans says which ranges of which files make a range of the torrent: number,
// offset and length of each in one list. What only fills gaps is file -1.
func (s *OPFS) spans(offset, length int64) []int64 {
	files := s.info.Files
	spans := make([]int64, 0, 3)
	first := sort.Search(len(files), func(i int) bool { return files[i].Offset+files[i].Length > offset })
	for i, end := first, offset+length; i < len(files) && offset < end; i++ {
		f := files[i]
		part := min(end, f.Offset+f.Length) - offset
		number := int64(i)
		if f.Pad {
			number = -1
		}
		if part > 0 {
			spans = append(spans, number, offset-f.Offset, part)
		}
		offset += part
	}
	return spans
}

func values(numbers []int64) []any {
	list := make([]any, len(numbers))
	for i, n := range numbers {
		list[i] = n
	}
	return list
}

// Close closes the files; what is not kept for another session is deleted in
// either case.
func (s *OPFS) Close(remove bool, done func(error)) {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.hasher.close()
	if !first {
		done(nil)
		return
	}
	s.worker.closePlace(s.place, remove, done)
}
