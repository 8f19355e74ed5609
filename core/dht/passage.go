package dht

import (
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/dht/table"
)

const (
	// passageLife is for how long the way of a message is remembered: longer than
	// anybody waits for its answer.
	passageLife = 30 * time.Second
	// maxPassages and maxPassageBytes bound what is remembered.
	maxPassages     = 4096
	maxPassageBytes = 1 << 20
)

// passage is a message on its way through this node, as soft state: where it
// came from, so that its answer finds back, and what was tried.
//
//	came ──forward──> waiting ──hop-ack──> taken ──reply──> returned
//	 │                  │  └─silence, "nothing closer", link lost─> next way on
//	 │                  └────── no way on is left ─────┐
//	 └─ nobody closer is known ─> answered or refused <┘
type passage struct {
	env      frame.Envelope // its payload is ours
	from     *link          // nil: it is our own
	mine     bool           // we are closer than all whom it visited, and may answer
	to       *link          // who has it now; nil for nobody
	via      table.Step     // by which way
	sent     time.Time
	acked    bool
	tried    []try // what is not to be tried again
	steps    int   // that were taken
	lossy    bool  // somebody kept silent
	refused  bool  // we said that we know nothing closer
	returned returned
	expires  time.Time
}

// returned is how good a reply the passage has had.
type returned uint8

const (
	notYet returned = iota
	unsure
	sure
)

// try is what was tried at a neighbour.
type try struct {
	conn   table.Conn
	direct bool // itself, not only what is behind it
}

// passages are all that are remembered, the oldest first.
type passages struct {
	known map[uint64]*passage
	order []*passage
	bytes int
}

// add remembers a passage, and forgets the oldest beyond the bounds.
func (p *passages) add(now time.Time, a *passage) {
	a.expires = now.Add(passageLife)
	p.known[a.env.Number] = a
	p.order = append(p.order, a)
	p.bytes += len(a.env.Payload)
	for len(p.order) > maxPassages || p.bytes > maxPassageBytes {
		p.forget()
	}
}

// expire forgets those whose time is over.
func (p *passages) expire(now time.Time) {
	for len(p.order) > 0 && !p.order[0].expires.After(now) {
		p.forget()
	}
}

func (p *passages) forget() {
	oldest := p.order[0]
	p.order[0] = nil
	p.order = p.order[1:]
	p.bytes -= len(oldest.env.Payload)
	delete(p.known, oldest.env.Number)
}

// unused reports whether a way on has not been tried.
func (p *passage) unused(s table.Step) bool {
	for _, t := range p.tried {
		if t.conn == s.Conn && (t.direct || !s.Direct) {
			return false
		}
	}
	return true
}
