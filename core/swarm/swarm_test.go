package swarm

import (
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/wire"
)

const kib = 1 << 10

func allDone(hosts ...*host) func() bool {
	return func() bool {
		for _, h := range hosts {
			if h.done == 0 {
				return false
			}
		}
		return true
	}
}

func TestLeecherWithTheInfoHashAloneFetchesEverything(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 1<<20+5)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	n.connect(a, b)
	n.run(5*time.Second, allDone(a, b))
	n.holds(b, tor)
	if stats := b.Stats(); stats.Downloaded != int64(len(tor.data)) || stats.Wasted != 0 ||
		stats.Done != stats.Total || stats.Peers != 1 || stats.Seeds != 1 {
		t.Errorf("leecher's stats: %+v", stats)
	}
	if stats := a.Stats(); stats.Uploaded != int64(len(tor.data)) || stats.Peers != 1 {
		t.Errorf("seed's stats: %+v", stats)
	}
	if a.done != 1 || b.done != 1 {
		t.Errorf("Done was said %d and %d times", a.done, b.done)
	}
	n.pass(time.Second)
	if p := a.Peers()[0]; p.Interested || !p.Choking || p.Client != version || p.ID != peerID("b") {
		t.Errorf("the seed sees %+v", p)
	}
}

func TestStreamMayBeCutAnywhere(t *testing.T) {
	for name, cut := range map[string]func(int) int{
		"one byte": func(int) int { return 1 },
		"1000":     func(n int) int { return min(n, 1000) },
		"whole":    func(n int) int { return n },
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			n.cut = cut
			tor := newTorrent(16*kib, 200*kib)
			a, b := n.seedOf("a", tor), n.leech("b", tor)
			n.connect(a, b)
			n.run(5*time.Second, allDone(b))
			n.holds(b, tor)
		})
	}
}

func TestTransferFillsTheLink(t *testing.T) {
	n := newNetwork(t)
	n.latency, n.bandwidth = 50*time.Millisecond, 20<<20
	tor := newTorrent(1<<20, 50<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	begin := n.now
	n.connect(a, b)
	n.run(time.Minute, allDone(b))
	if took := n.now.Sub(begin); took > 3500*time.Millisecond {
		t.Errorf("50 MiB over 20 MiB/s took %v", took)
	}
}

func leechersFinish(t *testing.T) uint64 {
	n := newNetwork(t)
	sum := n.trace()
	tor := newTorrent(64*kib, 8<<20)
	a := n.seedOf("a", tor)
	var leechers []*host
	for _, name := range []string{"b", "c", "d", "e"} {
		h := n.leech(name, tor)
		for _, other := range leechers {
			n.connect(h, other)
		}
		n.connect(h, a)
		leechers = append(leechers, h)
	}
	begin := n.now
	n.run(time.Minute, allDone(leechers...))
	for _, h := range leechers {
		n.holds(h, tor)
	}
	// The seed sends little more than one copy: the leechers give to each other.
	if up := a.Stats().Uploaded; up > int64(len(tor.data))*5/2 {
		t.Errorf("the seed sent %d bytes for %d", up, len(tor.data))
	}
	if took := n.now.Sub(begin); took > 4*time.Second {
		t.Errorf("four leechers took %v", took)
	}
	return sum()
}

func TestFourLeechersShareAndTheSameSeedGivesTheSameTrace(t *testing.T) {
	if one, two := leechersFinish(t), leechersFinish(t); one != two {
		t.Errorf("traces %x and %x", one, two)
	}
}

func TestWrongInfoHashIsDropped(t *testing.T) {
	n := newNetwork(t)
	a, b := n.seedOf("a", newTorrent(16*kib, 1)), n.leech("b", newTorrent(16*kib, 2))
	pa, _ := n.connect(a, b)
	n.pass(time.Second)
	if a.drops[pa] != "wrong info hash" || len(a.met) != 0 {
		t.Errorf("dropped with %q, met %v", a.drops[pa], a.met)
	}
}

func TestOurselvesAreDropped(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 1)
	a := n.seedOf("a", tor)
	p := n.puppet(a, hand(tor, "a"))
	n.pass(time.Second)
	if a.drops[p.peer] != "self" {
		t.Errorf("dropped with %q", a.drops[p.peer])
	}
}

