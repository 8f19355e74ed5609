// Package swarm is one torrent as a state machine: its peers, who asks whom for
// which block, who is served, what is stored, and who lied. In come events
// (event.go): bytes from peers, answers of the store, the user's wishes. Out
// come effects: messages to send, blocks to write, pieces to hash and to read.
// It opens no connection, holds no file and finds no peer.
//
// The caller gives each event to Handle, then takes effects from Poll until
// there is none, and calls Handle with a Tick when Deadline comes. Everything
// that moves blocks is driven by data: the next request leaves in the turn in
// which a block, an Unchoke or a Have arrived. Timers only give up on peers.
//
//	peer.go       a peer's life, and which message goes where
//	handshake.go  who it is, and what it can
//	metadata.go   asking for the info dictionary, and giving it
//	assembly.go   putting it together from peers that may lie
//	have.go       which pieces a peer has, and what follows for interest
//	request.go    asking for blocks
//	pipeline.go   of how many at once
//	store.go      writing and verifying them, and blame
//	upload.go     serving blocks, out of cache.go
//	unchoke.go    to whom
//	select.go     which files are wanted
//	pause.go      and when nothing is
//	stats.go      what can be seen from outside; rate.go measures it
package swarm

import (
	"math/rand/v2"
	"time"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/choke"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/wire"
)

// defaultMaxPeers is how many connections a browser's page may have at all.
const defaultMaxPeers = 500

// Config is what a swarm is made of.
type Config struct {
	InfoHash id.ID
	PeerID   id.ID // ours
	Slots    int   // peers served at once; 0 means choke.DefaultSlots
	MaxPeers int   // connections beyond are dropped; 0 means 500
}

// Swarm is the state of one torrent.
type Swarm struct {
	cfg     Config
	rng     *rand.Rand
	now     time.Time // of the event being handled
	wake    time.Time // when to tick; zero for never
	effects []Effect
	polled  int // effects that were taken

	peers map[Peer]*peer
	order []*peer // as they came; those that are gone are taken out in settle

	info     *metainfo.Info // nil until it is known
	metadata metadata       // how it is fetched
	picker   *picker.Picker // nil until info is known
	wanted   []bool         // files; nil for all
	store    store
	requests requests
	uploads  uploads
	turns    turns
	paused   bool
	done     bool // whether Done was said for the selection as it is
	in, out  meter
	wasted   int64 // payload bytes that were of no use
}

// New returns the swarm of one torrent, of which nothing is known but its name.
func New(cfg Config, rng *rand.Rand) *Swarm {
	if cfg.Slots == 0 {
		cfg.Slots = choke.DefaultSlots
	}
	if cfg.MaxPeers == 0 {
		cfg.MaxPeers = defaultMaxPeers
	}
	return &Swarm{
		cfg:     cfg,
		rng:     rng,
		peers:   make(map[Peer]*peer),
		store:   store{pieces: make(map[metainfo.PieceIndex]*piece)},
		uploads: uploads{cache: newCache(cacheSize), reading: make(map[metainfo.PieceIndex]bool)},
		turns:   turns{choker: choke.New(cfg.Slots)},
	}
}

// Handle takes an event. Events about peers that are gone, and answers that
// nobody waits for, are ignored.
func (s *Swarm) Handle(now time.Time, ev Event) {
	s.now = now
	switch ev := ev.(type) {
	case Connected:
		s.connected(ev.Peer)
	case Received:
		if p := s.peers[ev.Peer]; p != nil {
			s.received(p, ev.Data)
		}
	case Drained:
		if p := s.peers[ev.Peer]; p != nil {
			p.drained = max(p.drained, min(ev.Total, p.sent))
			s.serve(p)
		}
	case Disconnected:
		if p := s.peers[ev.Peer]; p != nil {
			s.forget(p)
		}
	case Learn:
		s.learn(ev.Info)
	case Opened:
		s.opened(ev)
	case Wrote:
		s.wrote(ev)
	case Verified:
		s.verified(ev)
	case ReadDone:
		s.readDone(ev)
	case Select:
		s.choose(ev.Wanted)
	case Pause:
		s.pause()
	case Resume:
		s.resume()
	case Tick:
		s.tick()
	default:
		panic("swarm: unknown event")
	}
	s.settle()
}

// Poll returns the next effect, and false when there is none.
func (s *Swarm) Poll() (Effect, bool) {
	if s.polled == len(s.effects) {
		return nil, false
	}
	e := s.effects[s.polled]
	s.effects[s.polled] = nil // its bytes are somebody else's now
	s.polled++
	if s.polled == len(s.effects) {
		s.effects, s.polled = s.effects[:0], 0
	}
	return e, true
}

// Deadline is when a Tick is due, and false while none is.
func (s *Swarm) Deadline() (time.Time, bool) { return s.wake, !s.wake.IsZero() }

// wakeBy makes the next Tick come at t at the latest. One that comes for
// nothing does no harm, so whatever is put off need not be told.
func (s *Swarm) wakeBy(t time.Time) {
	if s.wake.IsZero() || t.Before(s.wake) {
		s.wake = t
	}
}

// tick does what is due and finds out when the next is.
func (s *Swarm) tick() {
	s.wake = time.Time{}
	for _, p := range s.order {
		s.tickPeer(p)
	}
	s.fetchMetadata()
	s.tickTurns()
	if s.in.rate(s.now, shortWindow)+s.out.rate(s.now, shortWindow) > 0 {
		s.wakeBy(s.now.Add(time.Second)) // so that Stats are not of long ago
	}
}

// settle ends every turn: it does once what several parts of it asked for.
func (s *Swarm) settle() {
	s.refillAll()
	kept := s.order[:0]
	for _, p := range s.order {
		if !p.gone {
			kept = append(kept, p)
		}
	}
	clear(s.order[len(kept):])
	s.order = kept
}

func (s *Swarm) emit(e Effect) { s.effects = append(s.effects, e) }

// send queues a message to a peer.
func (s *Swarm) send(p *peer, m wire.Message) {
	p.said = s.now
	p.sent += int64(wire.Size(m))
	s.emit(Send{p.id, m})
}

// trading reports whether blocks may be asked for and served.
func (s *Swarm) trading() bool { return s.store.open && !s.paused }

// pieces is the set of what we have, nil until the store is open.
func (s *Swarm) pieces() *bitfield.Bitfield {
	if !s.store.open {
		return nil
	}
	return s.picker.Have()
}
