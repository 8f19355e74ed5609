package swarm

import (
	"fmt"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/webseed"
)

const (
	// webFloor is what a server must send of one range, in bytes per second, where
	// somebody else could send it: a block each second.
	webFloor = 16 << 10
	// webPatience is over how long that is measured, and readPatience the same of a
	// range for which a reader waits.
	webPatience  = 10 * time.Second
	readPatience = 3 * time.Second
	// webSlowness is how many times faster somebody must be to be given a range
	// that came to more than webFloor.
	webSlowness = 4
	// slowRun is how long the next range of a server is that was too slow, in bytes.
	slowRun = 64 << 10
	// paceEvery is how often ranges are looked at.
	paceEvery = time.Second
)

var errSlow = fmt.Errorf("sent less than %d KiB/s, or others send several times as much", webFloor>>10)

// paceWeb gives up a range that comes too slowly, one at a time: who has it
// instead must show first that it is better.
func (s *Swarm) paceWeb() {
	if len(s.web.runs) == 0 {
		return
	}
	s.wakeBy(s.now.Add(paceEvery))
	at := slices.IndexFunc(s.web.runs, s.tooSlow)
	if at < 0 {
		return
	}
	r := s.web.runs[at]
	s.abort(r)
	s.endedSlow(r.from, errSlow)
}

// endedSlow rests a server that was too slow.
func (s *Swarm) endedSlow(w *webSeed, err error) {
	w.slow, w.size = true, slowRun
	s.ended(w, webseed.Slow, err)
}

// rate is what has come of a range in bytes per second, since it is measured.
func (r *run) rate(now time.Time) int64 {
	took := max(now.Sub(r.since), time.Second)
	return int64(float64(r.came) / took.Seconds())
}

// tooSlow reports whether a range is to be given up. What we keep waiting
// ourselves is not measured.
func (s *Swarm) tooSlow(r *run) bool {
	if r.over || r.left == 0 || r.since.IsZero() || r.stream != nil && r.stream.allowed == 0 {
		return false
	}
	awaited := s.awaited(r)
	took := s.now.Sub(r.since)
	if took < readPatience || took < webPatience && !awaited {
		return false
	}
	rate := r.rate(s.now)
	if s.othersAreBetter(r, rate, awaited) {
		return true
	}
	if took >= webPatience {
		r.since, r.came = s.now, 0
	}
	return false
}

// othersAreBetter reports whether somebody could send what a range holds, and
// faster: a peer that serves us, or another server. Who was never measured is
// believed to where the range is below webFloor. What comes faster than that is
// left alone unless it makes somebody wait.
func (s *Swarm) othersAreBetter(r *run, rate int64, awaited bool) bool {
	better := func(other int64) bool {
		return other >= webSlowness*max(rate, 1) || other == 0 && rate < webFloor
	}
	i := r.nextPiece(s)
	for _, p := range s.order {
		slot := s.source(p)
		if slot == nil || p.down.snubbed || !slot.Has(i) {
			continue
		}
		idle := len(p.down.requests) == 0
		if (awaited || idle || rate < webFloor) && better(p.in.rate(s.now, longWindow)) {
			return true
		}
	}
	return rate < webFloor && slices.ContainsFunc(s.web.seeds, func(w *webSeed) bool {
		at, ok := w.Ready()
		return w != r.from && ok && !w.slow && !s.now.Before(at) && better(w.in.rate(s.now, longWindow))
	})
}

// nextPiece is of which piece a run brings bytes next.
func (r *run) nextPiece(s *Swarm) metainfo.PieceIndex {
	if r.stream != nil {
		b, _ := s.blockAt(min(r.stream.at, s.info.Layout.Length()-1))
		return b.Piece
	}
	return r.blocks[0].Piece
}

// awaited reports whether a run holds what a reader needs next.
func (s *Swarm) awaited(r *run) bool {
	if r.stream != nil {
		return false
	}
	first, last := r.blocks[0].Piece, r.blocks[len(r.blocks)-1].Piece
	return slices.ContainsFunc(s.wishes.windows, func(w Window) bool {
		i, waits := s.firstMissing(w)
		return waits && first <= i && i <= last
	})
}
