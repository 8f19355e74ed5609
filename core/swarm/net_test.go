package swarm

import (
	"bytes"
	"container/heap"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/webseed"
	"github.com/shoal-p2p/shoal/core/wire"
)

var seed = flag.Uint64("seed", 1, "seed of the random tests")

// network is a world in virtual time: hosts with a swarm and a store each, and
// links between them. The same seed gives the same course.
type network struct {
	t     testing.TB
	rng   *rand.Rand
	now   time.Time
	queue schedule
	seq   int
	next  Peer
	hosts []*host

	latency   time.Duration       // of a link, one way
	bandwidth int64               // of a host's uplink, bytes per second
	window    int64               // bytes of a connection that may be under way; 0 for no bound
	cut       func(int) int       // how many bytes of so many come as one chunk
	watch     func(*host, Effect) // where set, told of every effect
	link      Link                // of what is connected next, but for its Binding
	claimed   id.ID               // as whom the next puppet is known before its handshake
}

type event struct {
	at  time.Time
	seq int
	do  func()
}

type schedule []event

func (q schedule) Len() int { return len(q) }
func (q schedule) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].seq < q[j].seq
}
func (q schedule) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *schedule) Push(x any)   { *q = append(*q, x.(event)) }
func (q *schedule) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

func newNetwork(t testing.TB) *network {
	t.Helper()
	t.Logf("-seed=%d", *seed)
	return &network{
		t:         t,
		rng:       rand.New(rand.NewPCG(*seed, 0)),
		now:       time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		latency:   10 * time.Millisecond,
		bandwidth: 10 << 20,
		cut:       func(n int) int { return min(n, 64<<10) },
	}
}

func (n *network) after(d time.Duration, do func()) {
	n.seq++
	heap.Push(&n.queue, event{n.now.Add(d), n.seq, do})
}

// run goes on until met, and fails the test when that takes longer than limit.
func (n *network) run(limit time.Duration, met func() bool) {
	n.t.Helper()
	end := n.now.Add(limit)
	for !met() {
		if len(n.queue) == 0 {
			n.t.Fatalf("nothing happens any more at %v", n.now)
		}
		if n.queue[0].at.After(end) {
			n.t.Fatalf("not there after %v", limit)
		}
		n.step()
	}
}

// pass lets time pass.
func (n *network) pass(d time.Duration) {
	end := n.now.Add(d)
	for len(n.queue) > 0 && !n.queue[0].at.After(end) {
		n.step()
	}
	n.now = end
}

func (n *network) step() {
	e := heap.Pop(&n.queue).(event)
	n.now = e.at
	e.do()
}

// host is a swarm with a store in memory.
type host struct {
	*Swarm
	n       *network
	name    string
	data    []byte
	have    *bitfield.Bitfield // what Opened tells
	ends    map[Peer]*end
	failing error                     // what the store answers to everything
	corrupt func(metainfo.Block)      // called before a block goes into the store
	uplink  time.Time                 // when it is free
	tick    time.Time                 // for which one is scheduled
	lose    func(metainfo.Block) bool // where set, whether a block never gets there
	garble  bool                      // whether it reads zeros
	web     func(webseed.Request) answer
	site    site
	lanes   map[Lane]*end // whose connections are begun
	crowded bool          // whether there is no room for lanes
	drops   map[Peer]string
	known   map[id.ID]bool // whose connections are proven from the start
	met     []id.ID
	banned  []Banned
	speaks  []Speaks
	said    []string        // payloads of Extension
	fetches []Fetch         // as they were asked for
	aborted map[uint64]bool // Fetches
	failed  []WebSeedFailed
	log     []string // effects but for Send
	done    int
}

// end is one end of a link.
type end struct {
	deliver func([]byte)
	drained func(int64)
	closed  func()
	sent    int64
	gone    bool
	other   *end

	host     *host
	opened   func() // of lanes
	underWay int64
	held     [][]byte // what waits for the window
}

func peerID(name string) id.ID {
	var p id.ID
	copy(p[:], id.PeerPrefix+name+"............")
	return p
}

func (n *network) host(name string, hash id.ID) *host {
	h := &host{
		Swarm: New(Config{InfoHash: hash, PeerID: peerID(name), Key: keyOf(name)}, rand.New(rand.NewPCG(*seed, uint64(len(n.hosts))))),
		n:     n, name: name, ends: make(map[Peer]*end), lanes: make(map[Lane]*end), drops: make(map[Peer]string),
		aborted: make(map[uint64]bool),
	}
	n.hosts = append(n.hosts, h)
	return h
}

// seedOf is a host that has all.
func (n *network) seedOf(name string, tor torrent) *host {
	h := n.host(name, tor.info.Hash)
	h.data = bytes.Clone(tor.data)
	h.have = bitfield.New(tor.info.Layout.Pieces())
	h.have.SetAll()
	h.handle(Learn{tor.info})
	n.pass(10 * time.Millisecond)
	return h
}

// leech is a host that knows no more than the info hash.
func (n *network) leech(name string, tor torrent) *host { return n.host(name, tor.info.Hash) }

