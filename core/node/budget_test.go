package node

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
)

// wants is how many more peers each torrent looks for.
func (l *lab) wants() (all []int) {
	for _, t := range l.node.order {
		all = append(all, l.node.want(t))
	}
	return all
}

func TestTheBudgetIsForThoseWhoCanUseIt(t *testing.T) {
	// Given a budget of 40 and one torrent, then it may look for 30
	l := newLab(t, 40)
	l.handle(Add{InfoHash: id.ID{1}})
	if got := l.wants(); got[0] != 30 {
		t.Errorf("alone it wants %d peers", got[0])
	}
	// When nine more come, each has a right to four, and may use what is idle
	for i := range 9 {
		l.handle(Add{InfoHash: id.ID{2, byte(i)}})
	}
	if share := l.node.share(); share != 4 {
		t.Errorf("of ten torrents each has a right to %d of 40", share)
	}
	if got := l.wants(); got[0] != 30 {
		t.Errorf("while all is idle it wants %d", got[0])
	}
	// When nine are paused, nothing is theirs any more
	for i := range 9 {
		l.handle(Torrent{id.ID{2, byte(i)}, swarm.Pause{}})
	}
	if share, got := l.node.share(), l.wants(); share != 30 || got[1] != 0 {
		t.Errorf("one of ten has a right to %d, and a paused one wants %d", share, got[1])
	}
}

func TestATorrentGetsItsShareOfABudgetThatIsTaken(t *testing.T) {
	// Given one torrent that has taken the whole budget
	l := newLab(t, 4)
	other := id.ID([]byte("another-torrent-....."[:20]))
	l.handle(Add{InfoHash: infoHash, Trackers: []string{url}}, Socket{tracker.Opened{Tracker: url}})
	for i := range 10 {
		l.handle(offerFrom(peerID(i), "offer-id-abcdefgh-"+peerID(i)[18:]))
	}
	// When another one comes, and somebody offers for it
	effects := l.handle(Add{InfoHash: other, Trackers: []string{url}})
	effects = append(effects, l.pass(time.Second)...)
	effects = append(effects, l.handle(offerFor(other, peerID(50), "offer-id-abcdefgh-50"))...)
	// Then a connection of the first goes, and the offer is accepted in its place
	if len(of[Close](effects)) != 1 || len(of[Accept](effects)) != 1 {
		t.Errorf("that did %v", effects)
	}
	if n := l.node.Connections(); n > 4 {
		t.Errorf("%d connections with a budget of 4", n)
	}
	// but not for every offer of a flood
	for i := 51; i < 60; i++ {
		effects = append(effects, l.handle(offerFor(other, peerID(i), "offer-id-abcdefgh-"+peerID(i)[18:]))...)
	}
	if closes := of[Close](effects); len(closes) != 1 {
		t.Errorf("ten offers in one moment closed %d connections", len(closes))
	}
}

// A node with many idle torrents must not pay for them at every event.
func BenchmarkAnEventAmongIdleTorrents(b *testing.B) {
	for _, torrents := range []int{1, 1000} {
		b.Run(fmt.Sprint(torrents), func(b *testing.B) {
			n := New(Config{PeerID: id.ID{9}}, rand.New(rand.NewPCG(1, 1)))
			now := time.Unix(1e9, 0)
			for i := range torrents {
				n.Handle(now, Add{InfoHash: id.ID{byte(i), byte(i >> 8), 1}, Trackers: []string{url}, Seed: true})
			}
			n.Handle(now, Socket{tracker.Opened{Tracker: url}})
			for _, ok := n.Poll(); ok; _, ok = n.Poll() {
			}
			b.ReportAllocs()
			for b.Loop() {
				n.Handle(now, Tick{})
				n.Deadline()
			}
		})
	}
}
