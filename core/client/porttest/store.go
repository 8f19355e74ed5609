package porttest

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// pieceLength makes pieces of two blocks, so that there are halves.
const pieceLength = 2 * metainfo.BlockSize

// Torrent makes the info of a torrent that has no digests, as stores need none,
// and the content that belongs to it. Lengths are those of its files; one length
// makes a torrent of one file.
func Torrent(t *testing.T, name string, lengths ...int64) (*metainfo.Info, []byte) {
	t.Helper()
	info := &metainfo.Info{Hash: id.ID(sha1.Sum([]byte(name))), Name: name, Multi: len(lengths) > 1}
	var total int64
	for i, length := range lengths {
		path := []string{name}
		if info.Multi {
			path = []string{"sub", string(rune('a'+i)) + " ü 文.bin"}
		}
		info.Files = append(info.Files, metainfo.File{Path: path, Length: length, Offset: total})
		total += length
	}
	layout, err := metainfo.NewLayout(total, pieceLength)
	if err != nil {
		t.Fatal(err)
	}
	info.Layout = layout
	info.Digests = make([]metainfo.Digest, layout.Pieces())
	return info, Content(total)
}

// Content returns length bytes that are the same in every run and repeat nowhere.
func Content(length int64) []byte {
	rng := rand.New(rand.NewPCG(1, uint64(length)))
	content := make([]byte, 0, length+8)
	for int64(len(content)) < length {
		content = binary.LittleEndian.AppendUint64(content, rng.Uint64())
	}
	return content[:length]
}

// Store is the contract of a store that is written to. open is called once for
// each subtest and returns a way to open stores in an empty place.
func Store(t *testing.T, open func(*testing.T) client.OpenStore) {
	contents := []struct {
		name    string
		lengths []int64
	}{
		{"one file", []int64{5*pieceLength + 100}},
		{"one file of whole pieces", []int64{2 * pieceLength}},
		{"files that share pieces, empty ones between", []int64{0, 10, 3*pieceLength - 5, 0, 0, 1, pieceLength, 0}},
	}
	for _, c := range contents {
		t.Run(c.name, func(t *testing.T) {
			info, content := Torrent(t, "content", c.lengths...)
			s := openFresh(t, open(t), info)
			defer s.close(false)
			s.writeAll(info.Layout, content)
			s.holds(info.Layout, content)
		})
	}

	t.Run("what was never written counts as zeros", func(t *testing.T) {
		info, content := Torrent(t, "zeros", 3*pieceLength)
		s := openFresh(t, open(t), info)
		defer s.close(false)
		half := info.Layout.Block(1, 1)
		s.write(half, content[:half.Length])
		want := make([]byte, 3*pieceLength)
		copy(want[pieceLength+half.Begin:], content[:half.Length])
		s.holds(info.Layout, want)
	})

	t.Run("the later of two writes holds", func(t *testing.T) {
		info, content := Torrent(t, "twice", pieceLength)
		s := openFresh(t, open(t), info)
		defer s.close(false)
		s.writeAll(info.Layout, make([]byte, pieceLength))
		s.writeAll(info.Layout, content)
		s.holds(info.Layout, content)
	})

	t.Run("a piece sees the writes that were asked for before it", func(t *testing.T) {
		info, content := Torrent(t, "order", 8*pieceLength)
		s := openFresh(t, open(t), info)
		defer s.close(false)
		wrote := make(chan error, 2*8)
		verified := make(chan verdict, 8)
		for i := range info.Layout.Pieces() {
			p := info.Layout.Piece(metainfo.PieceIndex(i))
			for n := info.Layout.Blocks(p.Index) - 1; n >= 0; n-- {
				b := info.Layout.Block(p.Index, n)
				s.Write(b, bytes.Clone(content[p.Offset+int64(b.Begin):][:b.Length]), func(err error) { wrote <- err })
			}
			s.Verify(p, func(d metainfo.Digest, err error) { verified <- verdict{p, d, err} })
		}
		for range cap(wrote) {
			if err := await(t, "the end of a write", wrote); err != nil {
				t.Errorf("write: %v", err)
			}
		}
		for range cap(verified) {
			v := await(t, "a digest", verified)
			if v.err != nil || v.digest != sha1.Sum(content[v.piece.Offset:][:v.piece.Length]) {
				t.Errorf("piece %d was hashed before it was written: %x, %v", v.piece.Index, v.digest, v.err)
			}
		}
	})

	t.Run("what was read is the reader's", func(t *testing.T) {
		info, content := Torrent(t, "owner", pieceLength)
		s := openFresh(t, open(t), info)
		defer s.close(false)
		s.writeAll(info.Layout, content)
		clear(s.read(info.Layout.Piece(0)))
		s.holds(info.Layout, content)
	})

	t.Run("a torrent without bytes", func(t *testing.T) {
		info, _ := Torrent(t, "nothing", 0)
		openFresh(t, open(t), info).close(false)
	})

	t.Run("after Close everything is answered, by an error", func(t *testing.T) {
		info, content := Torrent(t, "closed", pieceLength)
		s := openFresh(t, open(t), info)
		s.close(false)
		answersClosed(s, info.Layout, content)
	})

	t.Run("what was asked before Close is answered, and closing twice is once", func(t *testing.T) {
		info, content := Torrent(t, "closing", 6*pieceLength)
		s := openFresh(t, open(t), info)
		answers := make(chan error, 8*6)
		answer := func(err error) { answers <- err }
		for i := range info.Layout.Pieces() {
			p := info.Layout.Piece(metainfo.PieceIndex(i))
			s.Write(info.Layout.Block(p.Index, 0), bytes.Clone(content[p.Offset:][:metainfo.BlockSize]), answer)
			s.Verify(p, func(_ metainfo.Digest, err error) { answer(err) })
			s.Read(p, func(_ []byte, err error) { answer(err) })
		}
		s.close(true)
		s.close(false)
		for range 3 * info.Layout.Pieces() {
			await(t, "an answer", answers)
		}
		if n := len(answers); n > 0 {
			t.Errorf("%d calls were answered twice", n)
		}
	})
}

