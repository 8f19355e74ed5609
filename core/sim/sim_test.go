package sim

import (
	"errors"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/node"
)

var seed = flag.Uint64("seed", 1, "the world's seed")

func world(t *testing.T) *World {
	t.Logf("-seed=%d", *seed)
	return New(Config{
		Seed:       *seed,
		LatencyMin: 10 * time.Millisecond,
		LatencyMax: 60 * time.Millisecond,
		Gather:     20 * time.Millisecond,
	})
}

// content makes a file of so many random bytes.
func content(t testing.TB, length int64) *Content {
	t.Helper()
	c, err := NewContent(rand.New(rand.NewPCG(7, 7)), "data", length, 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func up(rate int64) PeerConfig { return PeerConfig{Link: Link{Up: rate}} }

func TestOneSeedAndFourLeechers(t *testing.T) {
	w, file := world(t), content(t, 4<<20)
	const uplink = 1 << 20
	seeder := w.Join(up(uplink))
	seeder.Seed(file)
	var leechers []*Peer
	for range 4 {
		p := w.Join(up(uplink))
		p.Fetch(file)
		leechers = append(leechers, p)
	}
	if !w.Run(2*time.Minute, func() bool { return all(leechers, file) }) {
		t.Fatal("not every leecher finished in two minutes")
	}
	for i, p := range leechers {
		if !p.Complete(file) {
			t.Errorf("leecher %d has other bytes", i)
		}
	}
	if seeder.Sent > 2*file.Info.Layout.Length() {
		t.Errorf("the seeder sent %d bytes of a torrent of %d: the leechers do not trade", seeder.Sent, file.Info.Layout.Length())
	}
}

func TestASeedThatVanishesIsReplacedByAnother(t *testing.T) {
	w, file := world(t), content(t, 4<<20)
	length := file.Info.Layout.Length()
	first := w.Join(up(1 << 20))
	first.Seed(file)
	leecher := w.Join(PeerConfig{})
	leecher.Fetch(file)
	half := func() bool { return leecher.Swarm(file).Stats().Done > length/2 }
	if !w.Run(time.Minute, half) {
		t.Fatal("the first half did not arrive")
	}
	first.Vanish(20 * time.Second)
	done := func() bool { return leecher.Done(file) }
	if w.Run(30*time.Second, done) {
		t.Fatal("finished without a seed")
	}
	second := w.Join(up(1 << 20))
	second.Seed(file)
	if !w.Run(5*time.Minute, done) {
		t.Fatal("the second seed did not help")
	}
	if second.Sent > length*3/4 {
		t.Errorf("the second seed sent %d of %d bytes again", second.Sent, length)
	}
}

func TestWhoComesBackHasWhatItHad(t *testing.T) {
	w, file := world(t), content(t, 4<<20)
	length := file.Info.Layout.Length()
	seeder := w.Join(up(1 << 20))
	seeder.Seed(file)
	leecher := w.Join(PeerConfig{})
	leecher.Fetch(file)
	if !w.Run(time.Minute, func() bool { return leecher.Swarm(file).Stats().Done > length/2 }) {
		t.Fatal("the first half did not arrive")
	}
	before, name := seeder.Sent, leecher.id
	leecher.Vanish(time.Second)
	w.Run(time.Minute, never)
	leecher.Return()
	if leecher.id == name {
		t.Error("it came back with the peer id that it had")
	}
	if !w.Run(time.Minute, func() bool { return leecher.Done(file) }) {
		t.Fatal("it did not finish after it came back")
	}
	if again := seeder.Sent - before; again > length*3/4 {
		t.Errorf("the seed sent %d of %d bytes after half of them had been there", again, length)
	}
	if !leecher.Complete(file) {
		t.Error("it has other bytes")
	}
}

func TestASwarmOutlivesItsTracker(t *testing.T) {
	w, file := world(t), content(t, 4<<20)
	w.Join(up(1 << 20)).Seed(file)
	leecher := w.Join(PeerConfig{})
	leecher.Fetch(file)
	if !w.Run(time.Minute, func() bool { return leecher.Swarm(file).Stats().Done > 0 }) {
		t.Fatal("nothing arrived")
	}
	w.KillTracker()
	if !w.Run(time.Minute, func() bool { return leecher.Done(file) }) {
		t.Fatal("the transfer did not survive the tracker")
	}
	if len(leecher.Warnings) == 0 {
		t.Error("nobody was told that the tracker is gone")
	}
}

func TestTheBudgetHoldsInACrowd(t *testing.T) {
	w, file := world(t), content(t, 256<<10)
	const budget = 8
	cfg := PeerConfig{Link: Link{Up: 1 << 20}, MaxConnections: budget}
	peers := []*Peer{w.Join(cfg)}
	peers[0].Seed(file)
	for range 40 {
		p := w.Join(cfg)
		p.Fetch(file)
		peers = append(peers, p)
	}
	if !w.Run(5*time.Minute, func() bool { return all(peers[1:], file) }) {
		t.Error("not everyone finished")
	}
	for _, p := range peers {
		if p.account.connections > budget {
			t.Errorf("peer %d had %d connections with a budget of %d", p.index, p.account.connections, budget)
		}
	}
}

func TestALonelyPeerIsToldSo(t *testing.T) {
	w, file := world(t), content(t, 1<<20)
	p := w.Join(PeerConfig{})
	p.Fetch(file)
	w.Run(15*time.Second, func() bool { return len(p.Warnings) > 0 })
	if len(p.Warnings) == 0 || !errors.Is(p.Warnings[0], node.ErrNoPeers) {
		t.Errorf("warned of %v", p.Warnings)
	}
}

func all(peers []*Peer, c *Content) bool {
	for _, p := range peers {
		if !p.Done(c) {
			return false
		}
	}
	return true
}
