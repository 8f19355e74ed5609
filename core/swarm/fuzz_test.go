package swarm

import (
	"bytes"
	"crypto/sha1"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/webseed"
	"github.com/shoal-p2p/shoal/core/wire"
)

// script reads a fuzzer's bytes as what happens to a swarm.
type script struct {
	t       *testing.T
	input   []byte
	s       *Swarm
	tor     torrent
	data    []byte // in the store
	now     time.Time
	next    Peer
	open    []Peer // connected, and not dropped
	pending []Effect
	asked   map[Peer][]wire.Request
	aborted map[uint64]bool // Fetches
	lanes   []Lane          // that were begun
}

func (f *script) byte() byte {
	if len(f.input) == 0 {
		return 0
	}
	b := f.input[0]
	f.input = f.input[1:]
	return b
}

// number is mostly small, and sometimes anything.
func (f *script) number() uint32 {
	if b := f.byte(); b < 0xf0 {
		return uint32(b % 16)
	}
	return uint32(f.byte())<<24 | uint32(f.byte())<<16 | uint32(f.byte())<<8 | uint32(f.byte())
}

func (f *script) take(n int) []byte {
	n = min(n, len(f.input))
	b := append([]byte(nil), f.input[:n]...)
	f.input = f.input[n:]
	return b
}

func (f *script) peer() Peer {
	if len(f.open) == 0 {
		return 0
	}
	return f.open[int(f.byte())%len(f.open)]
}

func (f *script) handle(ev Event) {
	f.s.Handle(f.now, ev)
	for {
		e, ok := f.s.Poll()
		if !ok {
			return
		}
		switch e := e.(type) {
		case Send:
			if !f.isOpen(e.Peer) {
				f.t.Fatalf("%T for a peer that is gone", e.Msg)
			}
			wire.Append(nil, e.Msg)
			if m, ok := e.Msg.(wire.Request); ok {
				f.asked[e.Peer] = append(f.asked[e.Peer], m)
			}
		case Drop:
			f.close(e.Peer)
		case Open, Write, Verify, Read, Fetch:
			f.pending = append(f.pending, e)
		case Abort:
			f.aborted[e.Fetch] = true
		case LaneOffer:
			f.lanes = append(f.lanes, e.Lane)
		case LaneAccept:
			f.lanes = append(f.lanes, e.Lane)
		case LaneSend:
			if f.s.lanes[e.Lane] == nil {
				f.t.Fatalf("%T for a lane that is gone", e.Msg)
			}
			wire.Append(nil, e.Msg)
		}
	}
}

func (f *script) isOpen(p Peer) bool {
	for _, q := range f.open {
		if p == q {
			return true
		}
	}
	return false
}

func (f *script) close(p Peer) {
	for i, q := range f.open {
		if p == q {
			f.open = append(f.open[:i], f.open[i+1:]...)
			return
		}
	}
}

func (f *script) receive(p Peer, m wire.Message) { f.handle(Received{p, wire.Append(nil, m)}) }

// happen does one thing that the bytes say.
func (f *script) happen() {
	switch f.byte() % 16 {
	case 0, 1:
		if len(f.open) < 6 {
			f.next++
			f.open = append(f.open, f.next)
			reserved := f.byte()
			claimed := id.ID{}
			if reserved&4 != 0 {
				claimed = peerID(string(rune(reserved)))
			}
			f.handle(Connected{f.next, f.link(f.next), claimed})
			f.receive(f.next, wire.Handshake{
				Fast: reserved&1 != 0, Extended: reserved&2 != 0, InfoHash: f.tor.info.Hash, PeerID: peerID(string(rune(reserved))),
			})
		}
	case 2:
		p := f.peer()
		f.close(p)
		f.handle(Disconnected{p})
	case 3:
		f.handle(Received{f.peer(), f.take(int(f.byte()))})
	case 4:
		f.now = f.now.Add(time.Duration(f.byte()) * 100 * time.Millisecond)
		f.handle(Tick{})
	case 5:
		f.handle(Drained{f.peer(), int64(f.number())})
	case 6:
		f.handle([]Event{Pause{}, Resume{}, Resume{}, Learn{f.tor.info}, AddWebSeeds{[]string{serverURL}}, Select{}, Select{[]picker.Priority{picker.Priority(f.byte() % 8), picker.Normal}}}[f.byte()%7])
	case 7, 8:
		f.answer()
	case 9, 10:
		f.block()
	case 11:
		f.extension()
	case 12:
		f.wish()
	case 13:
		f.lane()
	default:
		f.receive(f.peer(), f.message())
	}
}