func (h *host) handle(ev Event) {
	h.Handle(h.n.now, ev)
	for {
		e, ok := h.Poll()
		if !ok {
			break
		}
		if h.n.watch != nil {
			h.n.watch(h, e)
		}
		h.carryOut(e)
	}
	at, ok := h.Deadline()
	if ok && (h.tick.IsZero() || at.Before(h.tick)) {
		h.tick = at
		h.n.after(at.Sub(h.n.now), func() {
			if h.tick.Equal(at) {
				h.tick = time.Time{}
				h.handle(Tick{})
			}
		})
	}
}

const storeDelay = time.Millisecond

func (h *host) answer(ev Event) { h.n.after(storeDelay, func() { h.handle(ev) }) }

func (h *host) carryOut(e Effect) {
	switch e := e.(type) {
	case Send:
		h.send(e)
	case Drop:
		h.drops[e.Peer] = e.Reason
		h.close(e.Peer)
	case Met:
		h.met = append(h.met, e.ID)
		if p := h.peers[e.Peer]; h.known[e.ID] && p != nil {
			p.proven = true
			h.trust(p)
		}
	case Open:
		if h.data == nil {
			h.data = make([]byte, e.Info.Layout.Length())
		}
		h.answer(Opened{h.have, h.failing})
	case Write:
		if h.corrupt != nil {
			h.corrupt(e.Block)
		}
		if h.lose != nil && h.lose(e.Block) {
			h.answer(Wrote{e.Block, h.failing})
			return
		}
		copy(h.data[int64(e.Block.Piece)*int64(h.info.Layout.PieceLength())+int64(e.Block.Begin):], e.Data)
		h.answer(Wrote{e.Block, h.failing})
	case Verify:
		sum := noise.digest(e.Piece.Offset, h.data[e.Piece.Offset:e.Piece.Offset+int64(e.Piece.Length)])
		h.answer(Verified{e.Piece.Index, sum, h.failing})
	case Read:
		data := bytes.Clone(h.data[e.Piece.Offset : e.Piece.Offset+int64(e.Piece.Length)])
		if h.garble {
			clear(data)
		}
		h.answer(ReadDone{e.Piece.Index, data, h.failing})
	case Banned:
		h.banned = append(h.banned, e)
	case Speaks:
		h.speaks = append(h.speaks, e)
	case Extension:
		h.said = append(h.said, string(e.Payload))
	case Fetch:
		h.fetch(e)
	case Abort:
		h.aborted[e.Fetch] = true
	case WebSeedFailed:
		h.failed = append(h.failed, e)
	case Done:
		h.done++
		h.log = append(h.log, "done")
	case Have:
		h.log = append(h.log, fmt.Sprint("have ", e.Piece))
	case LaneEffect:
		h.carryOutLane(e)
	case Failed:
		h.log = append(h.log, "failed "+e.Err.Error())
	default:
		h.n.t.Fatalf("unknown effect %T", e)
	}
}

// send puts a message on the uplink: it drains at the pace of the bandwidth and
// arrives after the latency, in chunks.
func (h *host) send(e Send) {
	end := h.ends[e.Peer]
	if end == nil || end.gone {
		h.n.t.Fatalf("%s sends to peer %d, which is gone", h.name, e.Peer)
	}
	end.send(wire.Append(nil, e.Msg))
}

// send sends what fits into the connection's window; the rest waits.
func (e *end) send(raw []byte) {
	if window := e.host.n.window; window > 0 && (len(e.held) > 0 || e.underWay >= window) {
		e.held = append(e.held, raw)
		return
	}
	e.host.transmit(e, raw)
}

// acknowledged makes room in the window.
func (e *end) acknowledged(bytes int) {
	e.underWay -= int64(bytes)
	for len(e.held) > 0 && e.underWay < e.host.n.window && !e.gone {
		raw := e.held[0]
		e.held = e.held[1:]
		e.host.transmit(e, raw)
	}
}

func (h *host) transmit(end *end, raw []byte) {
	end.sent += int64(len(raw))
	end.underWay += int64(len(raw))
	total := end.sent
	if h.uplink.Before(h.n.now) {
		h.uplink = h.n.now
	}
	h.uplink = h.uplink.Add(time.Duration(int64(len(raw)) * int64(time.Second) / h.n.bandwidth))
	h.n.after(h.uplink.Sub(h.n.now), func() {
		if !end.gone {
			end.drained(total)
		}
	})
	h.n.after(h.uplink.Sub(h.n.now)+h.n.latency, func() { end.arrive(h.n, raw) })
	if h.n.window > 0 {
		h.n.after(h.uplink.Sub(h.n.now)+2*h.n.latency, func() { end.acknowledged(len(raw)) })
	}
}

func (e *end) arrive(n *network, raw []byte) {
	for len(raw) > 0 && !e.other.gone {
		k := n.cut(len(raw))
		e.other.deliver(raw[:k:k])
		raw = raw[k:]
	}
}

