package tracker

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

// member is one peer in one swarm, as a Registry keeps it.
type member struct {
	peer   id.ID
	client *client
	swarm  *swarm
	index  int32 // in the list of its kind
	seed   bool
	seen   int64 // Unix seconds of the last announce
}

// names counts those that a client has in a swarm, which may be nil.
func (c *client) names(s *swarm) (n int) {
	for _, m := range c.members {
		if m.swarm == s {
			n++
		}
	}
	return n
}

// swarm is all members of one torrent, in two lists without order.
type swarm struct {
	infoHash id.ID
	byPeer   map[id.ID]*member
	leechers []*member
	seeds    []*member
	networks map[netip.Prefix]int // members of each, once it has been full; nil before
}

func newSwarm(infoHash id.ID) *swarm {
	return &swarm{infoHash: infoHash, byPeer: map[id.ID]*member{}}
}

func (s *swarm) len() int { return len(s.byPeer) }

func (s *swarm) list(seed bool) *[]*member {
	if seed {
		return &s.seeds
	}
	return &s.leechers
}

func (s *swarm) add(c *client, peer id.ID, seed bool, now time.Time) *member {
	m := &member{peer: peer, client: c, swarm: s, seed: seed, seen: now.Unix()}
	s.byPeer[peer] = m
	s.enlist(m)
	s.countNetwork(m, +1)
	return m
}

func (s *swarm) remove(m *member) {
	delete(s.byPeer, m.peer)
	s.delist(m)
	s.countNetwork(m, -1)
}

// any is one of the members by chance.
func (s *swarm) any(rng *rand.Rand) *member {
	n := rng.IntN(s.len())
	if n < len(s.leechers) {
		return s.leechers[n]
	}
	return s.seeds[n-len(s.leechers)]
}

func (s *swarm) setSeed(m *member, seed bool) {
	if m.seed != seed {
		s.delist(m)
		m.seed = seed
		s.enlist(m)
	}
}

func (s *swarm) enlist(m *member) {
	list := s.list(m.seed)
	m.index = int32(len(*list))
	*list = append(*list, m)
}

func (s *swarm) delist(m *member) {
	list := s.list(m.seed)
	last := len(*list) - 1
	swap(*list, int(m.index), last)
	(*list)[last] = nil
	*list = (*list)[:last]
}

func swap(list []*member, i, j int) {
	list[i], list[j] = list[j], list[i]
	list[i].index, list[j].index = int32(i), int32(j)
}

// choose picks at most n members by chance for what m offers, each once and
// never m's own socket. What a seed offers goes to leechers only: another seed
// has no use for it.
func (s *swarm) choose(rng *rand.Rand, m *member, n int) []*member {
	var chosen []*member
	// The picked ones are swapped to the front of their list, step by step, so
	// that what lies behind is what has not been picked.
	leechers, seeds := 0, 0
	for len(chosen) < n {
		leechersLeft, seedsLeft := len(s.leechers)-leechers, len(s.seeds)-seeds
		if m.seed {
			seedsLeft = 0
		}
		if leechersLeft+seedsLeft == 0 {
			break
		}
		list, picked := s.leechers, &leechers
		pick := rng.IntN(leechersLeft + seedsLeft)
		if pick >= leechersLeft {
			list, picked, pick = s.seeds, &seeds, pick-leechersLeft
		}
		swap(list, *picked, *picked+pick)
		if other := list[*picked]; other.client != m.client {
			chosen = append(chosen, other)
		}
		*picked++
	}
	return chosen
}
