package swarm

import (
	"time"

	"github.com/shoal-p2p/shoal/core/limit"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

const (
	// tightFor is how long a limit that has held us back is taken to do so still,
	// and tightBatch how many blocks are picked at once meanwhile: what the limit
	// does not let pass goes back to the picker.
	tightFor   = 2 * time.Second
	tightBatch = 4
	// maxCredit bounds what is kept of bytes that were paid for and did not come.
	maxCredit = 4 * metainfo.BlockSize
)

// shaping is what waits for the limits. A block is paid for when it is sent, or
// when it is asked for: what comes follows.
type shaping struct {
	up, down gate
	credit   int // bytes paid for requests that were refused
}

// gate stands before a limit.
type gate struct {
	opens time.Time // when to ask the limit again; zero while nothing waits
	held  time.Time // when it last held something back
}

// pass takes n bytes from a limit, or remembers when to ask again.
func (g *gate) pass(now time.Time, l *limit.Limit, n int) bool {
	if g.shut(now) {
		return false
	}
	if wait := l.Take(now, n); wait > 0 {
		g.opens, g.held = now.Add(wait), now
		return false
	}
	g.opens = time.Time{}
	return true
}

func (g *gate) shut(now time.Time) bool { return now.Before(g.opens) }

func (g *gate) waiting() bool { return !g.opens.IsZero() }

// due reports whether what waits may ask again.
func (g *gate) due(now time.Time) bool { return g.waiting() && !g.shut(now) }

// tight reports whether the limit has held something back lately.
func (g *gate) tight(now time.Time) bool { return !g.held.IsZero() && now.Sub(g.held) < tightFor }

// mayAsk pays for a request.
func (s *Swarm) mayAsk(bytes int) bool {
	if s.shaping.credit >= bytes {
		s.shaping.credit -= bytes
		return true
	}
	return s.shaping.down.pass(s.now, s.cfg.Down, bytes)
}

// refund takes back what was paid for a block that will not come.
func (s *Swarm) refund(b metainfo.Block) {
	if s.shaping.down.tight(s.now) {
		s.shaping.credit = min(s.shaping.credit+b.Length, maxCredit)
	}
}

// tickShaping goes on with what a limit has held back.
func (s *Swarm) tickShaping() {
	if s.shaping.up.due(s.now) {
		s.shaping.up.opens = time.Time{}
		s.serveAll()
	}
	if s.shaping.down.due(s.now) {
		s.shaping.down.opens = time.Time{}
		s.requests.refill = true
	}
}
