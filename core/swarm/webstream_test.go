package swarm

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/limit"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/webseed"
	"github.com/shoal-p2p/shoal/core/wire"
)

// rangeless is a server that answers every request with the whole file, as the
// client tells it; and how many bytes of it were read at most.
func rangeless(tor torrent) (serve func(webseed.Request) answer, wired *int64) {
	wired = new(int64)
	return func(r webseed.Request) answer {
		a := answer{how: webseed.NoRanges, err: errWeb}
		if r.Offset > 0 {
			return a // it is not read up to there
		}
		file := tor.info.Files[0]
		for _, f := range tor.info.Files {
			if !f.Pad && strings.HasSuffix(r.URL, "/"+escaped(f)) {
				file = f
			}
		}
		a.data = tor.data[file.Offset:][:r.Length]
		if *wired += r.Length; r.Whole {
			a.how, a.err = webseed.Delivered, nil
		}
		return a
	}, wired
}

func TestAServerWithoutRangesIsReadOnce(t *testing.T) {
	for name, tor := range map[string]torrent{
		"a short file":   newTorrent(64*kib, 3<<20+5),
		"a long file":    newTorrent(256*kib, 40<<20),
		"many files":     newTorrent(64*kib, 100*kib, 5, 30*kib, 0, 900*kib, 64*kib, 1, 2<<20),
		"with padding":   padded(32*kib, 50*kib, 14*kib, 0, 0, 70*kib, 26*kib, 200*kib),
		"odd padding":    padded(32*kib, 50*kib, 9*kib, 70*kib, 100*kib, 200*kib),
		"a lot of those": padded(256*kib, 50*kib, 9*kib, 70*kib, 100*kib, 2*kib, kib, 200*kib),
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			serve, wired := rangeless(tor)
			b := n.surfer(tor, serve)
			n.run(20*time.Second, allDone(b))
			n.holds(b, tor)
			// It is read from its beginning again once, when it is known that it has
			// no ranges.
			if most := int64(len(tor.data)) + firstRun; *wired > most || len(b.failed) != 0 {
				t.Errorf("%d bytes of %d were read, failed %v", *wired, len(tor.data), b.failed)
			}
			if b.Swarm.web.asked != 0 || len(b.Swarm.web.runs) != 0 {
				t.Errorf("%d blocks are waited for, %d runs", b.Swarm.web.asked, len(b.Swarm.web.runs))
			}
		})
	}
}

func TestAServerWithoutRangesKeepsTheLimit(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 4<<20)
	serve, wired := rangeless(tor)
	b := n.leech("b", tor)
	b.cfg.Down = new(limit.Limit)
	b.cfg.Down.Set(n.now, 128<<10)
	b.web = serve
	b.handle(Learn{tor.info})
	b.handle(AddWebSeeds{[]string{serverURL}})
	begin := n.now
	n.run(5*time.Minute, allDone(b))
	if rate := *wired * int64(time.Second) / int64(n.now.Sub(begin)); rate > 140<<10 || rate < 110<<10 {
		t.Errorf("%d bytes on the wire for %d: %d bytes per second", *wired, len(tor.data), rate)
	}
	// and in no second more
	if most := b.Swarm.web.in.rate(n.now, shortWindow); most > 140<<10 {
		t.Errorf("%d bytes per second at the end", most)
	}
}