// StoreKeeps is the contract of a store that outlives its Close; in memory
// nothing does.
func StoreKeeps(t *testing.T, open func(*testing.T) client.OpenStore) {
	t.Run("a store that is opened again is not fresh and has its bytes", func(t *testing.T) {
		place := open(t)
		info, content := Torrent(t, "kept", 100, 3*pieceLength, 0)
		s := openFresh(t, place, info)
		s.queueAll(info.Layout, content)
		s.close(false)
		again := openStore(t, place, info, false)
		defer again.close(false)
		again.holds(info.Layout, content)
	})

	t.Run("a store that was removed is fresh", func(t *testing.T) {
		place := open(t)
		info, content := Torrent(t, "removed", 100, 3*pieceLength, 0)
		s := openFresh(t, place, info)
		s.writeAll(info.Layout, content)
		s.close(true)
		again := openFresh(t, place, info)
		defer again.close(false)
		again.holds(info.Layout, make([]byte, len(content)))
	})

	t.Run("two torrents do not disturb each other", func(t *testing.T) {
		place := open(t)
		info, content := Torrent(t, "first", 3*pieceLength)
		other, otherContent := Torrent(t, "second", 2*pieceLength+1)
		s, o := openFresh(t, place, info), openFresh(t, place, other)
		s.writeAll(info.Layout, content)
		o.writeAll(other.Layout, otherContent)
		o.close(true)
		s.holds(info.Layout, content)
		s.close(false)
	})
}

// Source is the contract of what is seeded. open makes a source of files with
// these names in one directory, in this order, with this content laid end to end.
func Source(t *testing.T, open func(t *testing.T, names []string, lengths []int64, content []byte) client.Source) {
	names, lengths := []string{"a.bin", "b", "c ü 文.txt"}, []int64{3*pieceLength - 5, 0, 77}
	content := Content(3*pieceLength + 72)
	src := open(t, names, lengths, content)

	for i, f := range src.Files {
		if f.Path[len(f.Path)-1] != names[i] || f.Length != lengths[i] {
			t.Errorf("file %d is %q of %d bytes, not %q of %d", i, f.Path, f.Length, names[i], lengths[i])
		}
	}
	if len(src.Files) != len(names) || !src.Multi {
		t.Errorf("the source has %d files, multi %v", len(src.Files), src.Multi)
	}
	layout, err := metainfo.NewLayout(int64(len(content)), pieceLength)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := src.Open(layout)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	s := store{t, opened}
	s.holds(layout, content)
	b := layout.Block(0, 0)
	wrote := make(chan error, 1)
	s.Write(b, make([]byte, b.Length), func(err error) { wrote <- err })
	if err := await(t, "the end of a write", wrote); !errors.Is(err, client.ErrReadOnly) {
		t.Errorf("writing to a source: %v, not ErrReadOnly", err)
	}
	s.close(true)
	again, err := src.Open(layout)
	if err != nil {
		t.Fatalf("open after remove: %v", err)
	}
	store{t, again}.holds(layout, content)
	store{t, again}.close(false)
}

