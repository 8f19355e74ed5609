package overlay

import (
	"container/heap"
	"time"
)

// queue is what will happen, by its time, and at one time in the order in which
// it was decided.
type queue struct {
	entries entries
	ordinal uint64
}

type entry struct {
	at      time.Time
	ordinal uint64
	do      func()
}

func (q *queue) push(at time.Time, do func()) {
	q.ordinal++
	heap.Push(&q.entries, entry{at, q.ordinal, do})
}

func (q *queue) next() (time.Time, bool) {
	if len(q.entries) == 0 {
		return time.Time{}, false
	}
	return q.entries[0].at, true
}

func (q *queue) pop() func() { return heap.Pop(&q.entries).(entry).do }

type entries []entry

func (e entries) Len() int      { return len(e) }
func (e entries) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

func (e entries) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].ordinal < e[j].ordinal
}

// Push is the heap's.
func (e *entries) Push(x any) { *e = append(*e, x.(entry)) }

// Pop is the heap's.
func (e *entries) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = entry{}
	*e = (*e)[:last]
	return x
}
