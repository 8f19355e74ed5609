//go:build js && wasm

package store

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"syscall/js"
	"testing"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/client/porttest"
	"github.com/shoal-p2p/shoal/core/jsx"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// startWorker starts the built shoal-worker.js as js/src/storage.ts does.
var startWorker = js.Global().Get("Function").New("folder", "lock", "kept", "version", "prelude", `
	const script = prelude + ';importScripts("' + location.origin + '/shoal-worker.js")'
	const worker = new Worker(URL.createObjectURL(new Blob([script])))
	const { port1, port2 } = new MessageChannel()
	return new Promise((resolve, reject) => {
		worker.onerror = event => reject(new Error(event.message + ': is dist/shoal-worker.js built?'))
		worker.onmessage = ({ data }) => data.ready ? resolve({ worker, port: port1 }) : reject(new Error(data.error))
		worker.postMessage({ version, folder, lock, life: 'life-', kept, port: port2 }, [port2])
	})`)

var workers int

// worker is a real storage worker whose store lies in a folder of its own.
type worker struct {
	*Worker
	folder string
	kept   bool
	live   js.Value
}

func newWorker(t *testing.T, kept bool) *worker {
	t.Helper()
	workers++
	w := &worker{Worker: NewWorker(), folder: fmt.Sprint("test-", workers), kept: kept}
	w.start(t, "")
	t.Cleanup(func() {
		w.Close()
		w.live.Get("worker").Call("terminate")
		root, _ := jsx.Await(t.Context(), js.Global().Get("navigator").Get("storage").Call("getDirectory"))
		if root.Truthy() {
			_, _ = jsx.Await(t.Context(), root.Call("removeEntry", "shoal", map[string]any{"recursive": true}))
		}
	})
	return w
}

// start gives a Worker a thread, in place of any before.
func (w *worker) start(t *testing.T, prelude string) {
	t.Helper()
	workers++
	live, err := jsx.Await(t.Context(), startWorker.Invoke(w.folder, fmt.Sprint("lock-", workers), w.kept, client.Version, prelude))
	if err != nil {
		t.Fatal(err)
	}
	w.live = live
	w.Connect(live.Get("port"))
}

// open opens a store that has to lie in the file system.
func (w *worker) open(t *testing.T) client.OpenStore {
	return func(info *metainfo.Info) (client.Store, bool, error) {
		s, fresh, err := w.Open(info)
		if _, ok := s.(*OPFS); !ok {
			t.Fatalf("the store is a %T: %v", s, err)
		}
		return s, fresh, err
	}
}

func TestStoreInTheFileSystem(t *testing.T) {
	porttest.Store(t, func(t *testing.T) client.OpenStore { return newWorker(t, false).open(t) })
}

func TestStoreInTheFileSystemThatIsKept(t *testing.T) {
	porttest.StoreKeeps(t, func(t *testing.T) client.OpenStore { return newWorker(t, true).open(t) })
}

func TestStoreWhoseWorkerCannotHash(t *testing.T) {
	porttest.Store(t, func(t *testing.T) client.OpenStore {
		w := newWorker(t, false)
		w.live.Get("worker").Call("terminate")
		w.start(t, "Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })")
		return w.open(t)
	})
}

func TestStoreThatIsNotKeptIsGoneWhenItIsClosed(t *testing.T) {
	w := newWorker(t, false)
	info, content := porttest.Torrent(t, "gone", 100)
	for range 2 {
		s, fresh, err := w.open(t)(info)
		if err != nil || !fresh {
			t.Fatalf("fresh %v, %v", fresh, err)
		}
		write(t, s, info, content)
		closeStore(t, s, false)
	}
}

func TestTwoTabsDoNotWriteToWhatIsKeptOfOneTorrent(t *testing.T) {
	first, second := newWorker(t, true), newWorker(t, true)
	info, _ := porttest.Torrent(t, "shared", 100)
	s, _, err := first.open(t)(info)
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := second.Open(info)
	if _, ok := other.(*Memory); !ok || err != nil {
		t.Errorf("the second tab's store is a %T: %v", other, err)
	}
	closeStore(t, other, false)
	closeStore(t, s, true)
	again, _, err := second.open(t)(info)
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, again, true)
}

