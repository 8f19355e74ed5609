package limit

import (
	"slices"
	"time"
)

// grace is how much later than told one may come back and still have one's
// place: as late as timers are, and less than the burst, so that nothing of the
// rate is lost to one who never comes.
const grace = 50 * time.Millisecond

// taker is one who shares a rate with others.
type taker struct {
	start   int64     // its place: how many bytes each of them had when it came
	waiting bool      // it has a place
	since   time.Time // when it asked for what it waits for, or had last
	want    int       // bytes
	due     time.Time // when it was told to come back
}

// queue is who waits for a rate, by start-time fair queueing: each take moves
// its taker as many bytes back, and nobody who was away starts before those who
// were there.
type queue struct {
	takers []*taker // by start; among equals who came first
	round  int64    // the start of who was behind all others at the last take
}

// ahead is how many bytes must be kept for those who come before t: what each
// of them waits for, and at least what it takes to be where t is, as then it
// will want more.
func (q *queue) ahead(now time.Time, t *taker) int64 {
	q.takers = slices.DeleteFunc(q.takers, func(w *taker) bool {
		w.waiting = w.due.Add(grace).After(now)
		return !w.waiting
	})
	if !t.waiting {
		t.start = max(t.start, q.round)
	}
	sum := int64(0)
	for _, w := range q.takers {
		if w == t || w.start > t.start {
			break
		}
		sum += max(int64(w.want), t.start-w.start)
	}
	return sum
}

// join gives a place to t, behind those with the same start, or keeps it.
func (q *queue) join(t *taker, want int, due time.Time) {
	t.want, t.due = want, due
	if t.waiting {
		return
	}
	t.waiting = true
	at := slices.IndexFunc(q.takers, func(w *taker) bool { return w.start > t.start })
	if at < 0 {
		at = len(q.takers)
	}
	q.takers = slices.Insert(q.takers, at, t)
}

// serve moves t back by what it takes.
func (q *queue) serve(t *taker, n int) {
	q.leave(t)
	first := t.start
	if len(q.takers) > 0 {
		first = min(first, q.takers[0].start)
	}
	q.round = max(q.round, first)
	t.start += int64(n)
}

func (q *queue) leave(t *taker) {
	if t.waiting {
		t.waiting = false
		at := slices.Index(q.takers, t)
		q.takers = slices.Delete(q.takers, at, at+1)
	}
}

// clear sends all away.
func (q *queue) clear() {
	for _, t := range q.takers {
		t.waiting = false
	}
	q.takers = nil
}
