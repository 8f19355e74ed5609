package dht

import (
	"math/rand/v2"
	"time"

	"github.com/shoal-p2p/shoal/core/alarm"
	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/dht/record"
	"github.com/shoal-p2p/shoal/core/dht/table"
	"github.com/shoal-p2p/shoal/core/id"
)

// Role is what a node does for others.
type Role uint8

const (
	// Client is in nobody's table, stores nothing and holds three links.
	Client Role = iota
	// Full routes, stores, and has its budget of links.
	Full
	// Native is a full node that is public and lasting.
	Native
)

// Config is what a DHT is made of.
type Config struct {
	Key       id.KeyPair
	Budget    int           // of links; 0 for 32
	Role      Role          // what it may become: every node begins as a client
	FullAfter time.Duration // for how long it stays a client; below 0 not at all, 0 for 20 s
	ZeroBits  int           // of the puzzle that every identity must solve
}

const (
	defaultBudget    = 32
	defaultFullAfter = 20 * time.Second
)

// DHT is one node of the overlay; see the package comment.
//
// A link is there from Linked to Unlinked or Close. The node is a client at
// first. When it may be more, and has been there for FullAfter, it asks for
// links until its budget is used well; when enough of those closest to it are
// its neighbours it announces itself (Announced), and others may tell of it,
// route by it, and let it store:
//
//	client --FullAfter--> full, asks for links --table.Ready--> announced
//
// A question becomes a lookup, which lasts at most four seconds; a message of
// whomever becomes a passage, which is remembered for half a minute.
type DHT struct {
	cfg       Config
	self      id.ID
	key       frame.Key
	rng       *rand.Rand
	table     *table.Table
	store     *record.Store
	alarms    alarm.Alarms[timer]
	set       [standingTimer + 1]time.Time // of the node's own timers: when they ring
	links     map[Link]*link
	order     []*link // the oldest first
	started   time.Time
	full      bool
	announced bool
	passages  passages
	returning map[uint64]*returning
	lookups   map[uint64]*lookup // by each of their numbers
	patience  time.Duration      // after which a lookup is worth a second try
	meetings  meetings
	standing  []*standing // records of ours
	effects   []Effect

	selfLookupAt, probeAt time.Time // when the next one is due
	lonelyAt              time.Time // when the caller may be told so again
	loneliness            time.Duration
	swept                 int // rounds of keep
}

// timer is something that time brings.
type timer struct {
	kind timerKind
	n    uint64 // of a passage, lookup or link
}

type timerKind uint8

const (
	beatTimer     timerKind = iota // digests are due
	tendTimer                      // the links want looking after
	keepTimer                      // the records do
	resendTimer                    // a passage's next hop is silent
	returnTimer                    // a reply's is
	hedgeTimer                     // a lookup takes long
	giveUpTimer                    // a lookup takes too long
	probeTimer                     // a suspect link should have answered
	fullTimer                      // the node is no client any more
	standingTimer                  // a record of ours is to be put again
)

// New makes a node without links. Its age begins with its first event.
func New(cfg Config, rng *rand.Rand) *DHT {
	if cfg.Budget == 0 {
		cfg.Budget = defaultBudget
	}
	if cfg.FullAfter == 0 {
		cfg.FullAfter = defaultFullAfter
	}
	self := cfg.Key.Identity().ID()
	key := frame.KeyOf(self)
	return &DHT{
		cfg:       cfg,
		self:      self,
		key:       key,
		rng:       rng,
		table:     table.New(key, cfg.Budget, rng),
		store:     record.NewStore(self, rng),
		links:     make(map[Link]*link),
		passages:  passages{known: make(map[uint64]*passage)},
		returning: make(map[uint64]*returning),
		lookups:   make(map[uint64]*lookup),
		patience:  firstPatience,
		meetings:  newMeetings(),
	}
}

// ID is the node's place among ids.
func (d *DHT) ID() id.ID { return d.self }

// Announced reports whether others may tell of the node.
func (d *DHT) Announced() bool { return d.announced }

// Links is how many there are.
func (d *DHT) Links() int { return len(d.order) }

// Stored is how many records the node keeps.
func (d *DHT) Stored() int { return d.store.Len() }

// Size is how many announced nodes there are, by this node's estimate.
func (d *DHT) Size() float64 { return d.table.Size() }

// Handle takes an event. Events of unknown links are ignored.
func (d *DHT) Handle(now time.Time, ev Event) {
	d.begin(now)
	switch ev := ev.(type) {
	case Linked:
		d.linked(now, ev)
	case Unlinked:
		d.unlinked(now, ev.Link)
	case Received:
		d.received(now, ev)
	case Failed:
		d.meetings.forget(ev.Peer)
		d.tendBy(now.Add(time.Second))
	case FindNode:
		d.findNode(now, ev)
	case GetPeers:
		d.getPeers(now, ev)
	case Get:
		d.get(now, ev)
	case Put:
		d.put(now, ev)
	case Announce:
		d.announce(now, ev)
	case Withdraw:
		d.withdraw(ev.Target)
	case Leave:
		d.leave()
	case Tick:
	default:
		panic("dht: unknown event")
	}
	d.ring(now)
}

// Poll returns the next effect, false when there is none.
func (d *DHT) Poll() (Effect, bool) {
	if len(d.effects) == 0 {
		d.effects = nil
		return nil, false
	}
	e := d.effects[0]
	d.effects = d.effects[1:]
	return e, true
}

// Deadline says when to Handle a Tick, false while nothing waits.
func (d *DHT) Deadline() (time.Time, bool) { return d.alarms.Next() }

func (d *DHT) emit(e Effect) { d.effects = append(d.effects, e) }

// begin is the node's birth, at its first event.
func (d *DHT) begin(now time.Time) {
	if !d.started.IsZero() {
		return
	}
	d.started = now
	d.selfLookupAt, d.probeAt = now, now.Add(probePeriod)
	d.at(beatTimer, now.Add(d.around(beatPeriod)))
	d.at(keepTimer, now.Add(d.around(keepPeriod)))
	d.tendBy(now)
	if d.cfg.Role != Client && d.cfg.FullAfter > 0 {
		d.alarms.Set(timer{kind: fullTimer}, now.Add(d.cfg.FullAfter))
	}
}

// ring does what is due.
func (d *DHT) ring(now time.Time) {
	for t, due := d.alarms.Due(now); due; t, due = d.alarms.Due(now) {
		d.set[t.kind] = time.Time{}
		switch t.kind {
		case beatTimer:
			d.beat(now)
		case tendTimer, fullTimer:
			d.tend(now)
		case keepTimer:
			d.keep(now)
		case resendTimer:
			d.unacked(now, t.n)
		case returnTimer:
			d.replyUnacked(now, t.n)
		case hedgeTimer:
			d.hedge(now, t.n)
		case giveUpTimer:
			d.giveUp(now, t.n)
		case probeTimer:
			d.probeUnanswered(now, Link(t.n))
		case standingTimer:
			d.refresh(now)
		}
	}
}

// around is a time that is a tenth more or less, so that nodes which began
// together do not stay together.
func (d *DHT) around(t time.Duration) time.Duration {
	return t*9/10 + time.Duration(d.rng.Int64N(int64(t/5)))
}