func TestAWorkerThatDiesIsReplaced(t *testing.T) {
	for _, kept := range []bool{false, true} {
		w := newWorker(t, kept)
		info, content := porttest.Torrent(t, "survivor", 8<<20)
		s, _, err := w.open(t)(info)
		if err != nil {
			t.Fatal(err)
		}
		// Given a worker that dies over what it was asked,
		write(t, s, info, content[:metainfo.BlockSize])
		wrote := make(chan error, 1000)
		blocks := writeAll(s, info, content, wrote)
		w.live.Get("worker").Call("terminate")
		// when there is another, everything is answered and nothing is missing.
		w.start(t, "")
		for range blocks {
			if err := <-wrote; err != nil {
				t.Fatal(err)
			}
		}
		for i := range info.Layout.Pieces() {
			p := info.Layout.Piece(metainfo.PieceIndex(i))
			got, err := read(s, p)
			if err != nil || !bytes.Equal(got, content[p.Offset:][:p.Length]) {
				t.Fatalf("piece %d is another: %v", i, err)
			}
		}
		closeStore(t, s, true)
	}
}

func TestWithoutAWorkerEverythingIsAnswered(t *testing.T) {
	w := newWorker(t, false)
	info, content := porttest.Torrent(t, "orphan", 100)
	s, _, err := w.open(t)(info)
	if err != nil {
		t.Fatal(err)
	}
	w.live.Get("worker").Call("terminate")
	wrote := make(chan error, 1)
	writeAll(s, info, content, wrote)
	w.Connect(js.Undefined())
	if err := <-wrote; !errors.Is(err, errNoWorker) {
		t.Errorf("a write that was under way: %v", err)
	}
	if _, err := read(s, info.Layout.Piece(0)); !errors.Is(err, errNoWorker) {
		t.Errorf("a read: %v", err)
	}
	closeStore(t, s, true)
	other, fresh, err := w.Open(info)
	if _, ok := other.(*Memory); !ok || !fresh || err != nil {
		t.Errorf("what is opened now is a %T: %v", other, err)
	}
	closeStore(t, other, true)
}

func TestWhoWaitsForAWorkerIsLetGo(t *testing.T) {
	w := NewWorker()
	info, _ := porttest.Torrent(t, "early", 100)
	opened := make(chan client.Store)
	go func() {
		s, _, _ := w.Open(info)
		opened <- s
	}()
	w.Settle()
	closeStore(t, <-opened, false)
	w.Close()
	port := js.Global().Get("MessageChannel").New().Get("port1")
	w.Connect(port) // too late
	if w.release != nil {
		t.Error("a closed Worker listens")
	}
}

func TestBytesUnderWayAreBounded(t *testing.T) {
	w := NewWorker()
	w.Connect(js.Global().Get("MessageChannel").New().Get("port1"))
	defer w.Close()
	sizes := []int{2 * maxInFlight, maxInFlight / 2, maxInFlight / 2, 1}
	for _, size := range sizes {
		w.ask(&request{op: "read", size: size, done: func(reply) {}})
	}
	for i, want := range [][]int{{1}, {2, 3}, {3, 4}} {
		w.flush()
		if len(w.sent) != len(want) || w.sent[want[0]] == nil || w.sent[want[len(want)-1]] == nil {
			t.Fatalf("step %d: under way are %v, %d bytes", i, w.sent, w.bytes)
		}
		if w.take(want[0]) == nil {
			t.Fatal("not under way")
		}
	}
}

func TestBlocksOfOneTurnAreWrittenWhereTheyBelong(t *testing.T) {
	// Given files that begin and end within pieces, and two torrents,
	w := newWorker(t, false)
	info, content := porttest.Torrent(t, "several", 70_000, 1, 0, 200_000)
	other, otherContent := porttest.Torrent(t, "another", 150_000)
	s, _, err := w.open(t)(info)
	if err != nil {
		t.Fatal(err)
	}
	o, _, err := w.open(t)(other)
	if err != nil {
		t.Fatal(err)
	}
	wrote := make(chan error, 1000)
	// when all blocks of both are written in one turn, some twice,
	n := writeAll(s, info, content, wrote) + writeAll(o, other, otherContent, wrote) + writeAll(s, info, content, wrote)
	for range n {
		if err := <-wrote; err != nil {
			t.Fatal(err)
		}
	}
	// then every piece of both is there.
	for _, one := range []struct {
		store   client.Store
		info    *metainfo.Info
		content []byte
	}{{s, info, content}, {o, other, otherContent}} {
		for i := range one.info.Layout.Pieces() {
			p := one.info.Layout.Piece(metainfo.PieceIndex(i))
			if got, err := read(one.store, p); err != nil || !bytes.Equal(got, one.content[p.Offset:][:p.Length]) {
				t.Errorf("%s: piece %d is not what was written: %v", one.info.Name, i, err)
			}
		}
		closeStore(t, one.store, true)
	}
}