// close ends a link from one side; the other hears of it after the latency.
func (h *host) close(p Peer) {
	e := h.ends[p]
	if e == nil || e.gone {
		return
	}
	e.gone = true
	h.n.after(h.n.latency, func() {
		if !e.other.gone {
			e.other.gone = true
			e.other.closed()
		}
	})
}

// newEnd is the end of a link at this host.
func (h *host) newEnd() (Peer, *end) {
	h.n.next++
	p := h.n.next
	e := &end{
		host:    h,
		deliver: func(data []byte) { h.handle(Received{p, data}) },
		drained: func(total int64) { h.handle(Drained{p, total}) },
		closed:  func() { h.handle(Disconnected{p}) },
	}
	h.ends[p] = e
	return p, e
}

// connect links two hosts and returns the handle that each has of the other.
func (n *network) connect(a, b *host) (Peer, Peer) {
	pa, ea := a.newEnd()
	pb, eb := b.newEnd()
	ea.other, eb.other = eb, ea
	link := n.newLink()
	a.handle(Connected{pa, link, b.cfg.PeerID})
	b.handle(Connected{pb, link, a.cfg.PeerID})
	return pa, pb
}

// newLink is what a transport knows of a new connection.
func (n *network) newLink() Link {
	return Link{Binding: sha256.Sum256([]byte(fmt.Sprint(n.next))), Addr: n.link.Addr}
}

func keyOf(name string) id.KeyPair { return id.NewKeyPair(sha256.Sum256([]byte(name))) }

// cutOff ends the link of a host without a word, as a crash does.
func (h *host) cutOff(p Peer) {
	h.close(p)
	h.handle(Disconnected{p})
}

// puppet is a peer whose messages the test writes itself.
type puppet struct {
	n       *network
	end     *end
	decoder wire.Decoder
	got     []wire.Message
	on      func(wire.Message) // told of each message that comes
	gone    bool
	peer    Peer // what the host calls it
	link    Link
}

// puppet connects one to a host and sends its handshake.
func (n *network) puppet(h *host, hand wire.Handshake) *puppet {
	p := n.silent(h)
	p.send(hand)
	return p
}

// silent is a puppet that has not said anything.
func (n *network) silent(h *host) *puppet {
	p := &puppet{n: n}
	handle, e := h.newEnd()
	p.peer = handle
	p.end = &end{deliver: p.deliver, drained: func(int64) {}, closed: func() { p.gone = true }, other: e}
	e.other = p.end
	p.link = n.newLink()
	h.handle(Connected{handle, p.link, n.claimed})
	return p
}

func (p *puppet) deliver(data []byte) {
	p.decoder.Write(data)
	for {
		m, err := p.decoder.Next()
		if err != nil {
			p.n.t.Fatalf("we sent what we would not take: %v", err)
		}
		if m == nil {
			return
		}
		p.got = append(p.got, m)
		if p.on != nil {
			p.on(m)
		}
	}
}

func (p *puppet) send(messages ...wire.Message) {
	for _, m := range messages {
		raw := wire.Append(nil, m)
		p.n.after(p.n.latency, func() {
			if !p.gone {
				p.end.arrive(p.n, raw)
			}
		})
	}
}

// sendRaw sends bytes as they are.
func (p *puppet) sendRaw(raw []byte) {
	p.n.after(p.n.latency, func() { p.end.arrive(p.n, raw) })
}

func count[M wire.Message](p *puppet) int { return len(all[M](p)) }

func all[M wire.Message](p *puppet) []M {
	var list []M
	for _, m := range p.got {
		if m, ok := m.(M); ok {
			list = append(list, m)
		}
	}
	return list
}

// hand is a stock handshake: both extensions.
func hand(tor torrent, name string) wire.Handshake {
	return wire.Handshake{Fast: true, Extended: true, InfoHash: tor.info.Hash, PeerID: peerID(name)}
}

// greeting is an extended handshake as a message.
func greeting(h wire.ExtendedHandshake) wire.Extended {
	m, err := h.Message()
	if err != nil {
		panic(err)
	}
	return m
}

// visit is a host, as seedOf or learner makes it, and a puppet that called at it.
func visit(t testing.TB, tor torrent, newHost func(*network, string, torrent) *host) (*network, *host, *puppet) {
	t.Helper()
	n := newNetwork(t)
	h := newHost(n, "host", tor)
	return n, h, n.puppet(h, hand(tor, "p"))
}

// holds fails the test unless a host has all of a torrent.
func (n *network) holds(h *host, tor torrent) {
	n.t.Helper()
	if h.Left() != 0 || !bytes.Equal(h.data, tor.data) {
		n.t.Errorf("%s: %d bytes left, or wrong ones", h.name, h.Left())
	}
}

// trace hashes every effect of every host, with its time.
func (n *network) trace() func() uint64 {
	sum := fnv.New64a()
	n.watch = func(h *host, e Effect) {
		fmt.Fprintf(sum, "%s %d %T ", h.name, n.now.UnixNano(), e)
		if m, ok := e.(Send); ok {
			fmt.Fprint(sum, m.Peer)
			sum.Write(wire.Append(nil, m.Msg))
		}
	}
	return sum.Sum64
}

var errDisk = errors.New("disk is full")