func TestPeersBeyondTheBoundAreDropped(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 1)
	a := n.seedOf("a", tor)
	a.cfg.MaxPeers = 2
	var last *puppet
	for range 3 {
		last = n.puppet(a, hand(tor, "p"))
	}
	n.pass(time.Second)
	if len(a.drops) != 1 || a.drops[last.peer] == "" || a.Stats().Peers != 2 {
		t.Errorf("drops %v, %d peers", a.drops, a.Stats().Peers)
	}
}

func TestPeerWithoutHandshakeIsDropped(t *testing.T) {
	n := newNetwork(t)
	a := n.seedOf("a", newTorrent(16*kib, 1))
	handle, e := a.newEnd()
	e.other = &end{deliver: func([]byte) {}, closed: func() {}}
	a.handle(Connected{Peer: handle})
	n.pass(handshakeTimeout - time.Second)
	if a.drops[handle] != "" {
		t.Fatal("dropped too early")
	}
	n.pass(2 * time.Second)
	if a.drops[handle] != "no handshake" {
		t.Errorf("dropped with %q", a.drops[handle])
	}
}

func TestSilentPeerIsDroppedAndKeepAlivesPreventIt(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 1)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	n.connect(a, b)
	p := n.puppet(a, hand(tor, "p"))
	n.pass(10 * time.Minute)
	if len(b.drops) != 0 || a.Stats().Peers != 1 {
		t.Errorf("two of our own do not keep their connection: %v", b.drops)
	}
	if a.drops[p.peer] != "silent" {
		t.Errorf("the silent peer was dropped with %q", a.drops[p.peer])
	}
	if k := count[wire.KeepAlive](p); k != 2 {
		t.Errorf("%d keep-alives in %v, want 2", k, silence)
	}
}

func TestOrderOfTheFirstMessages(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 40*kib)
	seed, other, leech := n.seedOf("a", tor), n.seedOf("c", tor), n.leech("b", tor)
	plain := wire.Handshake{InfoHash: tor.info.Hash, PeerID: peerID("p")}
	for _, c := range []struct {
		name string
		host *host
		hand wire.Handshake
		want []wire.Message
	}{
		{"seed to fast", seed, hand(tor, "f"), []wire.Message{wire.Handshake{}, wire.Extended{}, wire.HaveAll{}}},
		{"leecher to fast", leech, hand(tor, "f"), []wire.Message{wire.Handshake{}, wire.Extended{}, wire.HaveNone{}}},
		{"seed to plain", other, plain, []wire.Message{wire.Handshake{}, wire.Bitfield{}}},
		{"leecher to plain", leech, plain, []wire.Message{wire.Handshake{}}},
	} {
		p := n.puppet(c.host, c.hand)
		n.pass(time.Second)
		if len(p.got) != len(c.want) {
			t.Errorf("%s: %v", c.name, p.got)
			continue
		}
		for i := range p.got {
			if got, want := kind(p.got[i]), kind(c.want[i]); got != want {
				t.Errorf("%s: message %d is a %s, want a %s", c.name, i, got, want)
			}
		}
	}
}

func TestCorruptPieceIsFetchedAgainAndItsSenderDropped(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(32*kib, 256*kib)
	// Given a liar, who alone is there at first, and later an honest seed
	b := n.leech("b", tor)
	b.handle(Learn{tor.info})
	liar := n.puppet(b, hand(tor, "liar"))
	liar.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			block := tor.block(m)
			block.Block = append([]byte{block.Block[0] ^ 1}, block.Block[1:]...)
			liar.send(block)
		}
	}
	liar.send(wire.HaveAll{}, wire.Unchoke{})
	n.run(time.Second, func() bool { return b.drops[liar.peer] != "" })
	if b.drops[liar.peer] != "sent a corrupt piece" {
		t.Fatalf("dropped with %q", b.drops[liar.peer])
	}
	if b.Stats().Done != 0 || b.Stats().Wasted == 0 {
		t.Errorf("stats: %+v", b.Stats())
	}
	n.connect(n.seedOf("a", tor), b)
	n.run(5*time.Second, allDone(b))
	n.holds(b, tor)
}

