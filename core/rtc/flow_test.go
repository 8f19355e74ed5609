package rtc

import (
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/shoal-p2p/shoal/core/client"
)

var seed = flag.Uint64("seed", 1, "seed of the random tests")

// fakeBuffer is a send buffer as the platforms have it: it tells once when it
// falls from above its mark to it or below.
type fakeBuffer struct {
	fill, low int64
	fell      bool
}

func (b *fakeBuffer) buffered() int64  { return b.fill }
func (b *fakeBuffer) setLow(low int64) { b.low = low }
func (b *fakeBuffer) leave(n int64) {
	was := b.fill
	b.fill -= min(n, b.fill)
	b.fell = b.fell || was > b.low && b.fill <= b.low
}

// TestDrainedKeepsItsPromise plays sends and departures of all sizes: never
// more than client.DrainLow + 64 KiB that have left are untold, and no more than
// client.DrainLeast once the buffer is empty.
func TestDrainedKeepsItsPromise(t *testing.T) {
	t.Logf("-seed %d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 0))
	for range 200 {
		var f flow
		b := &fakeBuffer{}
		f.begin(b)
		var left int64
		for range 500 {
			if rng.IntN(3) == 0 {
				n := 1 + rng.Int64N(1<<(1+rng.IntN(22)))
				b.fill += n
				if f.sent(int(n), b) {
					f.drained(b)
				}
			}
			was := b.fill
			b.leave(rng.Int64N(48 << 10))
			left += was - b.fill
			if b.fell {
				b.fell = false
				f.drained(b)
			}
			if f.told > left {
				t.Fatalf("%d bytes told, %d have left", f.told, left)
			}
			if left-f.told > client.DrainLow+64<<10 {
				t.Fatalf("%d bytes have left untold, %d buffered, mark %d", left-f.told, b.fill, f.low)
			}
			if b.fill == 0 && left-f.told > client.DrainLeast {
				t.Fatalf("%d bytes have left an empty buffer untold, mark %d", left-f.told, f.low)
			}
		}
	}
}

func TestDrainedWhenTheBufferFallsWhileItsMarkIsSet(t *testing.T) {
	var f flow
	b := &racingBuffer{}
	f.begin(b)
	b.fill = 2 << 20
	if !f.sent(2<<20, b) {
		t.Fatal("the buffer fell below its mark unseen")
	}
	if total, more := f.drained(b); total != 2<<20 || !more {
		t.Errorf("drained %d, %t", total, more)
	}
}

// racingBuffer is empty by the time its mark has moved, and does not tell.
type racingBuffer struct{ fill int64 }

func (b *racingBuffer) buffered() int64 { return b.fill }
func (b *racingBuffer) setLow(low int64) {
	if low > client.DrainLow {
		b.fill = 0
	}
}
