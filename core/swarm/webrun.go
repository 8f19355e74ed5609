package swarm

import (
	"errors"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/webseed"
)

var errLength = errors.New("sent fewer or more bytes than were asked for")

// run is blocks that lie one after the other, on their way from a web seed: one
// request after the other, as a range may touch several files.
type run struct {
	from     *webSeed
	blocks   []metainfo.Block // that have not come
	spare    []metainfo.Block // of these, those that peers have sent meanwhile
	partial  []byte           // what has come of the first
	requests []webseed.Request
	fetch    uint64 // number of the request that is on its way
	left     int64  // bytes of it that have not come
	over     bool   // nothing of it counts any more

	stream *stream   // of a server that knows no ranges, which has no blocks; nil otherwise
	since  time.Time // when its pace is measured from; zero until the server is asked
	came   int64     // bytes since then
}

// begin asks a web seed for a range, and reports whether there was one.
func (s *Swarm) begin(w *webSeed) bool {
	if !w.Ranges() {
		return s.beginStream(w)
	}
	most := s.affordWeb(min(w.size, int64(s.allowance())*metainfo.BlockSize))
	if most < metainfo.BlockSize {
		return false
	}
	blocks := s.picker.PickRun(w.slot, most)
	if len(blocks) == 0 {
		return false
	}
	first, last := blocks[0], blocks[len(blocks)-1]
	begin := s.info.Layout.Piece(first.Piece).Offset + int64(first.Begin)
	end := s.info.Layout.Piece(last.Piece).Offset + int64(last.Begin+last.Length)
	s.spendWeb(end - begin)
	r := &run{from: w, blocks: blocks, requests: w.Requests(begin, end-begin)}
	s.web.asked += len(blocks)
	s.web.runs = append(s.web.runs, r)
	s.goOn(r)
	return true
}

// goOn begins the next request of a run; padding needs none.
func (s *Swarm) goOn(r *run) {
	if r.stream != nil {
		s.nextFile(r)
	}
	for len(r.requests) > 0 && !r.over {
		next := r.requests[0]
		r.requests = r.requests[1:]
		if !next.Zeros {
			s.web.next++
			r.fetch, r.left, r.since = s.web.next, next.Length, time.Time{}
			s.emit(Fetch{r.fetch, next, r.from.URL()})
			s.letOn(r)
			return
		}
		for left := next.Length; left > 0 && !r.over; left -= metainfo.BlockSize {
			s.feed(r, make([]byte, min(left, metainfo.BlockSize)))
		}
	}
	s.unlistRun(r)
	if !r.over {
		s.delivered(r)
	}
}

func (s *Swarm) delivered(r *run) {
	w := r.from
	if r.stream != nil && !r.stream.fresh {
		w.idleTill = s.now.Add(emptyRest)
		return
	}
	w.size = min(2*w.size, lastRun)
	w.slow = false
	s.ended(w, webseed.Delivered, nil)
}

// runOf finds the run of a Fetch.
func (s *Swarm) runOf(fetch uint64) *run {
	at := slices.IndexFunc(s.web.runs, func(r *run) bool { return r.fetch == fetch })
	if at < 0 {
		return nil
	}
	return s.web.runs[at]
}

func (s *Swarm) unlistRun(r *run) {
	s.web.runs = slices.DeleteFunc(s.web.runs, func(other *run) bool { return other == r })
	s.web.ask = true
}

// chunk takes bytes of a range; the first, which may be none, say that the server
// is being asked.
func (s *Swarm) chunk(ev Chunk) {
	r := s.runOf(ev.Fetch)
	if r == nil || r.over {
		return
	}
	if r.since.IsZero() {
		r.since, r.came = s.now, 0
		s.wakeBy(s.now.Add(paceEvery))
	}
	if int64(len(ev.Data)) > r.left {
		s.abort(r)
		s.ended(r.from, webseed.WrongLength, errLength)
		return
	}
	r.left -= int64(len(ev.Data))
	s.feed(r, ev.Data)
}

