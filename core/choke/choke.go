// Package choke decides who may download from us. In come who is interested,
// what each peer gives and takes, and how much left over our uplink; out comes
// a mark on each peer, choked or not. It sends nothing and measures nothing.
package choke

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	// Round is the time between two rechokes: long enough for a peer's rate to
	// follow from being unchoked (BEP 3).
	Round = 10 * time.Second
	// firstRound is how long each of a leecher's first rounds is. In the beginning the
	// slots are those of whoever came first, and as many as were guessed: ten
	// seconds of that are a third of what a fast swarm needs in all. With eight
	// rounds of a second the last of sixty peers on mixed links was done after 1.3
	// times the bound, not 1.6; with four, or twelve, or longer ones, later.
	firstRound  = time.Second
	firstRounds = 8
	// Optimistic is how long one keeps a slot that it got by turn: three rounds,
	// in which a newcomer can show what it gives (BEP 3). While we seed nobody
	// loses a slot before, as a slot for less leaves half a piece behind.
	Optimistic = 30 * time.Second
	// Term is how long one keeps a slot by its rate while we seed and others
	// wait; then it rests for as long as a turn lasts. So one fast peer has two
	// thirds of the time of one slot, not all of it.
	Term = time.Minute
)

// Peer is what the choker knows of a peer. The caller sets what is exported;
// Unchoked is the choker's, but that the caller may choke on its own.
type Peer struct {
	ID         uint64 // orders peers that are equal otherwise
	Interested bool
	// Gives and Takes are payload bytes per second over the last 20 s: from it,
	// and to it.
	Gives, Takes int64
	// Has is which part of what we lack it has, 0 to 1; 0 once we lack nothing.
	Has float64
	// Snubbed: it leaves us waiting, and what it gives counts as nothing.
	Snubbed  bool
	Since    time.Time // connected
	Unchoked bool      // whether it may download now

	place place
	moved time.Time // when it got its place, or lost it; zero for a newcomer
	speed int64     // what it took when it last could, in bytes per second
	vain  int       // turns in a row for which it gave nothing
	gave  bool      // it has given us something
	rank  float64   // among those that are being compared, the lowest first
}

// place is what a peer has its slot for.
type place uint8

const (
	none   place = iota // it is choked
	earned              // by its rate
	turn                // by turn: the optimistic unchoke of BEP 3
)

// Choker keeps Slots peers unchoked: most by their rate, some by turn.
//
//	Measured  at the end of every round, before Rechoke
//	Rechoke   at the end of every round, with all peers
//	Fill      whenever a peer becomes interested, loses interest or leaves
//
// The last two may change Unchoked of any peer they are given; the caller
// compares. No peer is remembered between two calls.
//
// While we lack pieces the rate is what a peer gives (tit for tat). Of five
// slots one goes by turn, drawn by lot; so does every slot that nobody earns,
// as at first, or when all snub us. Once we lack none, the rate is what a peer
// takes, each for a Term; of three slots one goes by turn, to who has waited
// the longest. While there are free slots, whoever is interested gets one.
type Choker struct {
	rng     *rand.Rand
	fixed   bool // the number of slots is the caller's
	slots   int
	crowded bool // somebody waits and no slot is free
	full    bool // the uplink, when it was last measured
	rounds  int  // the first ones that are over
	list    []*Peer
}

// New returns a choker with so many slots, at least two; with 0 they follow
// what is Measured.
func New(slots int, rng *rand.Rand) *Choker {
	if slots == 0 {
		return &Choker{rng: rng, slots: firstSlots}
	}
	return &Choker{rng: rng, slots: max(slots, 2), fixed: true}
}

// Fill gives free slots to interested peers by turn, and takes those of peers
// that are no longer interested. While the uplink is full a slot that fell free
// waits for the next round, or goes to who has given something: those who give
// lose interest now and then, free riders never do, and would have all such slots.
func (c *Choker) Fill(now time.Time, peers []*Peer, seeding bool) {
	free := c.slots
	waiting := c.list[:0]
	for _, p := range peers {
		p.settle(now)
		switch {
		case p.place != none:
			free--
		case p.Interested:
			waiting = append(waiting, p)
		}
	}
	c.crowded = len(waiting) > free
	if !seeding && c.full && free < c.slots {
		waiting = slices.DeleteFunc(waiting, func(p *Peer) bool { return !p.gave })
	}
	if free > 0 {
		c.turns(now, waiting, free, seeding)
	}
	c.forget(waiting)
}

// Round is how long the round that begins now shall last.
func (c *Choker) Round() time.Duration {
	if c.rounds < firstRounds {
		return firstRound
	}
	return Round
}

// Rechoke gives the slots anew.
func (c *Choker) Rechoke(now time.Time, peers []*Peer, seeding bool) {
	if c.rounds++; seeding || c.rounds > firstRounds {
		c.rounds = firstRounds
	}
	interested := c.list[:0]
	for _, p := range peers {
		p.settle(now)
		p.learn(now)
		if !seeding {
			p.repay(now)
		}
		if p.Interested {
			interested = append(interested, p)
		}
	}
	by := c.earn(now, interested, seeding)
	c.crowded = len(interested) > c.slots
	c.turns(now, interested[by:], c.slots-by, seeding)
	c.forget(interested)
}

// earn gives slots by rate, and returns how many. Those who got them come first
// in peers afterwards.
func (c *Choker) earn(now time.Time, peers []*Peer, seeding bool) int {
	slots := c.slots - max(c.slots/5, 1)
	if seeding {
		slots = c.slots - max((c.slots+1)/3, 1)
	}
	for _, p := range peers {
		p.rank = -p.worth(now, seeding)
	}
	slices.SortFunc(peers, inOrder)
	for i, p := range peers {
		if i == slots || p.rank == 0 {
			return i
		}
		p.give(earned, now)
	}
	return len(peers)
}

// turns gives slots to so many of these peers, and chokes the others. Whose
// turn is not over keeps its slot; who waits comes before who has had one.
func (c *Choker) turns(now time.Time, peers []*Peer, slots int, seeding bool) {
	for _, p := range peers {
		switch {
		case p.place == turn && now.Sub(p.moved) < Optimistic:
			p.rank = -math.MaxFloat64
		case p.place != none:
			p.rank = math.MaxFloat64
		case seeding:
			p.rank = -p.waited(now).Seconds()
		default:
			p.rank = c.rng.ExpFloat64() / p.chance()
		}
	}
	slices.SortFunc(peers, inOrder)
	for i, p := range peers {
		switch {
		case i >= slots:
			p.give(none, now)
		case p.rank == math.MaxFloat64:
			p.place, p.moved = turn, now // another one
		default:
			p.give(turn, now)
		}
	}
}

// forget keeps the room of a list, and no peer in it.
func (c *Choker) forget(list []*Peer) {
	clear(list)
	c.list = list[:0]
}

// inOrder puts the lowest rank first; among equals those that are unchoked, so
// that nothing changes without a reason, and of these the one that got its slot
// last; then who has waited the longest.
func inOrder(a, b *Peer) int {
	if c := cmp.Compare(a.rank, b.rank); c != 0 {
		return c
	}
	switch {
	case a.Unchoked && !b.Unchoked:
		return -1
	case !a.Unchoked && b.Unchoked:
		return 1
	case a.Unchoked:
		return cmp.Or(b.moved.Compare(a.moved), cmp.Compare(a.ID, b.ID))
	}
	return cmp.Or(a.moved.Compare(b.moved), cmp.Compare(a.ID, b.ID))
}