type verdict struct {
	piece  metainfo.Piece
	digest metainfo.Digest
	err    error
}

// store waits for the answers of a Store.
type store struct {
	t *testing.T
	client.Store
}

func openFresh(t *testing.T, open client.OpenStore, info *metainfo.Info) store {
	t.Helper()
	return openStore(t, open, info, true)
}

func openStore(t *testing.T, open client.OpenStore, info *metainfo.Info, fresh bool) store {
	t.Helper()
	s, isFresh, err := open(info)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	if isFresh != fresh {
		t.Errorf("the store says fresh %v, not %v", isFresh, fresh)
	}
	return store{t, s}
}

func (s store) write(b metainfo.Block, data []byte) {
	s.t.Helper()
	wrote := make(chan error, 1)
	s.Write(b, bytes.Clone(data), func(err error) { wrote <- err })
	if err := await(s.t, "the end of a write", wrote); err != nil {
		s.t.Fatalf("write %v: %v", b, err)
	}
}

func (s store) writeAll(layout metainfo.Layout, content []byte) {
	s.t.Helper()
	wrote := s.queueAll(layout, content)
	for range cap(wrote) {
		if err := await(s.t, "the end of a write", wrote); err != nil {
			s.t.Fatalf("write: %v", err)
		}
	}
}

// queueAll asks for all of content to be written and does not wait.
func (s store) queueAll(layout metainfo.Layout, content []byte) chan error {
	var blocks []metainfo.Block
	for i := range layout.Pieces() {
		for n := range layout.Blocks(metainfo.PieceIndex(i)) {
			blocks = append(blocks, layout.Block(metainfo.PieceIndex(i), n))
		}
	}
	wrote := make(chan error, len(blocks))
	for _, b := range blocks {
		begin := layout.Piece(b.Piece).Offset + int64(b.Begin)
		s.Write(b, bytes.Clone(content[begin:][:b.Length]), func(err error) { wrote <- err })
	}
	return wrote
}

func (s store) read(p metainfo.Piece) []byte {
	s.t.Helper()
	type answer struct {
		data []byte
		err  error
	}
	read := make(chan answer, 1)
	s.Read(p, func(data []byte, err error) { read <- answer{data, err} })
	got := await(s.t, "a piece", read)
	if got.err != nil {
		s.t.Fatalf("read piece %d: %v", p.Index, got.err)
	}
	return got.data
}

func (s store) verify(p metainfo.Piece) metainfo.Digest {
	s.t.Helper()
	verified := make(chan verdict, 1)
	s.Verify(p, func(d metainfo.Digest, err error) { verified <- verdict{p, d, err} })
	got := await(s.t, "a digest", verified)
	if got.err != nil {
		s.t.Fatalf("verify piece %d: %v", p.Index, got.err)
	}
	return got.digest
}

// holds checks every piece, read and hashed.
func (s store) holds(layout metainfo.Layout, content []byte) {
	s.t.Helper()
	for i := range layout.Pieces() {
		p := layout.Piece(metainfo.PieceIndex(i))
		want := content[p.Offset:][:p.Length]
		if !bytes.Equal(s.read(p), want) {
			s.t.Errorf("piece %d is read otherwise than it was written", i)
		}
		if s.verify(p) != sha1.Sum(want) {
			s.t.Errorf("piece %d has another digest than its bytes", i)
		}
	}
}

func (s store) close(remove bool) {
	s.t.Helper()
	closed := make(chan error, 1)
	s.Close(remove, func(err error) { closed <- err })
	if err := await(s.t, "the end of Close", closed); err != nil {
		s.t.Errorf("close: %v", err)
	}
}

func answersClosed(s store, layout metainfo.Layout, content []byte) {
	s.t.Helper()
	answers := make(chan error, 3)
	s.Write(layout.Block(0, 0), bytes.Clone(content[:metainfo.BlockSize]), func(err error) { answers <- err })
	s.Verify(layout.Piece(0), func(_ metainfo.Digest, err error) { answers <- err })
	s.Read(layout.Piece(0), func(_ []byte, err error) { answers <- err })
	for range 3 {
		if await(s.t, "an answer", answers) == nil {
			s.t.Error("a closed store has answered without an error")
		}
	}
}
