package sim

import (
	"math/rand/v2"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
)

// PeerConfig is one peer's place in the world.
type PeerConfig struct {
	Uplink         int64 // bytes per second; 0 means without limit
	MaxConnections int
}

// Peer is one node with its network and store.
type Peer struct {
	world    *World
	index    int
	cfg      PeerConfig
	node     *node.Node
	id       id.ID
	gone     bool
	tickAt   time.Time
	upFree   time.Time // when the uplink has sent all it was given
	conns    map[node.Conn]*end
	stores   map[id.ID]*store
	socket   tracker.Client // 0 when there is none
	events   []Told
	Sent     int64 // bytes that left by the uplink
	Warnings []error
}

// Told is something that a peer's node has told its owner.
type Told struct {
	At       time.Time
	InfoHash id.ID
	What     swarm.Effect // Have, Done or Failed
}

// Join adds a peer.
func (w *World) Join(cfg PeerConfig) *Peer {
	rng := rand.New(rand.NewPCG(w.cfg.Seed, uint64(len(w.peers))+1))
	peerID := id.NewPeer(rng)
	p := &Peer{
		world:  w,
		index:  len(w.peers),
		cfg:    cfg,
		id:     peerID,
		node:   node.New(node.Config{PeerID: peerID, MaxConnections: cfg.MaxConnections}, rng),
		upFree: w.now,
		conns:  make(map[node.Conn]*end),
		stores: make(map[id.ID]*store),
	}
	w.peers = append(w.peers, p)
	return p
}

// Seed gives the peer a torrent with all its bytes.
func (p *Peer) Seed(info *metainfo.Info, data []byte) {
	p.stores[info.Hash] = &store{info: info, data: append([]byte(nil), data...), full: true}
	p.handle(node.Add{InfoHash: info.Hash, Trackers: []string{TrackerURL}, Info: info, Seed: true})
}

// Fetch makes the peer look for a torrent of which it knows only the hash.
func (p *Peer) Fetch(infoHash id.ID) {
	p.handle(node.Add{InfoHash: infoHash, Trackers: []string{TrackerURL}})
}

// Leave ends the peer's torrents in order, then the peer.
func (p *Peer) Leave() {
	for _, infoHash := range p.torrents() {
		p.handle(node.Remove{InfoHash: infoHash})
	}
	p.Vanish(0)
}

// Vanish ends the peer at once; its peers notice after a while.
func (p *Peer) Vanish(noticed time.Duration) {
	p.gone = true
	for _, e := range p.ends() {
		p.world.hangUp(e, noticed)
	}
	p.world.tracker.close(p)
}

// Done reports whether the peer has every wanted byte of a torrent.
func (p *Peer) Done(infoHash id.ID) bool {
	for _, told := range p.events {
		if _, ok := told.What.(swarm.Done); ok && told.InfoHash == infoHash {
			return true
		}
	}
	return false
}

// Data is what the peer's store holds of a torrent.
func (p *Peer) Data(infoHash id.ID) []byte { return p.stores[infoHash].data }

// Swarm is the peer's view of one torrent.
func (p *Peer) Swarm(infoHash id.ID) *swarm.Swarm { return p.node.Swarm(infoHash) }

// Connections is how much of its budget the peer uses.
func (p *Peer) Connections() int { return p.node.Connections() }

// Tell hands a wish of the owner to a torrent's swarm.
func (p *Peer) Tell(infoHash id.ID, ev swarm.Event) {
	p.handle(node.Torrent{InfoHash: infoHash, Event: ev})
}

func (p *Peer) handle(ev node.Event) {
	if p.gone {
		return
	}
	p.node.Handle(p.world.now, ev)
	for e, ok := p.node.Poll(); ok; e, ok = p.node.Poll() {
		p.perform(e)
	}
	p.arm()
}

// later hands an event to the node after a while.
func (p *Peer) later(wait time.Duration, ev node.Event) {
	p.world.after(wait, func() { p.handle(ev) })
}

// arm sets the alarm for the node's deadline; an alarm that is no longer the
// latest does nothing.
func (p *Peer) arm() {
	at, ok := p.node.Deadline()
	if !ok || at.Equal(p.tickAt) {
		return
	}
	p.tickAt = at
	p.world.at(at, func() {
		if p.tickAt.Equal(at) {
			p.tickAt = time.Time{}
			p.handle(node.Tick{})
		}
	})
}