// answer lets the store do what was asked first.
func (f *script) answer() {
	if len(f.pending) == 0 {
		return
	}
	e := f.pending[0]
	f.pending = f.pending[1:]
	var err error
	how := f.byte()
	if how > 0xf0 {
		err = errDisk
	}
	switch e := e.(type) {
	case Open:
		f.handle(Opened{f.held(how), err})
	case Write:
		copy(f.data[f.tor.info.Layout.Piece(e.Block.Piece).Offset+int64(e.Block.Begin):], e.Data)
		f.handle(Wrote{e.Block, err})
	case Verify:
		digest := metainfo.Digest(sha1.Sum(f.data[e.Piece.Offset:][:e.Piece.Length]))
		digest[0] ^= how % 5 / 4
		f.handle(Verified{e.Piece.Index, digest, err})
	case Fetch:
		f.serveWeb(e, how)
	case Read:
		f.handle(ReadDone{e.Piece.Index, bytes.Clone(f.data[e.Piece.Offset:][:e.Piece.Length-int(how%20/19)]), err})
	}
}

// serveWeb answers a range of a web seed, in any way.
func (f *script) serveWeb(e Fetch, how byte) {
	if f.aborted[e.Fetch] {
		f.handle(Fetched{e.Fetch, webseed.Aborted, errWeb})
		return
	}
	// Only the first file is where its URL says; the others are as long.
	data := make([]byte, e.Request.Length)
	if e.Request.Offset+e.Request.Length <= int64(len(f.tor.data)) {
		copy(data, f.tor.data[e.Request.Offset:])
	}
	switch how % 8 {
	case 0:
		data = append(data, 0)
	case 1:
		data = data[:len(data)/2]
	}
	for chunk := range slices.Chunk(data, 9000) {
		f.handle(Chunk{e.Fetch, chunk})
	}
	f.handle(Fetched{e.Fetch, webseed.Outcome(how / 8 % 9), errWeb})
}

// block answers the oldest request that a peer was sent.
func (f *script) block() {
	p := f.peer()
	if list := f.asked[p]; len(list) > 0 {
		f.asked[p] = list[1:]
		f.receive(p, f.tor.block(list[0]))
	}
}

// lane lets something happen to a lane, or to what is said about lanes.
func (f *script) lane() {
	if f.byte()%3 == 0 || len(f.lanes) == 0 {
		m := wire.Lane{Kind: wire.LaneKind(f.byte() % 6), Number: int64(f.byte() % 8), SDP: "v=0"}
		who := f.peer()
		if p := f.s.peers[who]; p != nil { // far, and it has taken some
			p.down.trip, p.out.total = max(p.down.trip, laneTrip), max(p.out.total, inviteAfter)
		}
		f.receive(who, m.Message(ourLane))
		return
	}
	lane := f.lanes[int(f.byte())%len(f.lanes)]
	switch f.byte() % 8 {
	case 0:
		f.handle(LaneDescribed{lane, "v=0", nil})
	case 1:
		f.handle(LaneDescribed{lane, "", errDisk})
	case 2:
		f.handle(LaneOpened{lane})
	case 3:
		f.handle(LaneClosed{lane})
	case 4:
		f.handle(LaneDrained{lane, int64(f.number())})
	case 5:
		hello := wire.Lane{Kind: wire.LaneHello}
		if l := f.s.lanes[lane]; l != nil {
			hello.Number, hello.Token = l.number, l.token
		}
		f.handle(LaneReceived{lane, wire.Append(nil, hello.Message(ourLane))})
	case 6:
		f.handle(LaneReceived{lane, f.take(int(f.byte()))})
	case 7:
		f.handle(LaneReceived{lane, wire.Append(nil, f.message())})
	}
}

// checkLanes is what holds of a peer's lanes.
func (f *script) checkLanes(p *peer) {
	asked := make(map[*lane]int)
	for _, r := range p.down.requests {
		asked[r.lane]++
	}
	for _, l := range p.lanes.all {
		if f.s.lanes[l.id] != l || l.asked != asked[l] || !l.ours && l.asked > 0 || l.ours && len(l.queue) > 0 {
			f.t.Fatalf("a lane with %d requests, counted as %d, and %d to serve", asked[l], l.asked, len(l.queue))
		}
		delete(asked, l)
	}
	if delete(asked, nil); len(asked) > 0 {
		f.t.Fatal("something was asked over a lane that is gone")
	}
	if p.lanes.count(false) > maxLanes || p.lanes.count(true) > maxLanes || p.queued() > maxQueue {
		f.t.Fatal("too many lanes, or too much to serve over them")
	}
}

// link is one over which identities can be proved, for every other peer.
func (f *script) link(p Peer) Link {
	link := Link{Binding: [32]byte{byte(p % 2)}}
	if p%3 == 0 {
		link.Addr = netip.AddrFrom4([4]byte{80, 4, 4, byte(p)})
	}
	return link
}