func TestAStreamWaitsForASlowDisk(t *testing.T) {
	tor := newTorrent(1<<20, 100<<20)
	now := time.Unix(1_000_000, 0)
	s := New(Config{InfoHash: tor.info.Hash, PeerID: peerID("b")}, rand.New(rand.NewPCG(1, 0)))
	var writes []Write
	var stream Fetch
	var allowed, sent int64
	handle := func(ev Event) {
		s.Handle(now, ev)
		for e, ok := s.Poll(); ok; e, ok = s.Poll() {
			switch e := e.(type) {
			case Write:
				writes = append(writes, e)
			case Fetch:
				switch {
				case !e.Request.Stream:
					defer func() { s.Handle(now, Fetched{e.Fetch, webseed.NoRanges, errWeb}) }()
				case e.Fetch == stream.Fetch:
					allowed += e.Request.Length
				default:
					stream = e
				}
			}
		}
	}
	send := func() {
		for allowed > 0 {
			n := min(allowed, 60_000)
			allowed, sent = allowed-n, sent+n
			handle(Chunk{stream.Fetch, tor.data[sent-n : sent]})
		}
	}
	handle(Learn{tor.info})
	handle(Opened{})
	handle(AddWebSeeds{[]string{serverURL}})
	handle(Tick{})
	// Given a disk that has answered nothing, as much is read as may lie in memory
	send()
	if sent > maxInFlight+metainfo.BlockSize || sent < maxInFlight-2*streamAhead || s.store.unwritten > sent {
		t.Fatalf("%d bytes were read, %d wait for the disk", sent, s.store.unwritten)
	}
	// When the disk has written some, more is read
	before := sent
	for _, w := range writes[:128] {
		handle(Wrote{w.Block, nil})
	}
	send()
	if more := sent - before; more < 128*metainfo.BlockSize-2*streamAhead || s.store.unwritten > maxInFlight {
		t.Errorf("%d bytes more were read, %d wait for the disk", more, s.store.unwritten)
	}
}

func TestAStreamEndsWhereNothingMoreIsMissing(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(256*kib, 60<<20)
	serve, wired := rangeless(tor)
	b := n.learner("b", tor)
	b.web = func(r webseed.Request) answer { a := serve(r); a.rate = 1 << 20; return a }
	b.handle(AddWebSeeds{[]string{serverURL}})
	n.pass(2 * time.Second)
	n.connect(n.seedOf("a", tor), b)
	n.run(20*time.Second, allDone(b))
	n.holds(b, tor)
	n.pass(10 * time.Second)
	if came := b.Swarm.web.in.total; came > 16<<20 || len(b.Swarm.web.runs) != 0 || *wired > 2*int64(len(tor.data)) {
		t.Errorf("%d bytes came from a server of 1 MiB/s, %d runs are left", came, len(b.Swarm.web.runs))
	}
}

func TestALongFileIsNotReadForItsEndAlone(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 20<<20)
	serve, wired := rangeless(tor)
	b := n.learner("b", tor)
	b.web = serve
	for i := range metainfo.PieceIndex(300) { // of 320
		b.picker.Verified(i)
	}
	// Given that most of a long file is there, and a peer who brings the rest
	n.connect(n.seedOf("a", tor), b)
	n.run(10*time.Second, func() bool { return b.Left() < 20*64<<10 })
	b.handle(AddWebSeeds{[]string{serverURL}})
	n.run(10*time.Minute, allDone(b))
	n.pass(time.Minute)
	// Then the server is not asked to send all of it
	if *wired > 0 {
		t.Errorf("%d bytes were read for the last %d", *wired, 20*64<<10)
	}
}

func TestOnlyFilesThatAreWantedAreRead(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 1<<20, 1<<20, 1<<20)
	serve, _ := rangeless(tor)
	b := n.learner("b", tor)
	b.handle(Select{[]picker.Priority{picker.Skip, picker.Skip, picker.Normal}})
	b.web = serve
	b.handle(AddWebSeeds{[]string{serverURL}})
	n.run(10*time.Second, allDone(b))
	// When a reader wants some of the first
	b.handle(Window{Reader: 1, First: 2, Last: 3})
	n.arrives(b, 2, 3)
	n.pass(time.Minute)
	for _, f := range b.fetches {
		if strings.HasSuffix(f.Request.URL, "file1") {
			t.Errorf("asked for %v", f.Request)
		}
	}
}

func TestAServerThatRefusesOneFileIsAskedForOthers(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 6<<20, 640*kib)
	serve, _ := rangeless(tor)
	long := 0
	b := n.surfer(tor, func(r webseed.Request) answer {
		if strings.HasSuffix(r.URL, "/file0") {
			long++
			return answer{how: webseed.NoRanges, err: errWeb}
		}
		return serve(r)
	})
	n.pass(10 * time.Minute)
	if got := b.Pieces().Count(); got != 10 || long > 12 {
		t.Errorf("%d pieces of the short file, %d requests for the long one", got, long)
	}
}

