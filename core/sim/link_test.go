package sim

import (
	"testing"
	"time"
)

// fetchOver says how long a transfer of 4 MiB takes over these links.
func fetchOver(t *testing.T, from, to Link) time.Duration {
	t.Helper()
	w, file := world(t), content(t, 4<<20)
	w.Join(PeerConfig{Link: from}).Seed(file)
	p := w.Join(PeerConfig{Link: to})
	p.Fetch(file)
	if !w.Run(5*time.Minute, func() bool { return p.Done(file) }) {
		t.Fatal("it did not finish")
	}
	return w.Elapsed()
}

func TestATransferTakesAsLongAsTheSlowestLinkOnItsWay(t *testing.T) {
	const slow, fast = 256 << 10, 8 << 20
	for _, c := range []struct {
		name     string
		from, to Link
	}{
		{"a slow uplink", Link{Up: slow}, Link{Down: fast}},
		{"a slow downlink", Link{Up: fast}, Link{Down: slow}},
		{"both slow", Link{Up: slow}, Link{Down: slow}},
	} {
		took := fetchOver(t, c.from, c.to)
		if least := 16 * time.Second; took < least || took > least*5/4 {
			t.Errorf("%s: 4 MiB at 256 KiB/s took %v", c.name, took)
		}
	}
	if took := fetchOver(t, Link{}, Link{}); took > 5*time.Second {
		t.Errorf("links without limit: %v", took)
	}
}

func TestTheWayBetweenTwoPeersIsAlwaysTheSame(t *testing.T) {
	w := world(t)
	a, b, c := w.Join(PeerConfig{}), w.Join(PeerConfig{}), w.Join(PeerConfig{})
	if w.latencyTo(a, b) != w.latencyTo(b, a) {
		t.Error("there and back are not the same")
	}
	if w.latencyTo(a, b) == w.latencyTo(a, c) {
		t.Error("each pair has its own")
	}
	if l := w.latencyTo(b, c); l < w.cfg.LatencyMin || l > w.cfg.LatencyMax {
		t.Errorf("%v", l)
	}
}
