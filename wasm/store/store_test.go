//go:build js && wasm

package store

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"io/fs"
	"os"
	"syscall/js"
	"testing"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/client/porttest"
	"github.com/shoal-p2p/shoal/core/jsx"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := jsx.Live(); n != 0 {
		println("callbacks not released:", n)
		code = 1
	}
	os.Exit(code)
}

func TestMemoryStore(t *testing.T) {
	porttest.Store(t, func(*testing.T) client.OpenStore { return OpenMemory })
}

func TestMemoryStoreWhereThePageCannotHash(t *testing.T) {
	porttest.Store(t, func(*testing.T) client.OpenStore {
		return func(info *metainfo.Info) (client.Store, bool, error) {
			m := NewMemory(info.Layout)
			m.hasher.subtle = js.Undefined()
			return m, true, nil
		}
	})
}

func TestBlobSource(t *testing.T) {
	blobSource(t, func(*testing.T) *Worker { return NewWorker() })
}

func TestBlobSourceHashedByTheWorker(t *testing.T) {
	blobSource(t, func(t *testing.T) *Worker { return newWorker(t, false).Worker })
}

func TestBlobSourceWhoseWorkerCannotHash(t *testing.T) {
	blobSource(t, func(t *testing.T) *Worker {
		w := newWorker(t, false)
		w.live.Get("worker").Call("terminate")
		w.start(t, "Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })")
		return w.Worker
	})
}

func blobSource(t *testing.T, worker func(*testing.T) *Worker) {
	porttest.Source(t, func(t *testing.T, names []string, lengths []int64, content []byte) client.Source {
		src := client.Source{Name: "dir", Multi: true}
		var blobs []js.Value
		for i, length := range lengths {
			src.Files = append(src.Files, metainfo.File{Path: []string{names[i]}, Length: length})
			blobs = append(blobs, blobOf(content[:length]))
			content = content[length:]
		}
		w := worker(t)
		src.Open = func(layout metainfo.Layout) (client.Store, error) { return NewSource(layout, blobs, w) }
		return src
	})
}

func TestGoHashesLargePiecesInChunks(t *testing.T) {
	h := newHasher()
	h.subtle = js.Undefined()
	defer h.close()
	for _, length := range []int64{0, 1, hashChunk - 1, hashChunk, 2*hashChunk + 7} {
		content := porttest.Content(length)
		got, err := h.sum(context.Background(), jsx.Uint8Array(content))
		if err != nil || got != sha1.Sum(content) {
			t.Errorf("%d bytes: %x, %v", length, got, err)
		}
	}
}

func TestBlobsOfStores(t *testing.T) {
	const pieceLength = 32 << 10
	content := porttest.Content(5*pieceLength + 100)
	layout, err := metainfo.NewLayout(int64(len(content)), pieceLength)
	if err != nil {
		t.Fatal(err)
	}
	memory := NewMemory(layout)
	for i := range layout.Pieces() {
		for n := range layout.Blocks(metainfo.PieceIndex(i)) {
			b := layout.Block(metainfo.PieceIndex(i), n)
			begin := layout.Piece(b.Piece).Offset + int64(b.Begin)
			memory.Write(b, content[begin:][:b.Length], func(err error) {
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	source, err := NewSource(layout, []js.Value{blobOf(content[:100]), blobOf(nil), blobOf(content[100:])}, NewWorker())
	if err != nil {
		t.Fatal(err)
	}
	ranges := [][2]int{{0, len(content)}, {0, 0}, {50, 100}, {pieceLength - 1, 2}, {len(content) - 1, 1}, {100, pieceLength}}
	for name, s := range map[string]interface {
		client.Store
		Blob(offset, length int64, mediaType string) (js.Value, error)
	}{"memory": memory, "source": source} {
		t.Run(name, func(t *testing.T) {
			for _, r := range ranges {
				blob, err := s.Blob(int64(r[0]), int64(r[1]), "text/plain")
				if err != nil {
					t.Fatal(err)
				}
				if got := contentOf(t, blob); !bytes.Equal(got, content[r[0]:][:r[1]]) {
					t.Errorf("%d bytes from %d are others", r[1], r[0])
				}
				if got := blob.Get("type").String(); got != "text/plain" {
					t.Errorf("type %q", got)
				}
			}
			s.Close(false, func(error) {})
			if _, err := s.Blob(0, 1, ""); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("a Blob of a closed store: %v", err)
			}
		})
	}
}

func TestSourceThatIsNotWhatItWas(t *testing.T) {
	content := porttest.Content(100)
	layout, err := metainfo.NewLayout(100, 32<<10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewSource(layout, []js.Value{blobOf(content[:99])}, NewWorker()); !errors.Is(err, client.ErrSourceChanged) {
		t.Errorf("a shorter file: %v", err)
	}
	for name, want := range map[string]bool{"NotReadableError": true, "NotFoundError": true, "RangeError": false} {
		// Given a File that the system no longer lets the page read.
		gone := js.Global().Get("Function").New("name", `
			const blob = new Blob([new Uint8Array(100)])
			blob.slice = () => ({ arrayBuffer: () => Promise.reject(Object.assign(new Error('gone'), { name })) })
			return blob`).Invoke(name)
		s, err := NewSource(layout, []js.Value{gone}, NewWorker())
		if err != nil {
			t.Fatal(err)
		}
		read := make(chan error, 1)
		s.Verify(layout.Piece(0), func(_ metainfo.Digest, err error) { read <- err })
		err = <-read
		if err == nil || errors.Is(err, client.ErrSourceChanged) != want {
			t.Errorf("%s: %v", name, err)
		}
		s.Close(false, func(error) {})
	}
}

func TestGateBoundsTheBytesUnderWay(t *testing.T) {
	var g gate
	begun, end := make(chan int, 10), make(chan struct{})
	for i := range 4 {
		g.run(maxInFlight/2, func() { begun <- i; <-end })
	}
	g.run(4*maxInFlight, func() { begun <- 4; <-end })
	order := []int{<-begun, <-begun}
	if len(begun) != 0 || g.held != maxInFlight {
		t.Fatalf("%d bytes are under way, %d more have begun", g.held, len(begun))
	}
	for range 3 {
		end <- struct{}{}
		if len(order) < 4 {
			order = append(order, <-begun)
		}
	}
	// One that is larger than the bound goes alone.
	end <- struct{}{}
	if last := <-begun; last != 4 || g.held != 4*maxInFlight {
		t.Errorf("%d is under way with %d bytes", last, g.held)
	}
	end <- struct{}{}
	seen := map[int]bool{}
	for _, i := range order {
		seen[i] = true
	}
	if len(seen) != 4 || seen[4] {
		t.Errorf("began in the order %v", order)
	}
}

func blobOf(content []byte) js.Value {
	return js.Global().Get("Blob").New([]any{jsx.Uint8Array(content)})
}

func contentOf(t *testing.T, blob js.Value) []byte {
	t.Helper()
	buffer, err := jsx.Await(t.Context(), blob.Call("arrayBuffer"))
	if err != nil {
		t.Fatal(err)
	}
	return jsx.Bytes(buffer)
}