func TestLiarAmongHonestPeersIsFound(t *testing.T) {
	tor := newTorrent(64*kib, 4<<20)
	n, b, liar := visit(t, tor, (*network).learner)
	liar.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			block := tor.block(m)
			block.Block = make([]byte, len(block.Block))
			liar.send(block)
		}
	}
	liar.send(wire.HaveAll{}, wire.Unchoke{})
	n.connect(n.seedOf("a", tor), b)
	n.connect(n.seedOf("c", tor), b)
	n.run(20*time.Second, allDone(b))
	n.holds(b, tor)
	if b.drops[liar.peer] == "" {
		t.Error("the liar is still there")
	}
	if len(b.drops) != 1 {
		t.Errorf("dropped %v, want the liar alone", b.drops)
	}
}

func TestSeederVanishesAndAnotherGoesOn(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 8<<20)
	a, c, b := n.seedOf("a", tor), n.seedOf("c", tor), n.leech("b", tor)
	pa, _ := n.connect(a, b)
	n.run(10*time.Second, func() bool { return b.Stats().Downloaded > 2<<20 })
	a.cutOff(pa)
	n.pass(time.Second)
	if b.done != 0 {
		t.Fatal("done too early for this story")
	}
	n.connect(c, b)
	n.run(10*time.Second, allDone(b))
	n.holds(b, tor)
	if again := b.Stats().Downloaded - int64(len(tor.data)); again > 16*kib {
		t.Errorf("%d bytes were fetched twice", again)
	}
}

func TestPeerThatDropsRequestsSilentlyDoesNotHoldUsUp(t *testing.T) {
	tor := newTorrent(64*kib, 1<<20)
	// Given a stock peer that answers two requests of three, and says nothing of the rest
	n, b, stock := visit(t, tor, (*network).learner)
	k := 0
	stock.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			if k++; k%3 != 0 {
				stock.send(tor.block(m))
			}
		}
	}
	stock.send(wire.HaveAll{}, wire.Unchoke{})
	n.run(2*time.Minute, allDone(b))
	n.holds(b, tor)
	if len(b.drops) != 0 {
		t.Errorf("dropped: %v", b.drops)
	}
}

func TestSnubbedPeersBlocksGoToAnother(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(256*kib, 256*kib)
	b := n.leech("b", tor)
	b.trusted("mute")
	b.handle(Learn{tor.info})
	mute := n.puppet(b, hand(tor, "mute"))
	mute.send(wire.HaveAll{}, wire.Unchoke{})
	n.pass(time.Second)
	if count[wire.Request](mute) != 16 {
		t.Fatalf("the mute peer was asked for %d blocks, want all 16", count[wire.Request](mute))
	}
	// When another comes, the endgame asks it for the same
	n.connect(n.seedOf("a", tor), b)
	n.run(2*time.Second, allDone(b))
	n.holds(b, tor)
	n.pass(time.Second)
	if count[wire.Cancel](mute) != 16 {
		t.Errorf("%d requests were cancelled, want all 16", count[wire.Cancel](mute))
	}
}

func TestSnubIsToldAndEnds(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(256*kib, 1<<20)
	b := n.leech("b", tor)
	b.trusted("p")
	b.handle(Learn{tor.info})
	p := n.puppet(b, hand(tor, "p"))
	p.send(wire.HaveAll{}, wire.Unchoke{})
	n.pass(maxPatience + time.Second)
	if s := b.Peers()[0]; !s.Snubbed {
		t.Fatalf("%+v", s)
	}
	if asked := count[wire.Request](p); asked != firstDepth+1 {
		t.Errorf("asked for %d blocks, want %d and then one", asked, firstDepth)
	}
	p.send(tor.block(all[wire.Request](p)[0])) // late, but it comes
	n.pass(time.Second)
	if s := b.Peers()[0]; s.Downloaded != 16*kib {
		t.Errorf("the late block was not taken: %+v", s)
	}
}

