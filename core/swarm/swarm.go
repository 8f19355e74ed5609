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
//	store.go      writing and verifying them
//	recall.go     what lies in the store since an earlier session
//	blame.go      who lied about them; sum.go knows them again
//	probation.go  what is asked of whom we do not know yet
//	suspect.go    and of whom it is not known yet whether it has lied
//	talk.go       what a peer may say that is no data, and what breaches cost
//	extend.go     proofs of identity, and messages of peer exchange
//	webseed.go    web servers as sources; webrun.go fetches one range, webstream.go
//	              reads one that knows none, webpace.go gives up what is slow
//	upload.go     serving blocks, out of cache.go
//	lane.go       further connections to one peer; lanemeet.go opens them,
//	laneprobe.go  when they pay; laneserve.go serves over them
//	unchoke.go    to whom; uplink.go measures for how many
//	fast.go       a few pieces even to those who are choked (BEP 6)
//	superseed.go  each piece once before any twice (BEP 16)
//	shaping.go    what waits for the limits
//	reader.go     which pieces a reader waits for
//	useless.go    which peers are of no use any more (BEP 21)
//	select.go     which files are wanted
//	pause.go      and when nothing is
//	stats.go      what can be seen from outside; rate.go measures it
package swarm

import (
	"math/rand/v2"
	"time"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/choke"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/limit"
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
	Slots    int   // peers served at once; 0: as the uplink allows
	MaxPeers int   // connections beyond are dropped; 0 means 500

	Key      id.KeyPair   // proves who we are; none where zero
	Book     *blame.Book  // what the client remembers of peers; nil for one of its own
	Up, Down *limit.Limit // nil for none
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
	lanes map[Lane]*lane // of all peers
	order []*peer        // as they came; those that are gone are taken out in settle

	lastLane Lane      // the handle that was given last
	inviteAt time.Time // when peers may be told anew how many lanes they may open
	inviting bool      // whether they are to be

	info     *metainfo.Info    // nil until it is known
	metadata metadata          // how it is fetched
	picker   *picker.Picker    // nil until info is known
	priority []picker.Priority // of files; nil for all Normal
	store    store
	past     past
	summer   *summer
	audits   audits
	web      web
	requests requests
	uploads  uploads
	turns    turns
	paused   bool
	done     bool // whether Done was said for the selection as it is
	shaping  shaping
	left     bool // whether order holds peers that are gone
	wishes   wishes
	super    superseed
	told     bool      // whether peers know that we want nothing
	toldAt   time.Time // when they were told
	related  bool      // whether a peer may have become of no use for ever
	counts   counts
	in, out  meter
	wasted   int64 // payload bytes that were of no use
}

// New returns the swarm of one torrent, of which nothing is known but its name.
func New(cfg Config, rng *rand.Rand) *Swarm {
	if cfg.MaxPeers == 0 {
		cfg.MaxPeers = defaultMaxPeers
	}
	if cfg.Book == nil {
		cfg.Book = blame.NewBook()
	}
	if cfg.Up == nil {
		cfg.Up = new(limit.Limit)
	}
	if cfg.Down == nil {
		cfg.Down = new(limit.Limit)
	}
	return &Swarm{
		cfg:     cfg,
		rng:     rng,
		peers:   make(map[Peer]*peer),
		lanes:   make(map[Lane]*lane),
		store:   store{pieces: make(map[metainfo.PieceIndex]*piece)},
		summer:  newSummer(rng),
		audits:  audits{Audit: blame.NewAudit()},
		uploads: uploads{cache: newCache(cacheSize), reading: make(map[metainfo.PieceIndex]bool)},
		turns:   turns{choker: choke.New(cfg.Slots, rng)},
	}
}

// Handle takes an event. Events about peers that are gone, and answers that
// nobody waits for, are ignored.
func (s *Swarm) Handle(now time.Time, ev Event) {
	s.now = now
	switch ev := ev.(type) {
	case Connected:
		s.connected(ev)
	case Received:
		if p := s.peers[ev.Peer]; p != nil {
			s.received(p, ev.Data)
		}
	case Drained:
		if p := s.peers[ev.Peer]; p != nil {
			s.drainedTo(p, ev.Total)
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
	case Recalled:
		s.recalled(ev)
	case Wrote:
		s.wrote(ev)
	case Verified:
		s.verified(ev)
	case ReadDone:
		s.read(ev)
	case Select:
		s.choose(ev.Priority)
	case Order:
		s.arrange(ev.Sequential)
	case Window:
		s.window(ev)
	case CloseWindow:
		s.closeWindow(ev.Reader)
	case AddWebSeeds:
		s.addWebSeeds(ev.URLs)
	case Chunk:
		s.chunk(ev)
	case Fetched:
		s.fetched(ev)
	case Extend:
		s.extend(ev)
	case LaneEvent:
		s.handleLane(ev)
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
func (s *Swarm) Deadline() (time.Time, bool) {
	at := s.wake
	for _, other := range []time.Time{s.shaping.up.opens, s.shaping.down.opens} {
		if at.IsZero() || !other.IsZero() && other.Before(at) {
			at = other
		}
	}
	return at, !at.IsZero()
}

// wakeBy makes the next Tick come at t at the latest. One that comes for
// nothing does no harm, so whatever is put off need not be told.
func (s *Swarm) wakeBy(t time.Time) {
	if s.wake.IsZero() || t.Before(s.wake) {
		s.wake = t
	}
}

// tick does what is due and finds out when the next is.
func (s *Swarm) tick() {
	s.tickShaping()
	if !s.wake.IsZero() && !s.now.Before(s.wake) {
		s.tickAll()
	}
}

func (s *Swarm) tickAll() {
	s.wake = time.Time{}
	for _, p := range s.order {
		s.tickPeer(p)
	}
	s.fetchMetadata()
	s.tickWeb()
	s.tickTurns()
	if s.inviting {
		s.inviteSoon()
	}
	s.tellWishes()
	if s.in.rate(s.now, shortWindow)+s.out.rate(s.now, shortWindow) > 0 {
		s.wakeBy(s.now.Add(time.Second)) // so that Stats are not of long ago
	}
}

// settle ends every turn: it does once what several parts of it asked for.
func (s *Swarm) settle() {
	again := s.web.ask || s.requests.refill
	s.refillAll()
	if again {
		s.askWeb()
		s.verifyPadding()
	}
	s.checkSuper()
	if s.related {
		s.related = false
		s.dismiss()
	}
	if !s.left {
		return
	}
	s.left = false
	kept := s.order[:0]
	for _, p := range s.order {
		if !p.gone {
			kept = append(kept, p)
		}
	}
	clear(s.order[len(kept):])
	s.order = kept
	if len(kept) == 0 {
		s.tickAll() // for whom nothing is due any more
	}
}

func (s *Swarm) emit(e Effect) { s.effects = append(s.effects, e) }

// send queues a message to a peer.
func (s *Swarm) send(p *peer, m wire.Message) {
	p.said = s.now
	size := int64(wire.Size(m))
	p.sent += size
	s.turns.uplink.add(s.now, size)
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
