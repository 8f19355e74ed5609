package sim

import (
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/swarm"
)

// account is what the world notes of a peer beside what its node says of itself.
type account struct {
	ticks       int64
	met         int           // peers that have shown themselves and are still there
	known       int           // the most of them at once
	connections int           // the most of its budget that it has used
	pieces      int           // told as verified
	spoiled     int           // pieces that were not what they should be
	poisoned    map[id.ID]int // bad blocks that came, by the peer id of who sent them
	banned      map[id.ID]bool
}

// noted keeps what a node has told its owner.
func (p *Peer) noted(t Told) {
	h := p.holding(t.InfoHash)
	switch what := t.What.(type) {
	case swarm.Have:
		p.account.pieces++
	case swarm.Done:
		if !h.done {
			h.done, h.doneAt = true, p.world.elapsed
		}
	case swarm.Banned:
		p.account.ban(what.Who.Peer)
		if who := p.world.names[what.Who.Peer]; who != nil {
			if b, ok := who.cfg.Behaviour.(outcast); ok {
				b.banned(who)
			}
		}
	}
}

func (a *account) ban(who id.ID) {
	if a.banned == nil {
		a.banned = make(map[id.ID]bool)
	}
	a.banned[who] = true
}

func (a *account) poison(who id.ID) {
	if a.poisoned == nil {
		a.poisoned = make(map[id.ID]int)
	}
	a.poisoned[who]++
}