func TestAFullOriginIsErrFull(t *testing.T) {
	err := errorOf(js.ValueOf(map[string]any{"name": "QuotaExceededError", "message": "no"}))
	if !errors.Is(err, client.ErrFull) {
		t.Errorf("%v", err)
	}
	if err := errorOf(js.ValueOf(map[string]any{"name": "InvalidStateError", "message": "no"})); err == nil || errors.Is(err, client.ErrFull) {
		t.Errorf("%v", err)
	}
}

func TestPiecesLieInFilesAndPaddingNowhere(t *testing.T) {
	w := newWorker(t, false)
	info, content := porttest.Torrent(t, "padded", 100, metainfo.BlockSize-100, 50, 0, 70_000)
	info.Files[1].Pad = true
	clear(content[100:metainfo.BlockSize])
	opened, _, err := w.open(t)(info)
	if err != nil {
		t.Fatal(err)
	}
	s := opened.(*OPFS)
	wrote := make(chan error, 100)
	for range writeAll(s, info, content, wrote) {
		if err := <-wrote; err != nil {
			t.Fatal(err)
		}
	}
	if got, err := read(s, info.Layout.Piece(0)); err != nil || !bytes.Equal(got, content[:len(got)]) {
		t.Errorf("the first piece is another: %v", err)
	}
	for i, f := range info.Files {
		blob, err := s.Blob(f.Offset, f.Length, "text/plain")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(contentOf(t, blob), content[f.Offset:][:f.Length]) {
			t.Errorf("file %d is another", i)
		}
		if blob.Get("name").String() != f.Path[1] || blob.Get("type").String() != "text/plain" {
			t.Errorf("file %d is called %v, of type %v", i, blob.Get("name"), blob.Get("type"))
		}
	}
	blob, err := s.Blob(90, metainfo.BlockSize, "")
	if err != nil || !bytes.Equal(contentOf(t, blob), content[90:][:metainfo.BlockSize]) {
		t.Errorf("a range over files is another: %v", err)
	}
	closeStore(t, s, true)
	if _, err := s.Blob(0, 1, ""); err == nil {
		t.Error("a closed store gave a Blob")
	}
}

func TestMoreFilesThanMayBeOpen(t *testing.T) {
	w := newWorker(t, false)
	lengths := make([]int64, 300)
	for i := range lengths {
		lengths[i] = 500
	}
	info, content := porttest.Torrent(t, "many", lengths...)
	s, _, err := w.open(t)(info)
	if err != nil {
		t.Fatal(err)
	}
	wrote := make(chan error, 100)
	for range writeAll(s, info, content, wrote) {
		if err := <-wrote; err != nil {
			t.Fatal(err)
		}
	}
	for i := range info.Layout.Pieces() {
		p := info.Layout.Piece(metainfo.PieceIndex(i))
		if got, err := read(s, p); err != nil || sha1.Sum(got) != sha1.Sum(content[p.Offset:][:p.Length]) {
			t.Fatalf("piece %d is another: %v", i, err)
		}
	}
	closeStore(t, s, true)
}

// write writes the first block.
func write(t *testing.T, s client.Store, info *metainfo.Info, content []byte) {
	t.Helper()
	b := info.Layout.Block(0, 0)
	wrote := make(chan error, 1)
	s.Write(b, bytes.Clone(content[:b.Length]), func(err error) { wrote <- err })
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
}

// writeAll asks for every block to be written and returns how many there are.
func writeAll(s client.Store, info *metainfo.Info, content []byte, wrote chan<- error) (blocks int) {
	for i := range info.Layout.Pieces() {
		for n := range info.Layout.Blocks(metainfo.PieceIndex(i)) {
			b := info.Layout.Block(metainfo.PieceIndex(i), n)
			begin := info.Layout.Piece(b.Piece).Offset + int64(b.Begin)
			s.Write(b, bytes.Clone(content[begin:][:b.Length]), func(err error) { wrote <- err })
			blocks++
		}
	}
	return blocks
}

func read(s client.Store, p metainfo.Piece) (data []byte, err error) {
	done := make(chan struct{})
	s.Read(p, func(got []byte, failed error) { data, err = got, failed; close(done) })
	<-done
	return data, err
}

func closeStore(t *testing.T, s client.Store, remove bool) {
	t.Helper()
	closed := make(chan error, 1)
	s.Close(remove, func(err error) { closed <- err })
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
}