func TestRejectedRequestIsAskedOfAnother(t *testing.T) {
	tor := newTorrent(64*kib, 256*kib)
	n, b, p := visit(t, tor, (*network).learner)
	p.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			p.send(wire.Reject(m))
		}
	}
	p.send(wire.HaveAll{}, wire.Unchoke{})
	n.pass(3 * time.Second)
	if asked := count[wire.Request](p); asked > 64 {
		t.Errorf("a peer that rejects was asked %d times in three seconds", asked)
	}
	n.connect(n.seedOf("a", tor), b)
	n.run(3*time.Second, allDone(b))
	n.holds(b, tor)
}

func TestChokeReturnsRequests(t *testing.T) {
	for _, fast := range []bool{false, true} {
		n := newNetwork(t)
		tor := newTorrent(256*kib, 256*kib)
		b := n.leech("b", tor)
		b.trusted("p")
		b.handle(Learn{tor.info})
		n.pass(10 * time.Millisecond)
		p := n.puppet(b, wire.Handshake{Fast: fast, InfoHash: tor.info.Hash, PeerID: peerID("p")})
		bits := wire.Bitfield{Bits: []byte{0x80}}
		p.send(bits, wire.Unchoke{})
		n.pass(time.Second)
		asked := all[wire.Request](p)
		if len(asked) != 16 {
			t.Fatalf("asked for %d blocks", len(asked))
		}
		p.send(wire.Choke{})
		if fast {
			for _, m := range asked {
				p.send(wire.Reject(m))
			}
		}
		n.pass(100 * time.Millisecond)
		if b.requests.outstanding != 0 {
			t.Errorf("fast %v: %d requests are still waited for", fast, b.requests.outstanding)
		}
		p.send(wire.Unchoke{})
		n.pass(100 * time.Millisecond)
		if again := count[wire.Request](p) - 16; again != 16 {
			t.Errorf("fast %v: %d requests after the next unchoke, want 16", fast, again)
		}
	}
}

func TestPeerThatSendsUnaskedBlocksIsDropped(t *testing.T) {
	tor := newTorrent(64*kib, 1<<20)
	n, b, p := visit(t, tor, (*network).learner)
	p.send(wire.HaveAll{})
	for i := range uint32(16) {
		p.send(tor.block(wire.Request{Piece: i, Length: 16 * kib}))
	}
	n.pass(time.Second)
	if b.drops[p.peer] != "" {
		t.Fatalf("dropped for a few: %s", b.drops[p.peer])
	}
	p.send(tor.block(wire.Request{Length: 16 * kib}))
	n.pass(time.Second)
	if b.drops[p.peer] == "" || b.Stats().Done != 0 {
		t.Errorf("dropped with %q, stats %+v", b.drops[p.peer], b.Stats())
	}
}

func TestPauseStopsBothDirectionsAndResumeGoesOn(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 8<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	n.connect(a, b)
	n.run(10*time.Second, func() bool { return b.Stats().Downloaded > 1<<20 })
	b.handle(Pause{})
	n.pass(2 * time.Second)
	at := b.Stats()
	if !at.Paused || b.requests.outstanding != 0 || at.Wasted != 0 {
		t.Errorf("paused: %+v", at)
	}
	n.pass(30 * time.Second)
	if b.Stats().Downloaded != at.Downloaded || len(b.drops)+len(a.drops) != 0 {
		t.Errorf("bytes came in a pause, or a peer went: %v %v", a.drops, b.drops)
	}
	b.handle(Resume{})
	n.pass(100 * time.Millisecond)
	// The one who serves may pause as well.
	a.handle(Pause{})
	n.pass(2 * time.Second)
	at = b.Stats()
	n.pass(10 * time.Second)
	if b.Stats().Downloaded != at.Downloaded || b.done != 0 {
		t.Error("bytes came from a seed that has paused")
	}
	a.handle(Resume{})
	n.run(10*time.Second, allDone(b))
	n.holds(b, tor)
}