// feed cuts what comes into blocks, so that each counts at once.
func (s *Swarm) feed(r *run, data []byte) {
	r.came += int64(len(data))
	r.from.in.add(s.now, int64(len(data)))
	s.web.in.add(s.now, int64(len(data)))
	s.in.add(s.now, int64(len(data)))
	s.wakeBy(s.now.Add(time.Second))
	if r.stream != nil {
		s.grant(r, -int64(len(data)))
		s.web.ask = true
		s.passBy(r, data)
		return
	}
	for len(data) > 0 && !r.over {
		b := r.blocks[0]
		if r.partial == nil {
			r.partial = make([]byte, 0, b.Length)
		}
		n := min(b.Length-len(r.partial), len(data))
		r.partial = append(r.partial, data[:n]...)
		data = data[n:]
		if len(r.partial) == b.Length {
			s.fed(r, b)
		}
	}
}

func (s *Swarm) fed(r *run, b metainfo.Block) {
	whole := r.partial
	r.blocks, r.partial = r.blocks[1:], nil
	r.spare = slices.DeleteFunc(r.spare, func(other metainfo.Block) bool { return other == b })
	s.web.asked--
	s.arrived(r.from.slot, b, whole)
}

// fetched ends a request.
func (s *Swarm) fetched(ev Fetched) {
	r := s.runOf(ev.Fetch)
	if r == nil {
		return
	}
	if r.over {
		s.unlistRun(r)
		return
	}
	r.fetch = 0
	how, err := ev.Outcome, ev.Err
	if how == webseed.NoRanges {
		how = s.noRanges(r, err)
	}
	if how == webseed.Delivered && r.left > 0 {
		how, err = webseed.WrongLength, errLength
	}
	if how == webseed.Delivered {
		s.goOn(r)
		return
	}
	s.unlistRun(r)
	s.giveUpRun(r)
	r.from.size = firstRun
	if r.stream != nil {
		r.from.nextFile = (r.stream.file + 1) % len(s.info.Files)
	}
	if how == webseed.Slow {
		s.endedSlow(r.from, err)
		return
	}
	s.ended(r.from, how, err)
}

// noRanges notes that a server knows none, and returns how the request went then:
// well if what came is what was asked for, and otherwise it is nobody's fault, but
// for a stream.
func (s *Swarm) noRanges(r *run, err error) webseed.Outcome {
	if r.from.Ranges() {
		s.ended(r.from, webseed.NoRanges, err)
	}
	switch {
	case r.left == 0:
		return webseed.Delivered
	case r.stream != nil:
		return webseed.Unreachable
	}
	return webseed.Aborted
}

// abort ends a run from our side. It counts as one until it is answered.
func (s *Swarm) abort(r *run) {
	if r.over {
		return
	}
	s.giveUpRun(r)
	if r.fetch != 0 { // otherwise it is between two requests
		s.emit(Abort{r.fetch})
	}
}

// giveUpRun returns to the picker what has not come.
func (s *Swarm) giveUpRun(r *run) {
	r.over = true
	for _, b := range r.blocks {
		s.picker.Returned(r.from.slot, b)
	}
	s.web.asked -= len(r.blocks)
	if r.stream != nil {
		s.grant(r, -r.stream.allowed)
	}
	r.blocks, r.spare, r.partial, r.requests = nil, nil, nil, nil
	s.requests.refill = true
}

// unneeded: a peer has sent a block that is on its way from a web seed. When
// that holds for all that is left of a range, it is ended.
func (s *Swarm) unneeded(w *webSeed, b metainfo.Block) {
	for _, r := range s.web.runs {
		if r.from != w || r.over || !slices.Contains(r.blocks, b) {
			continue
		}
		if r.spare = append(r.spare, b); len(r.spare) == len(r.blocks) {
			s.abort(r)
		}
		return
	}
}
