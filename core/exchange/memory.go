package exchange

import "github.com/shoal-p2p/shoal/core/id"

// maxTaken is how many offer ids are remembered. Whoever makes us forget one can
// have an old offer answered again, which costs no more than a new one of its own.
const maxTaken = 1024

// memory knows the last offer ids, each of which is taken once.
type memory struct {
	known map[id.ID]bool
	ring  []id.ID
	next  int // where the oldest is, once the ring is full
}

func (s *memory) has(offerID id.ID) bool { return s.known[offerID] }

func (s *memory) add(offerID id.ID) {
	s.known[offerID] = true
	if len(s.ring) < maxTaken {
		s.ring = append(s.ring, offerID)
		return
	}
	delete(s.known, s.ring[s.next])
	s.ring[s.next] = offerID
	s.next = (s.next + 1) % maxTaken
}
