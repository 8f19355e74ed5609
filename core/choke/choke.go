// Package choke decides who may download from us. In come who is interested
// and how fast each peer is; out comes a mark on each peer, choked or not. It
// sends nothing and measures nothing.
package choke

import (
	"cmp"
	"slices"
	"time"
)

const (
	// Round is the time between two rechokes: long enough for a peer's rate to
	// follow from being unchoked.
	Round = 10 * time.Second
	// Optimistic is how long one peer keeps the optimistic slot: three rounds, in
	// which a newcomer can show what it gives.
	Optimistic = 30 * time.Second
	// DefaultSlots is how many peers are unchoked at once, the optimistic one
	// among them: what stock WebTorrent has.
	DefaultSlots = 10
)

// Peer is what the choker knows of a peer. The caller sets the first four
// fields; Unchoked is the choker's.
type Peer struct {
	ID         uint64 // orders peers that are equal otherwise
	Interested bool
	// Rate is in bytes per second: what the peer gives us while we lack pieces
	// (tit for tat), what it takes from us once we lack none.
	Rate     int64
	Unchoked bool // whether it may download now

	turned time.Time // when Unchoked last changed; zero for a newcomer
}

// Choker keeps Slots peers unchoked: all but one by their rate, one by turn,
// whoever has waited the longest (the optimistic unchoke of BEP 3). While there
// are free slots, whoever is interested gets one at once.
//
//	Rechoke   every Round, with all peers
//	Fill      whenever a peer becomes interested, loses interest or leaves
//
// Both may change Unchoked of any peer they are given; the caller compares.
type Choker struct {
	slots      int
	optimistic *Peer
	chosen     time.Time // when optimistic got its slot
}

// New returns a choker with so many slots, at least two.
func New(slots int) *Choker { return &Choker{slots: max(slots, 2)} }

// Fill gives free slots to interested peers, the longest waiting first, and
// takes those of peers that are no longer interested.
func (c *Choker) Fill(now time.Time, peers []*Peer) {
	free := c.slots
	for _, p := range peers {
		if p.Unchoked && !p.Interested {
			p.set(false, now)
		}
		if p.Unchoked {
			free--
		}
	}
	for ; free > 0; free-- {
		p := longestWaiting(peers)
		if p == nil {
			return
		}
		p.set(true, now)
	}
}

// Rechoke gives the slots anew.
func (c *Choker) Rechoke(now time.Time, peers []*Peer) {
	ranked := make([]*Peer, 0, len(peers))
	for _, p := range peers {
		if p.Interested {
			ranked = append(ranked, p)
		} else {
			p.set(false, now)
		}
	}
	slices.SortFunc(ranked, byRate)
	regular := min(c.slots, len(ranked))
	if len(ranked) > c.slots {
		regular = c.slots - 1
	}
	rest := ranked[regular:]
	c.rotate(now, rest)
	for _, p := range ranked[:regular] {
		p.set(true, now)
	}
	for _, p := range rest {
		p.set(p == c.optimistic, now)
	}
}

// rotate chooses the optimistic peer among those that no rate has unchoked.
func (c *Choker) rotate(now time.Time, rest []*Peer) {
	if slices.Contains(rest, c.optimistic) && now.Sub(c.chosen) < Optimistic {
		return
	}
	c.optimistic, c.chosen = longestWaiting(rest), now
	if c.optimistic == nil && len(rest) > 0 {
		c.optimistic = rest[0] // each of them lost a slot by rate this very moment
	}
}

// byRate puts the fastest first; among equals those that are unchoked, so that
// nothing changes without a reason.
func byRate(a, b *Peer) int {
	if c := cmp.Compare(b.Rate, a.Rate); c != 0 {
		return c
	}
	if a.Unchoked != b.Unchoked {
		if a.Unchoked {
			return -1
		}
		return 1
	}
	return cmp.Or(a.turned.Compare(b.turned), cmp.Compare(a.ID, b.ID))
}

// longestWaiting returns the interested and choked peer that was choked first.
func longestWaiting(peers []*Peer) *Peer {
	var first *Peer
	for _, p := range peers {
		if p.Unchoked || !p.Interested {
			continue
		}
		if first == nil || cmp.Or(p.turned.Compare(first.turned), cmp.Compare(p.ID, first.ID)) < 0 {
			first = p
		}
	}
	return first
}

func (p *Peer) set(unchoked bool, now time.Time) {
	if p.Unchoked != unchoked {
		p.Unchoked, p.turned = unchoked, now
	}
}
