package swarm

import (
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/wire"
)

// toRead is a seed of so much bandwidth and who reads from it, not connected yet.
func toRead(t *testing.T, bandwidth int64, tor torrent) (n *network, seed, reader *host) {
	t.Helper()
	n = newNetwork(t)
	n.bandwidth = bandwidth
	return n, n.seedOf("a", tor), n.leech("b", tor)
}

// arrives runs until a host has these pieces, and says how long that took.
func (n *network) arrives(h *host, first, last int) time.Duration {
	n.t.Helper()
	begin := n.now
	n.run(time.Minute, func() bool {
		for i := first; i <= last; i++ {
			if h.Pieces() == nil || !h.Pieces().Has(i) {
				return false
			}
		}
		return true
	})
	return n.now.Sub(begin)
}

func TestReadersWindowComesFirst(t *testing.T) {
	tor := newTorrent(64*kib, 32<<20)
	n, a, b := toRead(t, 1<<20, tor)
	// Given a reader that waits before anything is known
	b.handle(Window{Reader: 1, First: 300, Last: 307})
	n.connect(a, b)
	if took := n.arrives(b, 300, 307); took > 1500*time.Millisecond {
		t.Errorf("the first half MiB of a window took %v at 1 MiB/s", took)
	}
	b.handle(CloseWindow{Reader: 1})
	n.run(time.Minute, allDone(b))
	n.holds(b, tor)
}

func TestSeekDoesNotWaitForWhatWasAskedBefore(t *testing.T) {
	n, a, b := toRead(t, 20<<20, newTorrent(256*kib, 64<<20))
	n.connect(a, b)
	// Given a pipe that is full of requests, eight MiB of them
	n.pass(1500 * time.Millisecond)
	at := 0
	for ; b.Pieces().Has(at) || b.Pieces().Has(at+1); at++ {
		if at == 254 {
			t.Fatal("there is nothing left to seek")
		}
	}
	b.handle(Window{Reader: 1, First: metainfo.PieceIndex(at), Last: metainfo.PieceIndex(at + 1)})
	// The channel holds one MiB, which nobody can take back
	if took := n.arrives(b, at, at+1); took > 200*time.Millisecond {
		t.Errorf("half a MiB took %v after a seek", took)
	}
	n.run(time.Minute, allDone(b))
	if b.Stats().Wasted > 1<<20 { // of what was in the channel already
		t.Errorf("%d bytes were wasted by a seek", b.Stats().Wasted)
	}
}

func TestReaderThatGoesOnCancelsNothing(t *testing.T) {
	n, a, b := toRead(t, 1<<20, newTorrent(64*kib, 8<<20))
	n.connect(a, b)
	n.pass(2 * time.Second)
	b.handle(Window{Reader: 1, First: 10, Last: 20})
	n.pass(time.Second)
	late := len(b.order[0].down.late)
	for i := range metainfo.PieceIndex(10) {
		b.handle(Window{Reader: 1, First: 11 + i, Last: 21 + i})
	}
	if now := len(b.order[0].down.late); now > late {
		t.Errorf("%d requests were taken back as the window moved on", now-late)
	}
	n.run(time.Minute, allDone(b))
}

func TestWindowsOutOfRangeAndTooManyAreIgnored(t *testing.T) {
	tor := newTorrent(64*kib, 1<<20)
	n, a, b := toRead(t, 10<<20, tor)
	for i := range uint64(picker.MaxReaders + 10) {
		b.handle(Window{Reader: i, First: 1 << 30, Last: 1 << 31})
	}
	b.handle(Window{Reader: 3, First: 5, Last: 1 << 31})
	b.handle(Window{Reader: 4, First: 5, Last: 2})
	if len(b.wishes.windows) != picker.MaxReaders {
		t.Errorf("%d windows are open", len(b.wishes.windows))
	}
	n.connect(a, b)
	n.run(5*time.Second, allDone(b))
	n.holds(b, tor)
}

