package record

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// MaxRecords and maxBytes bound what is kept for others in all.
	MaxRecords = 8192
	maxBytes   = 4 << 20
	// MaxPerSource bounds what came from one neighbour: no one fills the store.
	MaxPerSource = MaxRecords / 4
	// MaxSwarm bounds the peers of one info hash.
	MaxSwarm = 500
)

// Source is the neighbour from whom a record came.
type Source frame.Key

// Held is a record as it is kept.
type Held struct {
	Record
	Since time.Time // when its publisher put it
	from  Source
	at    id.ID // its target
	who   id.ID // what tells it from others there
	sum   frame.Holding
}

// Store keeps records until they expire, or until there are too many: then those
// that are furthest from the node itself go first.
type Store struct {
	self  id.ID
	rng   *rand.Rand // which peers of a large swarm are told of
	held  []*Held    // by target, then by sub
	bytes int
	from  map[Source]int
}

// NewStore makes an empty store of the node with this id.
func NewStore(self id.ID, rng *rand.Rand) *Store {
	return &Store{self: self, rng: rng, from: make(map[Source]int)}
}

// Len is how many records are kept.
func (s *Store) Len() int { return len(s.held) }

// Put keeps a record that its publisher put at a time, which a Peer says itself. Where cas is given, an
// item is taken only in place of the one with that seq. The same record again
// lives longer if it was put later.
func (s *Store) Put(now time.Time, from Source, r Record, since time.Time, cas *int64) error {
	if p, is := r.(Peer); is {
		since = time.Unix(p.At, 0)
	}
	if err := timely(now, r, since); err != nil {
		return err
	}
	at, old := s.find(r.Target(), r.sub())
	if err := replaces(old, r, cas); err != nil {
		return err
	}
	if err := r.Check(); err != nil { // last, as it costs the most
		return err
	}
	h := &Held{Record: r, Since: since, from: from, at: r.Target(), who: r.sub(), sum: Name(r)}
	if old != nil {
		h.from = old.from
		if old.same(r) && old.Since.After(since) {
			h.Since = old.Since
		}
		s.remove(at)
	}
	return s.add(at, h)
}

// timely reports whether a record is of this time.
func timely(now time.Time, r Record, since time.Time) error {
	if p, is := r.(Peer); is && !p.In(now) || now.Sub(since) >= ItemLife {
		return ErrStale
	}
	return nil
}

// replaces says why a record may not take the place of another (BEP 44).
func replaces(old *Held, r Record, cas *int64) error {
	switch {
	case old == nil:
		return nil
	case cas != nil && *cas != old.seq():
		return ErrCas
	case r.seq() < old.seq(), r.seq() == old.seq() && !old.same(r):
		return ErrSeq
	}
	return nil
}

// add makes room for a new record and keeps it.
func (s *Store) add(at int, h *Held) error {
	if s.from[h.from] >= MaxPerSource {
		return ErrFull
	}
	if first, end := s.span(h.at); end-first >= MaxSwarm {
		s.remove(s.stalest(first, end))
		at, _ = s.find(h.at, h.who)
	}
	if len(s.held) >= MaxRecords || s.bytes+h.size() > maxBytes {
		far := s.furthest()
		if !s.self.Closer(h.at, s.held[far].at) {
			return ErrFull
		}
		s.remove(far)
		at, _ = s.find(h.at, h.who)
	}
	s.held = slices.Insert(s.held, at, h)
	s.bytes += h.size()
	s.from[h.from]++
	return nil
}

func (s *Store) remove(at int) {
	h := s.held[at]
	s.bytes -= h.size()
	if s.from[h.from]--; s.from[h.from] == 0 {
		delete(s.from, h.from)
	}
	s.held = slices.Delete(s.held, at, at+1)
}

// find is the place of a record, and the record if it is there.
func (s *Store) find(target, sub id.ID) (at int, h *Held) {
	at, found := slices.BinarySearchFunc(s.held, target, func(h *Held, target id.ID) int {
		if c := h.at.Compare(target); c != 0 {
			return c
		}
		return h.who.Compare(sub)
	})
	if !found {
		return at, nil
	}
	return at, s.held[at]
}

// span is where the records of a target are.
func (s *Store) span(target id.ID) (first, end int) {
	first, _ = s.find(target, id.ID{})
	for end = first; end < len(s.held) && s.held[end].at == target; end++ {
	}
	return first, end
}

// stalest is the oldest of some records.
func (s *Store) stalest(first, end int) int {
	oldest := first
	for at := first; at < end; at++ {
		if s.held[at].Since.Before(s.held[oldest].Since) {
			oldest = at
		}
	}
	return oldest
}

// furthest is the record whose target is furthest from ourselves.
func (s *Store) furthest() int {
	far := 0
	for at, h := range s.held {
		if s.self.Closer(s.held[far].at, h.at) {
			far = at
		}
	}
	return far
}

// Item is the item at a target.
func (s *Store) Item(now time.Time, target id.ID) (Item, bool) {
	_, h := s.find(target, id.ID{})
	if h == nil || expired(now, h) {
		return Item{}, false
	}
	return h.Record.(Item), true
}

// Peers are those of a swarm, at most n of them by lot.
func (s *Store) Peers(now time.Time, infoHash id.ID, n int) (peers []Peer) {
	first, end := s.span(infoHash)
	for _, h := range s.held[first:end] {
		if p, is := h.Record.(Peer); is && !expired(now, h) {
			peers = append(peers, p)
		}
	}
	s.rng.Shuffle(len(peers), func(i, j int) { peers[i], peers[j] = peers[j], peers[i] })
	return peers[:min(n, len(peers))]
}

// Expire forgets what nobody put again in time.
func (s *Store) Expire(now time.Time) {
	for at := len(s.held) - 1; at >= 0; at-- {
		if expired(now, s.held[at]) {
			s.remove(at)
		}
	}
}

func expired(now time.Time, h *Held) bool { return timely(now, h.Record, h.Since) != nil }

// Name names a record in a summary.
func Name(r Record) frame.Holding {
	return frame.Holding{Target: frame.KeyOf(r.Target()), Sub: frame.KeyOf(r.sub()), Seq: r.seq()}
}

// Holdings names all records, in order of their targets.
func (s *Store) Holdings() []frame.Holding {
	all := make([]frame.Holding, len(s.held))
	for i, h := range s.held {
		all[i] = h.sum
	}
	return all
}

// Lacks reports whether a record, or this version of it, is not here.
func (s *Store) Lacks(h frame.Holding) bool {
	held, there := s.Held(h)
	return !there || held.seq() < h.Seq
}

// Held is the record that a summary names, in whatever version is here.
func (s *Store) Held(h frame.Holding) (Held, bool) {
	at, _ := s.find(h.Target.ID(), id.ID{})
	for ; at < len(s.held) && s.held[at].sum.Target == h.Target; at++ {
		if s.held[at].sum.Sub == h.Sub {
			return *s.held[at], true
		}
	}
	return Held{}, false
}
