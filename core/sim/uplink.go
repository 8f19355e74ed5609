package sim

// uplink is what waits to leave a peer. Each connection keeps its order; among
// connections the one goes next that has had least (start-time fair queueing),
// so that a small message of one does not wait behind all blocks of the others.
type uplink struct {
	waiting []*end // that have something to send, in no order
	queued  int64  // bytes, the one that is being sent not counted
	clock   int64  // how far the fair share has come, in bytes
	busy    bool   // a message is being sent
}

func (u *uplink) add(e *end, data []byte) {
	if len(e.out) == 0 {
		e.due = max(e.due, u.clock)
		u.waiting = append(u.waiting, e)
	}
	e.out = append(e.out, data)
	u.queued += int64(len(data))
}

// next takes out the message that is to be sent now; nil where there is none.
func (u *uplink) next() (*end, []byte) {
	if u.busy || len(u.waiting) == 0 {
		return nil, nil
	}
	first := 0
	for n, e := range u.waiting {
		if f := u.waiting[first]; e.due < f.due || e.due == f.due && e.handle < f.handle {
			first = n
		}
	}
	e := u.waiting[first]
	data := e.out[0]
	e.out[0] = nil
	e.out = e.out[1:]
	if len(e.out) == 0 {
		u.drop(first)
	}
	u.busy, u.clock = true, e.due
	u.queued -= int64(len(data))
	e.due += int64(len(data))
	return e, data
}

// forget drops what a closed connection had to send.
func (u *uplink) forget(e *end) {
	for n, other := range u.waiting {
		if other == e {
			u.drop(n)
			break
		}
	}
	for _, data := range e.out {
		u.queued -= int64(len(data))
	}
	e.out = nil
}

func (u *uplink) drop(n int) {
	last := len(u.waiting) - 1
	u.waiting[n] = u.waiting[last]
	u.waiting[last] = nil
	u.waiting = u.waiting[:last]
}
