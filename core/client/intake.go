package client

import "sync/atomic"

// perMessage is what a message costs beside its bytes while it waits.
const perMessage = 256

// intake bounds what one connection or socket may have waiting in the mailbox.
type intake struct {
	max     int64 // bytes, perMessage for each message counted
	waiting atomic.Int64
	shut    atomic.Bool
}

// post queues the call for a message of n bytes. The first message beyond the
// bound queues overflow instead, once, and nothing is taken after it.
func (i *intake) post(m *mailbox, n int, call, overflow func()) {
	if i.shut.Load() {
		return
	}
	cost := int64(n) + perMessage
	if i.waiting.Add(cost) > i.max {
		if !i.shut.Swap(true) {
			m.post(overflow)
		}
		return
	}
	m.post(func() {
		i.waiting.Add(-cost)
		call()
	})
}
