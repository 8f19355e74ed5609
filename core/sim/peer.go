package sim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
)

// PeerConfig is one peer's place in the world.
type PeerConfig struct {
	Link
	MaxConnections int
	Addr           netip.Addr // zero for one of its own; peers behind one NAT share theirs
	Behaviour      Behaviour  // nil for an honest peer
}

// Peer is a node with its network and its stores. It may go and come back: then
// it is a new node with a new peer id, and has its key and its stores still.
type Peer struct {
	world       *World
	index       int
	cfg         PeerConfig
	addr        netip.Addr
	rng         *rand.Rand
	key         id.KeyPair
	id          id.ID
	node        *node.Node
	life        int
	gone        bool
	alarm       time.Duration // when the earliest Tick comes; 0 for none
	tickedAt    time.Duration // the last Tick, and how many came at that moment
	tickedAgain int
	uplink      uplink
	downFree    time.Duration
	conns       map[node.Conn]*end
	ends        []*end // the same in order; closed ones are taken out now and then
	unsent      []*end
	holds       []*holding
	socket      tracker.Client // 0 when there is none
	account     account

	Sent, Received int64 // bytes on the wire
	Warnings       []error
}

// holding is what a peer has to do with one torrent.
type holding struct {
	hash    id.ID
	content *Content
	store   *store // nil until the metadata is known
	webSeed []string
	doneAt  time.Duration
	done    bool
	past    swarm.Stats // of earlier lives
}

// Told is something that a peer's node has told its owner.
type Told struct {
	InfoHash id.ID
	What     swarm.Effect // Have, Done, Failed, Banned or WebSeedFailed
}

// Join adds a peer.
func (w *World) Join(cfg PeerConfig) *Peer {
	p := &Peer{
		world: w,
		index: len(w.peers),
		cfg:   cfg,
		addr:  cfg.Addr,
		rng:   rand.New(rand.NewPCG(w.cfg.Seed, uint64(len(w.peers))+1)),
	}
	if !p.addr.IsValid() {
		// Each in a network of its own: neighbours in one get the same set of
		// allowed pieces (BEP 6), which in a crowd is a herd.
		p.addr = netip.AddrFrom4([4]byte{10 + byte(p.index>>16), byte(p.index >> 8), byte(p.index), 1})
	}
	p.newKey()
	w.peers = append(w.peers, p)
	p.begin()
	p.behave()
	return p
}

func (p *Peer) newKey() {
	var secret [32]byte
	fill(p.rng, secret[:])
	p.key = id.NewKeyPair(secret)
}

// begin starts a life.
func (p *Peer) begin() {
	p.id = id.NewPeer(p.rng)
	p.world.names[p.id] = p
	p.conns, p.ends, p.unsent = make(map[node.Conn]*end), nil, nil
	p.alarm, p.gone, p.account.met = 0, false, 0
	p.life++
	p.node = node.New(node.Config{PeerID: p.id, MaxConnections: p.cfg.MaxConnections, Key: p.key}, p.rng)
}

// Seed gives the peer a torrent with all its bytes.
func (p *Peer) Seed(c *Content) {
	p.hold(&holding{hash: c.Info.Hash, content: c, store: newStore(c, true)})
}

// Fetch makes the peer look for a torrent of which it knows only the hash.
func (p *Peer) Fetch(c *Content) { p.hold(&holding{hash: c.Info.Hash, content: c}) }

// FetchFrom is Fetch with the metadata and web seeds, as from a .torrent file.
func (p *Peer) FetchFrom(c *Content, webSeeds ...string) {
	p.hold(&holding{hash: c.Info.Hash, content: c, store: newStore(c, false), webSeed: webSeeds})
}

func (p *Peer) hold(h *holding) {
	p.holds = append(p.holds, h)
	p.add(h)
}

func (p *Peer) add(h *holding) {
	add := node.Add{InfoHash: h.hash, Trackers: []string{TrackerURL}, WebSeeds: h.webSeed}
	if h.store != nil {
		add.Info, add.Seed = h.content.Info, h.store.verified.All()
	}
	p.handle(add)
}