func TestAFileThatBringsNothingNewIsLeftForAWhile(t *testing.T) {
	n := newNetwork(t)
	// Given a block that begins in a file which cannot be had
	tor := newTorrent(64*kib, 20*kib, 640*kib)
	serve, _ := rangeless(tor)
	other := 0
	b := n.surfer(tor, func(r webseed.Request) answer {
		if strings.HasSuffix(r.URL, "/file0") {
			return answer{how: webseed.NoRanges, err: errWeb}
		}
		other++
		return serve(r)
	})
	n.pass(30 * time.Minute)
	// Then the other file is not read for it again and again
	if got := b.Pieces().Count(); got != 10 || other > 12 {
		t.Errorf("%d pieces, %d requests for the file that is there", got, other)
	}
}

func TestAServerWithoutRangesThatLiesIsLeft(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 40<<20)
	serve, _ := rangeless(tor)
	b := n.surfer(tor, func(r webseed.Request) answer {
		a := serve(r)
		a.data = make([]byte, len(a.data))
		return a
	})
	n.pass(time.Minute)
	if _, ok := b.Swarm.web.seeds[0].Ready(); ok || b.Stats().Wasted > 4<<20 {
		t.Errorf("%d bytes of a liar; asked again: %v", b.Stats().Wasted, ok)
	}
	n.connect(n.seedOf("a", tor), b)
	n.run(20*time.Second, allDone(b))
	n.holds(b, tor)
}

// A peer that says it has all, and keeps back one block for ever, must not keep a
// server without ranges from being read, which has it.
func TestAStreamIsNotKeptOutByAPeerThatKeepsABlockBack(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 2<<20)
	b := n.learner("b", tor)
	serve, wired := rangeless(tor)
	b.web = serve
	e := n.puppet(b, hand(tor, "e"))
	e.send(greeting(wire.ExtendedHandshake{Client: "e"}), wire.HaveAll{}, wire.Unchoke{})
	e.on = func(m wire.Message) {
		if r, is := m.(wire.Request); is && !(r.Piece == 20 && r.Begin == 16*kib) {
			at := int(r.Piece)*64*kib + int(r.Begin)
			e.send(wire.Piece{Piece: r.Piece, Begin: r.Begin, Block: tor.data[at : at+int(r.Length)]})
		}
	}
	n.run(2*time.Minute, func() bool { return b.Left() == 64*kib })
	b.handle(AddWebSeeds{[]string{serverURL}})
	for range 120 { // the peer says that it is there, no more
		n.pass(10 * time.Second)
		e.send(wire.KeepAlive{})
	}
	if b.Left() != 0 {
		t.Errorf("after 20 minutes %d bytes are left; %d bytes were read of the server, asked %d times, drops %v", b.Left(), *wired, len(b.fetches), b.drops)
	}
}

// What was fetched in an earlier session must not end a download whose only
// source is a server without ranges.
func TestAStreamIsTakenUpWhenMostIsThere(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(256*kib, 100<<20)
	b := n.leech("b", tor)
	b.data = append([]byte(nil), tor.data...)
	b.have = bitfield.New(tor.info.Layout.Pieces())
	for i := range 260 { // 65 MiB of 100 were there before
		b.have.Set(i)
	}
	clear(b.data[260*256*kib:])
	serve, wired := rangeless(tor)
	b.web = serve
	b.handle(Learn{tor.info})
	n.pass(10 * time.Millisecond)
	b.handle(AddWebSeeds{[]string{serverURL}})
	n.pass(20 * time.Minute)
	if b.Left() != 0 {
		t.Errorf("after 20 minutes %d bytes are left; %d bytes were read of the server, asked %d times, failed %v", b.Left(), *wired, len(b.fetches), b.failed)
	}
}