// held is what the store has from before: sometimes all, mostly nothing.
func (f *script) held(how byte) *bitfield.Bitfield {
	if how < 0xc0 {
		return nil
	}
	copy(f.data, f.tor.data)
	all := bitfield.New(f.tor.info.Layout.Pieces())
	all.SetAll()
	return all
}

// wish is what the user of the swarm may ask for.
func (f *script) wish() {
	switch f.byte() % 5 {
	case 0:
		f.handle(Order{f.byte()%2 == 0})
	case 1:
		f.handle(Window{uint64(f.byte() % 4), metainfo.PieceIndex(f.number()), metainfo.PieceIndex(f.number())})
	case 2:
		f.handle(CloseWindow{uint64(f.byte() % 4)})
	case 3:
		f.s.cfg.Up.Set(f.now, int64(f.byte())<<10)
	case 4:
		f.s.cfg.Down.Set(f.now, int64(f.byte())<<10)
	}
}

// hello proves an identity, mostly: of four that there are.
func (f *script) hello(p Peer) wire.Extended {
	key, name := keyOf(string(rune(f.byte()%4))), "?"
	if q := f.s.peers[p]; q != nil && f.byte() < 0xf0 {
		name = string(q.name[8:])
	}
	return hello(f.tor, f.link(p), name, key)
}

func (f *script) extension() {
	p := f.peer()
	switch f.byte() % 7 {
	case 4:
		f.receive(p, f.hello(p))
	case 5:
		f.receive(p, wire.Extended{ID: ourExchange, Payload: f.take(int(f.byte()))})
	case 6:
		f.handle(Extend{p, []byte("x")})
	case 0:
		sizes := []int64{int64(len(f.tor.info.Bytes)), 1, int64(f.number()), -1}
		m, err := wire.ExtendedHandshake{M: map[string]uint8{wire.NameMetadata: f.byte() % 4}, MetadataSize: sizes[f.byte()%4], Reqq: int64(f.number())}.Message()
		if err == nil {
			f.receive(p, m)
		}
	case 1:
		all := f.tor.info.Bytes
		if f.byte()%4 == 0 {
			all = make([]byte, 1+f.number()%1000)
		}
		f.receive(p, wire.Metadata{Type: wire.MetadataData, Piece: int64(f.byte() % 2), TotalSize: int64(len(all)), Data: all}.Message(ourMetadata))
	case 2:
		f.receive(p, wire.Metadata{Type: wire.MetadataType(f.byte() % 3), Piece: int64(f.number())}.Message(ourMetadata))
	case 3:
		f.receive(p, wire.DontHave{Piece: f.number()}.Message(ourDontHave))
	}
}

func (f *script) message() wire.Message {
	const quarter = 4 * kib
	switch f.byte() % 20 {
	case 0:
		return wire.Choke{}
	case 1, 2:
		return wire.Unchoke{}
	case 3, 4:
		return wire.Interested{}
	case 5:
		return wire.NotInterested{}
	case 6:
		return wire.Have{Piece: f.number()}
	case 7:
		return wire.Bitfield{Bits: f.take(int(f.byte() % 4))}
	case 8, 9, 10:
		return wire.Request{Piece: f.number(), Begin: f.number() * quarter, Length: f.number() * quarter}
	case 11:
		return wire.Cancel{Piece: f.number(), Begin: f.number() * quarter, Length: f.number() * quarter}
	case 12:
		return wire.Reject{Piece: f.number(), Begin: f.number() * 16 * kib, Length: 16 * kib}
	case 13:
		return wire.Piece{Piece: f.number(), Begin: f.number() * quarter, Block: make([]byte, f.number()%16*quarter)}
	case 14:
		return wire.HaveAll{}
	case 15:
		return wire.HaveNone{}
	case 16:
		return wire.Suggest{Piece: f.number()}
	case 17:
		return wire.AllowedFast{Piece: f.number()}
	case 18:
		return wire.Port{Port: uint16(f.number())}
	default:
		return wire.KeepAlive{}
	}
}

