package sim_test

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/sim"
)

var seed = flag.Uint64("seed", 1, "the world's seed")

func world(t *testing.T) *sim.World {
	t.Logf("-seed=%d", *seed)
	return sim.New(sim.Config{
		Seed:       *seed,
		LatencyMin: 10 * time.Millisecond,
		LatencyMax: 60 * time.Millisecond,
		Gather:     20 * time.Millisecond,
	})
}

// torrent makes a file of so many random bytes and its metadata.
func torrent(t *testing.T, length int) (*metainfo.Info, []byte) {
	t.Helper()
	data := make([]byte, length)
	rand.NewChaCha8([32]byte{7}).Read(data)
	spec := metainfo.Spec{
		Name:        "data",
		Files:       []metainfo.File{{Path: []string{"data"}, Length: int64(length)}},
		PieceLength: 64 << 10,
	}
	layout, err := spec.Layout()
	if err != nil {
		t.Fatal(err)
	}
	digests := make([]metainfo.Digest, layout.Pieces())
	for i := range digests {
		p := layout.Piece(metainfo.PieceIndex(i))
		digests[i] = sha1.Sum(data[p.Offset:][:p.Length])
	}
	info, err := metainfo.Build(spec, digests)
	if err != nil {
		t.Fatal(err)
	}
	return info, data
}

func TestOneSeedAndFourLeechers(t *testing.T) {
	w := world(t)
	info, data := torrent(t, 4<<20)
	const uplink = 1 << 20
	seeder := w.Join(sim.PeerConfig{Uplink: uplink})
	seeder.Seed(info, data)
	var leechers []*sim.Peer
	for range 4 {
		p := w.Join(sim.PeerConfig{Uplink: uplink})
		p.Fetch(info.Hash)
		leechers = append(leechers, p)
	}
	began := w.Now()
	if !w.Run(2*time.Minute, func() bool { return all(leechers, info) }) {
		for _, p := range leechers {
			t.Logf("%d of %d bytes, %d connections", p.Swarm(info.Hash).Stats().Done, len(data), p.Connections())
		}
		t.Fatal("not every leecher finished in two minutes")
	}
	for i, p := range leechers {
		if !bytes.Equal(p.Data(info.Hash), data) {
			t.Errorf("leecher %d has other bytes", i)
		}
	}
	t.Logf("%.1f s; the seeder sent %.2f copies", w.Now().Sub(began).Seconds(), float64(seeder.Sent)/float64(len(data)))
	if seeder.Sent > 2*int64(len(data)) {
		t.Errorf("the seeder sent %d bytes of a torrent of %d: the leechers do not trade", seeder.Sent, len(data))
	}
}

func TestOneSeedGivesOneTrace(t *testing.T) {
	trace := func() string {
		w := world(t)
		info, data := torrent(t, 1<<20)
		w.Join(sim.PeerConfig{Uplink: 1 << 20}).Seed(info, data)
		var leechers []*sim.Peer
		for range 5 {
			p := w.Join(sim.PeerConfig{Uplink: 1 << 19})
			p.Fetch(info.Hash)
			leechers = append(leechers, p)
		}
		if !w.Run(2*time.Minute, func() bool { return all(leechers, info) }) {
			t.Fatal("not every leecher finished")
		}
		return w.Trace()
	}
	if first, second := trace(), trace(); first != second {
		t.Errorf("two runs of one seed: %s and %s", first, second)
	}
}

func TestASeedThatVanishesIsReplacedByAnother(t *testing.T) {
	w := world(t)
	info, data := torrent(t, 4<<20)
	first := w.Join(sim.PeerConfig{Uplink: 1 << 20})
	first.Seed(info, data)
	leecher := w.Join(sim.PeerConfig{})
	leecher.Fetch(info.Hash)
	half := func() bool {
		s := leecher.Swarm(info.Hash).Stats()
		return s.Done > int64(len(data))/2
	}
	if !w.Run(time.Minute, half) {
		t.Fatal("the first half did not arrive")
	}
	first.Vanish(20 * time.Second)
	if w.Run(30*time.Second, func() bool { return leecher.Done(info.Hash) }) {
		t.Fatal("finished without a seed")
	}
	second := w.Join(sim.PeerConfig{Uplink: 1 << 20})
	second.Seed(info, data)
	if !w.Run(5*time.Minute, func() bool { return leecher.Done(info.Hash) }) {
		t.Fatal("the second seed did not help")
	}
	if second.Sent > int64(len(data))*3/4 {
		t.Errorf("the second seed sent %d of %d bytes again", second.Sent, len(data))
	}
}

func TestASwarmOutlivesItsTracker(t *testing.T) {
	w := world(t)
	info, data := torrent(t, 4<<20)
	w.Join(sim.PeerConfig{Uplink: 1 << 20}).Seed(info, data)
	leecher := w.Join(sim.PeerConfig{})
	leecher.Fetch(info.Hash)
	begun := func() bool { return leecher.Swarm(info.Hash).Stats().Done > 0 }
	if !w.Run(time.Minute, begun) {
		t.Fatal("nothing arrived")
	}
	w.KillTracker()
	if !w.Run(time.Minute, func() bool { return leecher.Done(info.Hash) }) {
		t.Fatal("the transfer did not survive the tracker")
	}
	if len(leecher.Warnings) == 0 {
		t.Error("nobody was told that the tracker is gone")
	}
}

func TestTheBudgetHoldsInACrowd(t *testing.T) {
	w := world(t)
	info, data := torrent(t, 256<<10)
	const budget = 8
	peers := []*sim.Peer{w.Join(sim.PeerConfig{Uplink: 1 << 20, MaxConnections: budget})}
	peers[0].Seed(info, data)
	for range 40 {
		p := w.Join(sim.PeerConfig{Uplink: 1 << 20, MaxConnections: budget})
		p.Fetch(info.Hash)
		peers = append(peers, p)
	}
	most := 0
	done := w.Run(5*time.Minute, func() bool {
		for _, p := range peers {
			most = max(most, p.Connections())
		}
		return all(peers[1:], info)
	})
	if !done {
		t.Error("not everyone finished")
	}
	if most > budget {
		t.Errorf("%d connections with a budget of %d", most, budget)
	}
}

func TestALonelyPeerIsToldSo(t *testing.T) {
	w := world(t)
	info, _ := torrent(t, 1<<20)
	p := w.Join(sim.PeerConfig{})
	p.Fetch(info.Hash)
	w.Run(15*time.Second, func() bool { return len(p.Warnings) > 0 })
	if len(p.Warnings) == 0 || !errors.Is(p.Warnings[0], node.ErrNoPeers) {
		t.Errorf("warned of %v", p.Warnings)
	}
}

func all(peers []*sim.Peer, info *metainfo.Info) bool {
	for _, p := range peers {
		if !p.Done(info.Hash) {
			return false
		}
	}
	return true
}
