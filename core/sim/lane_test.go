package sim

import (
	"testing"
	"time"
)

// fetchFar says how long a transfer of 32 MiB takes over a way of 40 ms on which
// one connection carries 2 MiB/s, and how many connections the fetching peer had
// at most.
func fetchFar(t *testing.T, link Link, budget int) (time.Duration, int) {
	t.Helper()
	t.Logf("-seed=%d", *seed)
	w := New(Config{Seed: *seed, LatencyMin: 20 * time.Millisecond, LatencyMax: 20 * time.Millisecond, Gather: 20 * time.Millisecond})
	file := content(t, 32<<20)
	w.Join(PeerConfig{Link: link, MaxConnections: budget}).Seed(file)
	p := w.Join(PeerConfig{MaxConnections: budget})
	p.Fetch(file)
	begin := w.Elapsed()
	if !w.Run(5*time.Minute, func() bool { return p.Done(file) }) {
		t.Fatal("it did not finish")
	}
	if !p.Complete(file) {
		t.Error("it has other bytes")
	}
	return w.Elapsed() - begin, p.account.connections
}

func TestTwoPeersFarApartOpenLanes(t *testing.T) {
	const window = 2 << 20 * 40 / 1000
	link := Link{Window: window}
	one, _ := fetchFar(t, link, 2) // a budget of which nothing lies idle
	if one < 12*time.Second {
		t.Fatalf("over one connection it took %v", one)
	}
	lanes, connections := fetchFar(t, link, 0)
	if lanes > one/3 || connections < 8 {
		t.Errorf("with %d connections it took %v, over one %v", connections, lanes, one)
	}
}

func TestAnUplinkThatIsFullIsLeftAlone(t *testing.T) {
	took, _ := fetchFar(t, Link{Up: 2 << 20, Window: 1 << 20}, 0)
	if took > 19*time.Second {
		t.Errorf("32 MiB over 2 MiB/s took %v", took)
	}
}