func TestFilesComeByTheirPriority(t *testing.T) {
	n, a, b := toRead(t, 1<<20, newTorrent(64*kib, 4<<20, 4<<20))
	b.handle(Select{[]picker.Priority{picker.Low, picker.High}})
	n.connect(a, b)
	n.arrives(b, 64, 127)
	if b.Pieces().Count() > 70 {
		t.Errorf("%d pieces of the file of low priority came before", b.Pieces().Count()-64)
	}
	n.run(time.Minute, allDone(b))
}

func TestSequentialOrder(t *testing.T) {
	tor := newTorrent(64*kib, 8<<20)
	n, a, b := toRead(t, 1<<20, tor)
	b.handle(Order{Sequential: true})
	n.connect(a, b)
	n.arrives(b, 0, 40)
	if b.Pieces().Count() > 45 {
		t.Errorf("%d pieces came with the first 41", b.Pieces().Count())
	}
	b.handle(Order{Sequential: false})
	n.run(time.Minute, allDone(b))
	n.holds(b, tor)
}

func TestSmallReadsBlameNobody(t *testing.T) {
	n, a, b := toRead(t, 5<<20, newTorrent(256*kib, 256<<20))
	n.connect(a, b)
	n.pass(3 * time.Second)
	for i := range 150 {
		first := metainfo.PieceIndex((i*37*7 + 100) % 900)
		b.handle(CloseWindow{uint64(i)})
		b.handle(Window{Reader: uint64(i + 1), First: first, Last: first})
		n.pass(50 * time.Millisecond)
	}
	if len(a.drops)+len(b.drops) > 0 {
		t.Errorf("the seed drops for %v, the reader for %v", a.drops, b.drops)
	}
}

func TestScrubbingBlamesNobody(t *testing.T) {
	n, a, b := toRead(t, 40<<20, newTorrent(256*kib, 256<<20))
	b.handle(Select{[]picker.Priority{picker.Skip}}) // a film that is only watched
	b.handle(Window{Reader: 1, First: 0, Last: 63})
	n.connect(a, b)
	n.pass(3 * time.Second)
	for i := range 50 {
		first := metainfo.PieceIndex((i*37*7 + 100) % 900)
		b.handle(Window{Reader: 1, First: first, Last: first + 63})
		n.pass(100 * time.Millisecond)
	}
	if len(a.drops)+len(b.drops) > 0 {
		t.Errorf("the seed drops for %v, the reader for %v", a.drops, b.drops)
	}
}

func TestReadingWhatIsThereCancelsNothing(t *testing.T) {
	n, a, b := toRead(t, 10<<20, newTorrent(64*kib, 64<<20))
	b.handle(Order{Sequential: true})
	n.connect(a, b)
	n.arrives(b, 0, 0)
	n.pass(2 * time.Second)
	cancels := 0
	n.watch = func(h *host, e Effect) {
		if s, ok := e.(Send); ok && h == b {
			if _, is := s.Msg.(wire.Cancel); is {
				cancels++
			}
		}
	}
	b.handle(Window{Reader: 1, First: 0, Last: 0})
	if cancels > 0 {
		t.Errorf("%d requests were taken back", cancels)
	}
}

func TestTheFirstOfManyReadersIsNotForgotten(t *testing.T) {
	n, a, b := toRead(t, 10<<20, newTorrent(64*kib, 32<<20))
	b.handle(Select{[]picker.Priority{picker.Skip}})
	for i := range uint64(17) {
		b.handle(Window{Reader: i + 1, First: metainfo.PieceIndex(i * 20), Last: metainfo.PieceIndex(i * 20)})
	}
	n.connect(a, b)
	n.pass(10 * time.Second)
	for i := range uint64(16) {
		b.handle(CloseWindow{i + 2})
	}
	n.arrives(b, 0, 0)
}