// Leave ends the peer's torrents in order, then the peer.
func (p *Peer) Leave() {
	for _, h := range p.holds {
		p.remember(h)
		p.handle(node.Remove{InfoHash: h.hash})
	}
	p.end(0)
}

// Vanish ends the peer at once; its peers notice after a while.
func (p *Peer) Vanish(noticed time.Duration) {
	for _, h := range p.holds {
		p.remember(h)
	}
	p.end(noticed)
}

func (p *Peer) end(noticed time.Duration) {
	if p.gone {
		return
	}
	p.gone = true
	for _, e := range p.live() {
		e.closed = true
		p.uplink.forget(e)
		if e.other != nil {
			p.world.closeEnd(e.other, e.latency+noticed)
		}
	}
	p.world.tracker.close(p)
	p.world.note(p.index, noteLeft, int64(p.life))
}

// Return begins another life with what was kept from the last.
func (p *Peer) Return() {
	p.begin()
	for _, h := range p.holds {
		p.add(h)
	}
}

// remember keeps the counts of a life that ends.
func (p *Peer) remember(h *holding) {
	if !p.gone {
		h.past = p.stats(h)
	}
}

// stats are the counts of all lives.
func (p *Peer) stats(h *holding) swarm.Stats {
	sum := h.past
	s := p.node.Swarm(h.hash)
	if p.gone || s == nil {
		return sum
	}
	now := s.Stats()
	sum.Downloaded += now.Downloaded
	sum.Uploaded += now.Uploaded
	sum.Wasted += now.Wasted
	return sum
}

// Done reports whether the peer has said that it has a torrent whole.
func (p *Peer) Done(c *Content) bool { return p.holding(c.Info.Hash).done }

// Complete reports whether the peer's store has the true bytes, all of them.
func (p *Peer) Complete(c *Content) bool {
	h := p.holding(c.Info.Hash)
	return h.store != nil && h.store.complete()
}

// Swarm is the peer's view of one torrent.
func (p *Peer) Swarm(c *Content) *swarm.Swarm { return p.node.Swarm(c.Info.Hash) }

// Connections is how much of its budget the peer uses.
func (p *Peer) Connections() int { return p.node.Connections() }

func (p *Peer) holding(hash id.ID) *holding {
	for _, h := range p.holds {
		if h.hash == hash {
			return h
		}
	}
	return nil
}

func (p *Peer) honest() bool { return p.cfg.Behaviour == nil }

func (p *Peer) handle(ev node.Event) {
	if p.gone {
		return
	}
	p.world.handled++
	p.node.Handle(p.world.now, ev)
	for e, ok := p.node.Poll(); ok; e, ok = p.node.Poll() {
		p.perform(e)
	}
	p.flush()
	p.arm()
}

// standstill panics where a node wants to tick without end at one moment: its
// Deadline does not move on.
func (p *Peer) standstill() {
	if p.world.elapsed != p.tickedAt {
		p.tickedAt, p.tickedAgain = p.world.elapsed, 0
	}
	if p.tickedAgain++; p.tickedAgain > 1000 {
		panic(fmt.Sprintf("sim: after %v the node of peer %d ticks without end", p.world.elapsed, p.index))
	}
}

// later hands an event to the node after a while, if it is still the same.
func (p *Peer) later(wait time.Duration, ev node.Event) {
	life := p.life
	p.world.after(wait, func() {
		if p.life == life {
			p.handle(ev)
		}
	})
}

// arm sets the alarm for the node's deadline. An alarm that comes before the
// deadline, which has been put off, is set again.
func (p *Peer) arm() {
	deadline, ok := p.node.Deadline()
	if !ok {
		return
	}
	at := max(deadline.Sub(epoch), p.world.elapsed)
	if p.alarm != 0 && p.alarm <= at {
		return
	}
	p.alarm = at
	life := p.life
	p.world.at(at, func() {
		if p.life == life && p.alarm == at {
			p.rung()
		}
	})
}

func (p *Peer) rung() {
	p.alarm = 0
	if deadline, ok := p.node.Deadline(); ok && !deadline.After(p.world.now) {
		p.account.ticks++
		p.standstill()
		p.handle(node.Tick{})
		return
	}
	p.arm()
}
