package sim

import "time"

// kind is what sort of thing happens.
type kind uint8

const (
	calls    kind = iota // do is called
	leaves               // a message has left an end's uplink
	drains               // an end's node is told that total bytes have left
	arrives              // bytes have come to the downlink of an end
	delivers             // and through it
)

// happening is something that will happen.
type happening struct {
	kind  kind
	end   *end
	total int64
	data  []byte
	do    func()
}

// queue is a heap of four children to a node, over a slab of happenings, so
// that what moves in the heap is small and nothing is allocated for an entry.
// What happens at one moment keeps its order.
type queue struct {
	heap    []entry
	slab    []happening
	free    []int32
	ordinal uint64
}

type entry struct {
	at      time.Duration
	ordinal uint64
	slot    int32
}

func (e entry) before(o entry) bool {
	return e.at < o.at || e.at == o.at && e.ordinal < o.ordinal
}

// next says when the first happening is due.
func (q *queue) next() (at time.Duration, ok bool) {
	if len(q.heap) == 0 {
		return 0, false
	}
	return q.heap[0].at, true
}

func (q *queue) push(at time.Duration, h happening) {
	slot := int32(len(q.slab))
	if n := len(q.free); n > 0 {
		slot, q.free = q.free[n-1], q.free[:n-1]
		q.slab[slot] = h
	} else {
		q.slab = append(q.slab, h)
	}
	q.ordinal++
	q.heap = append(q.heap, entry{at, q.ordinal, slot})
	q.up(len(q.heap) - 1)
}

// pop takes the first happening out; there must be one.
func (q *queue) pop() happening {
	slot := q.heap[0].slot
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap = q.heap[:last]
	q.down()
	h := q.slab[slot]
	q.slab[slot] = happening{}
	q.free = append(q.free, slot)
	return h
}

func (q *queue) up(i int) {
	e := q.heap[i]
	for i > 0 {
		parent := (i - 1) / 4
		if !e.before(q.heap[parent]) {
			break
		}
		q.heap[i] = q.heap[parent]
		i = parent
	}
	q.heap[i] = e
}

func (q *queue) down() {
	if len(q.heap) == 0 {
		return
	}
	e, i := q.heap[0], 0
	for {
		first := 4*i + 1
		if first >= len(q.heap) {
			break
		}
		least := first
		for child := first + 1; child < min(first+4, len(q.heap)); child++ {
			if q.heap[child].before(q.heap[least]) {
				least = child
			}
		}
		if !q.heap[least].before(e) {
			break
		}
		q.heap[i] = q.heap[least]
		i = least
	}
	q.heap[i] = e
}
