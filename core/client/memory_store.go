package client

import (
	"crypto/sha1"
	"errors"
	"io/fs"
	"sync"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// ErrReadOnly says that a store holds what is seeded and cannot be written to.
var ErrReadOnly = errors.New("what is seeded cannot be written to")

// OpenMemory is an OpenStore that keeps a torrent's bytes in memory until the
// store is closed. A piece takes its memory when its first block comes.
func OpenMemory(info *metainfo.Info) (Store, bool, error) {
	return newMemoryStore(info.Layout), true, nil
}

// MemorySource is a source of one file that lies in memory. data must not be
// changed any more.
func MemorySource(name string, data []byte) Source {
	return Source{
		Name:  name,
		Files: []metainfo.File{{Path: []string{name}, Length: int64(len(data))}},
		Open: func(layout metainfo.Layout) (Store, error) {
			if layout.Length() != int64(len(data)) {
				return nil, metainfo.ErrLayout
			}
			m := newMemoryStore(layout)
			m.readOnly = true
			for i := range m.pieces {
				p := layout.Piece(metainfo.PieceIndex(i))
				m.pieces[i] = data[p.Offset:][:p.Length]
			}
			return m, nil
		},
	}
}

// memoryStore does at once what it is asked, and calls done before it returns.
type memoryStore struct {
	layout   metainfo.Layout
	readOnly bool

	mu     sync.Mutex
	pieces [][]byte // each nil until its first block comes
	closed bool
}

func newMemoryStore(layout metainfo.Layout) *memoryStore {
	return &memoryStore{layout: layout, pieces: make([][]byte, layout.Pieces())}
}

func (m *memoryStore) Write(b metainfo.Block, data []byte, done func(error)) {
	done(m.write(b, data))
}

func (m *memoryStore) write(b metainfo.Block, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return fs.ErrClosed
	case m.readOnly:
		return ErrReadOnly
	}
	if m.pieces[b.Piece] == nil {
		m.pieces[b.Piece] = make([]byte, m.layout.Piece(b.Piece).Length)
	}
	copy(m.pieces[b.Piece][b.Begin:], data)
	return nil
}

func (m *memoryStore) Verify(p metainfo.Piece, done func(metainfo.Digest, error)) {
	data, err := m.read(p)
	if err != nil {
		done(metainfo.Digest{}, err)
		return
	}
	done(sha1.Sum(data), nil)
}

func (m *memoryStore) Read(p metainfo.Piece, done func([]byte, error)) {
	done(m.read(p))
}

// read copies a piece, so that hashing it needs no lock.
func (m *memoryStore) read(p metainfo.Piece) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, fs.ErrClosed
	}
	data := make([]byte, p.Length)
	copy(data, m.pieces[p.Index])
	return data, nil
}

// Close forgets the bytes in either case: memory keeps nothing.
func (m *memoryStore) Close(_ bool, done func(error)) {
	m.mu.Lock()
	m.closed, m.pieces = true, nil
	m.mu.Unlock()
	done(nil)
}
