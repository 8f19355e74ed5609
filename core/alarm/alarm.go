// Package alarm keeps many deadlines so that finding the next costs nothing and
// moving one costs a logarithm. In come things and times, out comes what is
// due. It has no clock: the caller says what time it is.
package alarm

import (
	"container/heap"
	"time"
)

// Alarms holds at most one time for each T. Its zero value is ready.
type Alarms[T comparable] struct {
	queue queue
	set   uint64 // times that were set, which orders equal ones
}

// Set makes what due at a time; the zero time takes its alarm away.
func (a *Alarms[T]) Set(what T, at time.Time) {
	a.set++
	a.queue.set(entry{what, at, a.set})
}

// Next is the earliest time, and false while none is set.
func (a *Alarms[T]) Next() (time.Time, bool) {
	if len(a.queue.entries) == 0 {
		return time.Time{}, false
	}
	return a.queue.entries[0].at, true
}

// Due takes away the first alarm whose time has come, and says false when there
// is none. Equal times come in the order in which they were set.
func (a *Alarms[T]) Due(now time.Time) (what T, ok bool) {
	if at, some := a.Next(); !some || at.After(now) {
		return what, false
	}
	return heap.Pop(&a.queue).(entry).what.(T), true
}

// entry is one alarm. Its what is no T, so that one queue serves every T: the
// compiler would make a queue for each.
type entry struct {
	what    any
	at      time.Time
	ordinal uint64
}

// queue is a heap that knows where each of its entries is.
type queue struct {
	entries []entry
	at      map[any]int
}

func (q *queue) set(e entry) {
	i, there := q.at[e.what]
	switch {
	case e.at.IsZero() && there:
		heap.Remove(q, i)
	case e.at.IsZero():
	case there && q.entries[i].at.Equal(e.at):
	case there:
		q.entries[i] = e
		heap.Fix(q, i)
	default:
		heap.Push(q, e)
	}
}

func (q *queue) Len() int { return len(q.entries) }

func (q *queue) Less(i, j int) bool {
	a, b := &q.entries[i], &q.entries[j]
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	return a.ordinal < b.ordinal
}

func (q *queue) Swap(i, j int) {
	q.entries[i], q.entries[j] = q.entries[j], q.entries[i]
	q.at[q.entries[i].what], q.at[q.entries[j].what] = i, j
}

// Push is the heap's.
func (q *queue) Push(x any) {
	e := x.(entry)
	if q.at == nil {
		q.at = make(map[any]int)
	}
	q.at[e.what] = len(q.entries)
	q.entries = append(q.entries, e)
}

// Pop is the heap's.
func (q *queue) Pop() any {
	last := len(q.entries) - 1
	e := q.entries[last]
	q.entries[last] = entry{}
	q.entries = q.entries[:last]
	delete(q.at, e.what)
	return e
}
