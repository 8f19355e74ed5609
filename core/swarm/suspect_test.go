package swarm

import (
	"slices"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/wire"
)

// spoils connects a puppet that answers its first four requests with lies, and
// rejects all others.
func (n *network) spoils(h *host, tor torrent, name string) *puppet {
	p := n.puppet(h, hand(tor, name))
	lies := 0
	p.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok && lies < 4 {
			lies++
			p.send(lie(tor.block(m)))
		} else if ok {
			p.send(wire.Reject(m))
		}
	}
	p.send(wire.HaveAll{}, wire.Unchoke{})
	return p
}

func TestSuspectGetsNoOtherPieceBeforeTheVerdict(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(256*kib, 2<<20)
	b := n.leech("b", tor)
	b.trusted("good")
	b.handle(Learn{tor.info})
	n.pass(10 * time.Millisecond)
	// Given one on probation who spoils a piece that a proven peer helps with,
	// and that proven peer slow to send the piece again
	liar := n.spoils(b, tor, "liar")
	good := n.puppet(b, hand(tor, "good"))
	wait := func() time.Duration {
		if b.Stats().Wasted > 0 {
			return 3 * time.Second
		}
		return 0
	}
	good.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			n.after(wait(), func() { good.send(tor.block(m)) })
		}
	}
	good.send(wire.HaveAll{}, wire.Unchoke{})
	n.run(20*time.Second, func() bool { return b.Stats().Wasted > 0 })
	n.pass(50 * time.Millisecond)
	before := count[wire.Request](liar)
	// Then it is asked for nothing more,
	n.pass(2500 * time.Millisecond)
	if after := count[wire.Request](liar); after != before {
		t.Errorf("a suspect was asked for %d blocks before the verdict", after-before)
	}
	// and has spoiled that one piece when it is found out.
	n.run(time.Minute, func() bool { return len(b.banned) > 0 })
	pieces := make(map[uint32]bool)
	for _, m := range all[wire.Request](liar)[:4] {
		pieces[m.Piece] = true
	}
	if got := b.bannedNames(); !slices.Equal(got, []string{"liar"}) || len(pieces) != 1 {
		t.Errorf("banned %v after lies about %d pieces", got, len(pieces))
	}
}

func TestSuspectIsAskedWhereNobodyElseIs(t *testing.T) {
	tor := newTorrent(256*kib, 2<<20)
	// Given one on probation who shares a wrong piece with somebody unknown
	n, b, p := visit(t, tor, (*network).learner)
	p.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			p.send(tor.block(m))
		}
	}
	p.send(wire.HaveAll{})
	other := n.puppet(b, hand(tor, "o"))
	other.send(wire.HaveAll{}, wire.Unchoke{})
	n.pass(10 * time.Millisecond)
	data := make([]byte, 256*kib)
	b.audits.Failed(3, data, []blame.Who{{Peer: peerID("x")}, {Peer: peerID("p")}})
	suspect := b.peers[p.peer]
	b.suspect(3, []*picker.Peer{suspect.slot, nil})
	// When it serves us beside another, then only that one is asked,
	p.send(wire.Unchoke{})
	n.pass(1500 * time.Millisecond)
	if got := count[wire.Request](p); got > 0 || count[wire.Request](other) == 0 {
		t.Errorf("a suspect was asked for %d blocks", got)
	}
	// but when that one chokes us, it is asked for all.
	other.send(wire.Choke{})
	n.pass(2 * time.Second)
	if count[wire.Request](p) == 0 {
		t.Fatal("nobody is asked")
	}
	for _, m := range all[wire.Request](other) {
		other.send(wire.Reject(m))
	}
	n.run(time.Minute, allDone(b))
	n.holds(b, tor)
	n.pass(recheck)
	if suspect.suspicion.raised {
		t.Error("a suspect after the verdict")
	}
}

func TestWhoHasNeverSentAnythingIsAskedWhereNobodyElseIs(t *testing.T) {
	tor := newTorrent(256*kib, 16<<20)
	// Given one that lets every request be, beside one that serves slowly
	n, b, silent := visit(t, tor, (*network).learner)
	silent.send(wire.HaveAll{}, wire.Unchoke{})
	other := n.puppet(b, hand(tor, "o"))
	free := n.now
	other.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			free = later(free, n.now).Add(50 * time.Millisecond)
			n.after(free.Sub(n.now), func() { other.send(tor.block(m)) })
		}
	}
	other.send(wire.HaveAll{}, wire.Unchoke{})
	n.pass(maxPatience + time.Second)
	before := count[wire.Request](silent)
	if !b.peers[silent.peer].down.mute || before == 0 {
		t.Fatalf("not found out after %d requests", before)
	}
	// Then it is not asked again,
	n.pass(3 * time.Second)
	if after := count[wire.Request](silent); after != before || count[wire.Request](other) == 0 {
		t.Errorf("asked for %d blocks more", after-before)
	}
	// but when the other chokes us,
	other.send(wire.Choke{})
	n.pass(2 * time.Second)
	if count[wire.Request](silent) == before {
		t.Fatal("nobody is asked")
	}
	// and as any other from its first block on.
	asked := all[wire.Request](silent)
	silent.send(tor.block(asked[len(asked)-1]))
	n.pass(time.Second)
	if b.peers[silent.peer].down.mute {
		t.Error("it has sent a block, and is not asked")
	}
}

func TestWhoLetsEveryRequestBeMakesNoPieceCommon(t *testing.T) {
	tor := newTorrent(256*kib, 4<<20)
	// Given two that say that they have the first eight pieces and let every
	// request be, one that has the other eight, and a seed, and all others choke us
	n, b, silent := visit(t, tor, (*network).learner)
	all := []*puppet{silent, n.puppet(b, hand(tor, "2")), n.puppet(b, hand(tor, "3"))}
	for k, p := range all {
		for i := range uint32(8) {
			p.send(wire.Have{Piece: i + 8*uint32(k/2)})
		}
	}
	all[0].send(wire.Unchoke{})
	all[1].send(wire.Unchoke{})
	seed := n.puppet(b, hand(tor, "s"))
	seed.send(wire.HaveAll{})
	n.pass(maxPatience + time.Second)
	// When the seed serves, then the first eight are the rare ones
	var asked []uint32
	seed.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			if !slices.Contains(asked, m.Piece) {
				asked = append(asked, m.Piece)
			}
			seed.send(tor.block(m))
		}
	}
	seed.send(wire.Unchoke{})
	n.run(time.Minute, allDone(b))
	if early := slices.Max(asked[:8]); early >= 8 {
		t.Errorf("asked for %v, in this order", asked)
	}
}
