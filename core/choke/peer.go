package choke

import (
	"math"
	"time"
)

const (
	// newcomer is how much likelier one is drawn who has had no turn yet (BEP 3).
	newcomer = 3
	// lead is by how much who has earned a slot is ahead: without it equals would
	// change places every round, and each change leaves half a piece behind.
	lead = 1.05
	// maxVain bounds how small a peer's chance may become: it may have had nothing
	// to give.
	maxVain = 15
	// leastChance is the weight of one that has nothing for us.
	leastChance = 0.02
	// giver is that of one which has given us something, however little it is
	// beside what others give: a slow uplink is no free rider.
	giver = 2
)

// settle makes the place agree with what the peer and the caller have done.
func (p *Peer) settle(now time.Time) {
	if !p.Interested || !p.Unchoked {
		p.give(none, now)
	}
}

// learn remembers what a peer has taken for a round.
func (p *Peer) learn(now time.Time) {
	if p.place != none && now.Sub(p.moved) >= Round {
		p.speed = p.Takes
	}
}

// worth is what a peer's rate earns it, 0 for no slot.
func (p *Peer) worth(now time.Time, seeding bool) float64 {
	held := now.Sub(p.moved)
	switch {
	case !seeding && p.Snubbed:
		return 0
	case !seeding && p.place == earned:
		return float64(p.Gives) * lead
	case !seeding:
		return float64(p.Gives)
	case p.place == earned && held < Optimistic:
		return math.MaxFloat64
	case p.place == earned && held < Term:
		return float64(p.speed) * lead
	case p.place == earned, p.place == none && held < Optimistic:
		return 0
	}
	return float64(p.speed)
}

// waited is how long a choked peer has waited for a turn.
func (p *Peer) waited(now time.Time) time.Duration {
	if p.Since.After(p.moved) {
		return now.Sub(p.Since)
	}
	return now.Sub(p.moved)
}

// chance is a peer's weight in the draw. A turn is to find who will give: one
// that has given will, one that has much of what we lack may, one that had turns
// and gave nothing for them will hardly. No weight is nothing. Free riders lag
// behind and give nothing, so their weight is least.
func (p *Peer) chance() float64 {
	weight := max(p.Has*p.Has, leastChance)
	switch {
	case p.moved.IsZero():
		return newcomer
	case p.gave:
		weight = giver
	}
	return weight / float64(1+p.vain)
}

// repay counts the turns for which a peer gave nothing. It is called when a turn
// is over, and before the slot goes to another.
func (p *Peer) repay(now time.Time) {
	switch {
	case p.Gives > 0:
		p.vain, p.gave = 0, true
	case p.place == turn && now.Sub(p.moved) >= Optimistic:
		p.vain = min(p.vain+1, maxVain)
	}
}

// give gives a peer a place, or takes its slot.
func (p *Peer) give(to place, now time.Time) {
	if p.place != to {
		p.place, p.moved = to, now
	}
	p.Unchoked = to != none
}