func TestSelectionIsFetchedAndNothingElse(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 100*kib, 60*kib, 100*kib)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	b.handle(Select{[]picker.Priority{picker.Skip, picker.Normal, picker.Skip}})
	n.connect(a, b)
	n.run(5*time.Second, allDone(b))
	// 60 KiB from byte 100 KiB lie in pieces 6 to 9.
	if have := b.Pieces(); have.Count() != 4 || !have.Has(6) || !have.Has(9) {
		t.Errorf("has %d pieces", have.Count())
	}
	n.pass(time.Second)
	if b.Peers()[0].Interesting {
		t.Error("still interested although the selection is met")
	}
	b.handle(Select{})
	n.run(5*time.Second, func() bool { return b.done == 2 })
	n.holds(b, tor)
}

func TestTorrentWithoutBytesIsDoneAtOnce(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 0)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	n.connect(a, b)
	n.run(time.Second, allDone(a, b))
}

func TestStoreThatFailsPausesAndResumeTriesAgain(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 2<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	b.failing = errDisk
	n.connect(a, b)
	n.pass(time.Second)
	if b.Stats().Err != errDisk || !b.Stats().Paused || len(b.log) != 1 {
		t.Fatalf("opening failed: %+v, %v", b.Stats(), b.log)
	}
	b.failing = nil
	b.handle(Resume{})
	n.run(time.Second, func() bool { return b.Stats().Downloaded > 500*kib })
	b.failing = errDisk
	n.pass(time.Second)
	if b.Stats().Err != errDisk || !b.Stats().Paused {
		t.Fatalf("writing failed: %+v", b.Stats())
	}
	b.failing = nil
	b.handle(Resume{})
	n.run(5*time.Second, allDone(b))
	n.holds(b, tor)
}

func TestSourceThatChangedPausesTheSeed(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 2<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	a.failing = errDisk
	n.connect(a, b)
	n.pass(5 * time.Second)
	if a.Stats().Err != errDisk || b.Stats().Downloaded != 0 || len(b.drops) != 0 {
		t.Errorf("seed %+v, leecher %+v", a.Stats(), b.Stats())
	}
	if !b.Peers()[0].Choked || b.requests.outstanding != 0 {
		t.Error("the leecher still waits for blocks")
	}
}

func TestResumedDownloadAnnouncesWhatTheStoreHolds(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 512*kib)
	b := n.leech("b", tor)
	full := n.seedOf("x", tor)
	b.data = full.data
	b.have = full.have.Clone()
	b.have.Clear(3)
	p := n.puppet(b, hand(tor, "p"))
	n.pass(time.Second)
	b.handle(Learn{tor.info})
	n.pass(time.Second)
	if got := count[wire.Have](p); got != 7 || count[wire.HaveNone](p) != 1 {
		t.Errorf("%d haves after the store was opened, want 7", got)
	}
	if b.Left() != 64*kib {
		t.Errorf("%d bytes left", b.Left())
	}
}

func TestHaveGoesToEveryoneSoThatASeedSeesProgress(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 128*kib)
	b := n.leech("b", tor)
	seed := n.seedOf("a", tor)
	n.connect(seed, b)
	p, q := n.puppet(b, hand(tor, "p")), n.puppet(b, hand(tor, "q"))
	p.send(wire.HaveAll{})
	q.send(wire.HaveNone{})
	n.run(5*time.Second, allDone(b))
	n.pass(time.Second)
	if count[wire.Have](p) != 2 || count[wire.Have](q) != 2 {
		t.Errorf("the seed got %d haves, the leecher %d", count[wire.Have](p), count[wire.Have](q))
	}
	if progress := seed.Peers()[0].Progress; progress != 1 {
		t.Errorf("the seed sees a progress of %v", progress)
	}
}