// check is what holds whatever peers do.
func (f *script) check() {
	outstanding := 0
	for _, p := range f.s.order {
		outstanding += len(p.down.requests)
		switch {
		case len(p.down.requests) > maxDepth, len(p.down.late) > maxDepth, len(p.up.queue) > maxQueue,
			len(p.up.metadata) > maxMetadataQueue, len(p.claims.has)+len(p.claims.lacks) > maxClaimed/4+2:
			f.t.Fatal("a queue of a peer is beyond its bound")
		case p.sent-p.drained > maxUnsent+1<<20:
			f.t.Fatal("too much waits to be sent")
		}
	}
	if outstanding != f.s.requests.outstanding || len(f.s.order) != len(f.open) {
		f.t.Fatalf("%d requests, counted as %d; %d peers, %d open", outstanding, f.s.requests.outstanding, len(f.s.order), len(f.open))
	}
	blocks := 0
	for _, r := range f.s.web.runs {
		blocks += len(r.blocks)
		if r.stream != nil {
			blocks += r.stream.held
		}
	}
	if blocks != f.s.web.asked || len(f.s.web.runs) > maxRuns || f.s.store.padding < 0 || len(f.s.audits.queue) > f.tor.info.Layout.Pieces() {
		f.t.Fatalf("%d blocks of %d ranges, counted as %d; %d audits", blocks, len(f.s.web.runs), f.s.web.asked, len(f.s.audits.queue))
	}
	if f.s.store.unwritten < 0 || f.s.uploads.bytes > readAhead+64*kib || len(f.s.metadata.assemblies) > maxAssemblies {
		f.t.Fatal("a bound over all peers is broken")
	}
	seeds := 0
	for _, p := range f.s.Peers() {
		if p.Seed {
			seeds++
		}
	}
	if stats := f.s.Stats(); stats.Seeds != seeds || stats.Peers != len(f.s.Peers()) {
		f.t.Fatalf("%d peers, %d seeds, counted as %d and %d", len(f.s.Peers()), seeds, stats.Peers, stats.Seeds)
	}
	var waiting int64
	for _, p := range f.s.order {
		f.checkLanes(p)
		waiting += p.sent - p.drained
		for _, l := range p.lanes.all {
			waiting += l.sent - l.drained
		}
		ahead := 0
		for _, portion := range p.shown.ahead {
			ahead += portion.left
		}
		if ahead != p.shown.bytes {
			f.t.Fatalf("%d bytes lie before a peer, counted as %d", ahead, p.shown.bytes)
		}
	}
	if waiting != f.s.turns.uplink.waiting {
		f.t.Fatalf("%d bytes wait to leave, counted as %d", waiting, f.s.turns.uplink.waiting)
	}
	f.s.LeastUseful(f.now)
}

func FuzzSwarm(f *testing.F) {
	tor := newTorrent(32*kib, 100*kib, 90*kib)
	f.Add([]byte{0, 3, 6, 3, 7, 0, 12, 14, 12, 1, 9, 0, 9, 0, 7, 0, 7, 0, 7, 0})
	f.Add([]byte{0, 3, 11, 0, 0, 2, 0, 0, 0, 11, 1, 1, 0, 7, 0})
	rng := rand.New(rand.NewPCG(1, 0))
	for range 20 {
		long := make([]byte, 600)
		for i := range long {
			long[i] = byte(rng.Uint32())
		}
		f.Add(long)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		if len(input) > 4000 {
			return
		}
		s := &script{
			t: t, input: input, tor: tor, data: make([]byte, len(tor.data)), asked: make(map[Peer][]wire.Request), aborted: make(map[uint64]bool),
			now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
			s:   New(Config{InfoHash: tor.info.Hash, PeerID: peerID("us"), Key: keyOf("us")}, rand.New(rand.NewPCG(1, 0))),
		}
		for len(s.input) > 0 {
			s.happen()
			s.check()
		}
		s.finish()
	})
}

// finish proves that nothing a peer did keeps a swarm from its end: an honest
// seed comes, the store works again, and everything is fetched.
func (f *script) finish() {
	f.handle(Learn{f.tor.info})
	f.handle(Select{})
	f.s.cfg.Up.Set(f.now, 0)
	f.s.cfg.Down.Set(f.now, 0)
	f.next++
	seed := f.next
	f.open = append(f.open, seed)
	f.handle(Connected{Peer: seed})
	f.receive(seed, wire.Handshake{Fast: true, InfoHash: f.tor.info.Hash, PeerID: peerID("seed")})
	f.receive(seed, wire.HaveAll{})
	f.receive(seed, wire.Unchoke{})
	for rounds := 0; f.s.Left() != 0; rounds++ {
		if rounds > 2000 {
			f.t.Fatalf("%d bytes are left for ever: %+v", f.s.Left(), f.s.Stats())
		}
		f.handle(Resume{})
		for len(f.pending) > 0 {
			f.input = nil // the store answers well
			f.answer()
		}
		for _, m := range f.asked[seed] {
			if m.Piece < uint32(f.tor.info.Layout.Pieces()) {
				f.receive(seed, f.tor.block(m))
			}
		}
		f.asked[seed] = nil
		f.now = f.now.Add(time.Second)
		f.receive(seed, wire.KeepAlive{})
		f.handle(Tick{})
	}
}