func TestDontHaveIsHeeded(t *testing.T) {
	tor := newTorrent(64*kib, 128*kib)
	n, _, p := visit(t, tor, (*network).learner)
	p.send(wire.HaveAll{}, wire.DontHave{Piece: 1}.Message(ourDontHave), wire.Unchoke{})
	n.pass(time.Second)
	for _, m := range all[wire.Request](p) {
		if m.Piece == 1 {
			t.Fatal("asked for a piece that the peer took back")
		}
	}
	if count[wire.Request](p) != 4 {
		t.Errorf("asked for %d blocks, want the four of piece 0", count[wire.Request](p))
	}
}

func TestProtocolErrorsDropThePeer(t *testing.T) {
	tor := newTorrent(64*kib, 200*kib)
	plain := wire.Handshake{InfoHash: tor.info.Hash, PeerID: peerID("p")}
	for _, c := range []struct {
		name string
		hand wire.Handshake
		msgs []wire.Message
	}{
		{"fast message without the extension", plain, []wire.Message{wire.HaveAll{}}},
		{"extended without the extension", plain, []wire.Message{wire.Extended{}}},
		{"bitfield too long", plain, []wire.Message{wire.Bitfield{Bits: make([]byte, 2)}}},
		{"bitfield with spare bits", plain, []wire.Message{wire.Bitfield{Bits: []byte{0x08}}}},
		{"bitfield twice", plain, []wire.Message{wire.Bitfield{Bits: []byte{0x80}}, wire.Bitfield{Bits: []byte{0x80}}}},
		{"have out of range", plain, []wire.Message{wire.Have{Piece: 4}}},
		{"request beyond 128 KiB", plain, []wire.Message{wire.Request{Length: wire.MaxBlock + 1}}},
		{"bad extended handshake", hand(tor, "p"), []wire.Message{wire.Extended{Payload: []byte("x")}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t)
			a := n.seedOf("a", tor)
			p := n.puppet(a, c.hand)
			p.send(c.msgs...)
			n.pass(time.Second)
			if a.drops[p.peer] == "" {
				t.Error("not dropped")
			}
		})
	}
}

func TestPieceIndexOfFilesAtTheEdge(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 16*kib, 0, 16*kib)
	h := n.seedOf("a", tor)
	h.priority = []picker.Priority{picker.Skip, picker.Low, picker.High}
	if wishes := h.pieceWishes(); wishes[0] != picker.Skip || wishes[1] != picker.High {
		t.Errorf("an empty file and the second: %v", wishes)
	}
	var last metainfo.PieceIndex = 1
	if !h.Pieces().Has(int(last)) {
		t.Error("the seed lacks its last piece")
	}
}

func TestNothingSelectedIsNeverDone(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 100*kib, 60*kib, 0)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	b.handle(Select{[]picker.Priority{picker.Skip, picker.Skip, picker.Skip}})
	n.connect(a, b)
	n.pass(5 * time.Second)
	if b.done != 0 || b.Stats().Downloaded != 0 {
		t.Errorf("with nothing selected: Done %d times, %+v", b.done, b.Stats())
	}
	b.handle(Select{[]picker.Priority{picker.Skip, picker.Normal, picker.Skip}})
	n.pass(5 * time.Second)
	if b.done != 1 || b.Left() != 0 {
		t.Errorf("with one file selected: Done %d times, %d bytes left", b.done, b.Left())
	}
	b.handle(Select{[]picker.Priority{}})
	n.pass(time.Second)
	if b.done != 1 {
		t.Error("Done was said when the selection was taken back")
	}
}

func TestEmptyFileThatIsSelectedIsDoneAtOnce(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 100*kib, 0)
	b := n.leech("b", tor)
	b.handle(Select{[]picker.Priority{picker.Skip, picker.Normal}})
	b.handle(Learn{tor.info})
	n.run(time.Second, allDone(b))
}
