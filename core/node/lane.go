package node

import (
	"time"

	"github.com/shoal-p2p/shoal/core/swarm"
)

// laneBit marks the handles of lanes, which signaling knows nothing of.
const laneBit Conn = 1 << 63

// lane is the connection of one lane, from Offer or Accept until Closed.
type lane struct {
	torrent *torrent // nil once it is removed
	name    swarm.Lane
	closing bool // Close was emitted
}

// laneRoom reports whether there is room for one more lane: all of them take no
// more than half of what peers leave of the budget.
func (n *Node) laneRoom() bool { return n.openLanes < n.room()/2 }

// beginLane counts a lane against the budget.
func (n *Node) beginLane(t *torrent, name swarm.Lane) Conn {
	n.lastLane++
	handle := laneBit | n.lastLane
	n.lanes[handle] = &lane{torrent: t, name: name}
	t.lanes[name] = handle
	n.openLanes++
	return handle
}

// fromLane carries out what a swarm wants of a lane.
func (n *Node) fromLane(now time.Time, t *torrent, e swarm.LaneEffect) {
	switch e := e.(type) {
	case swarm.LaneOffer:
		if !n.laneRoom() {
			n.tell(now, t, swarm.LaneClosed(e))
			return
		}
		n.emit(Offer{n.beginLane(t, e.Lane)})
	case swarm.LaneAccept:
		if !n.laneRoom() {
			n.tell(now, t, swarm.LaneClosed{Lane: e.Lane})
			return
		}
		n.emit(Accept{n.beginLane(t, e.Lane), e.SDP})
	case swarm.LaneApply:
		if handle, ok := t.lanes[e.Lane]; ok {
			n.emit(Apply{handle, e.SDP})
		}
	case swarm.LaneSend:
		if handle, ok := t.lanes[e.Lane]; ok {
			n.emit(Send{handle, e.Msg})
		}
	case swarm.LaneClose:
		if handle, ok := t.lanes[e.Lane]; ok {
			n.closeLane(handle, e.Reason)
		}
	default:
		panic("node: unknown effect of a lane")
	}
}

// laneEvent takes an event of a lane's connection; it reports whether it is one.
func (n *Node) laneEvent(now time.Time, ev Event) bool {
	switch ev := ev.(type) {
	case Described:
		return n.tellLane(now, ev.Conn, func(l swarm.Lane) swarm.Event {
			return swarm.LaneDescribed{Lane: l, SDP: ev.SDP, Err: ev.Err}
		})
	case Opened:
		return n.tellLane(now, ev.Conn, func(l swarm.Lane) swarm.Event { return swarm.LaneOpened{Lane: l} })
	case Received:
		return n.tellLane(now, ev.Conn, func(l swarm.Lane) swarm.Event {
			return swarm.LaneReceived{Lane: l, Data: ev.Data}
		})
	case Drained:
		return n.tellLane(now, ev.Conn, func(l swarm.Lane) swarm.Event {
			return swarm.LaneDrained{Lane: l, Total: ev.Total}
		})
	case Closed:
		return n.laneClosed(now, ev.Conn)
	}
	return false
}

// tellLane hands the swarm an event, unless the lane is closing or gone.
func (n *Node) tellLane(now time.Time, handle Conn, event func(swarm.Lane) swarm.Event) bool {
	if l := n.lanes[handle]; l != nil && !l.closing && l.torrent != nil {
		n.tell(now, l.torrent, event(l.name))
	}
	return handle&laneBit != 0
}

// closeLane asks for the end of a lane's connection, once. Its place is free
// from then on.
func (n *Node) closeLane(handle Conn, reason string) {
	if l := n.lanes[handle]; !l.closing {
		l.closing = true
		n.openLanes--
		n.emit(Close{handle, reason})
	}
}

func (n *Node) laneClosed(now time.Time, handle Conn) bool {
	l := n.lanes[handle]
	if l == nil {
		return handle&laneBit != 0
	}
	delete(n.lanes, handle)
	if !l.closing {
		n.openLanes--
	}
	if l.torrent != nil {
		delete(l.torrent.lanes, l.name)
		n.tell(now, l.torrent, swarm.LaneClosed{Lane: l.name})
	}
	return true
}

// yieldLanes gives up the youngest lanes where peers take all of the budget.
func (n *Node) yieldLanes(now time.Time) {
	for n.openLanes > n.room() {
		var last Conn
		for handle, l := range n.lanes { // order-free: the largest
			if !l.closing {
				last = max(last, handle)
			}
		}
		l := n.lanes[last]
		n.closeLane(last, "made room for a peer")
		n.tell(now, l.torrent, swarm.LaneClosed{Lane: l.name})
	}
}

// forgetLanes closes the lanes of a torrent that is removed.
func (n *Node) forgetLanes(t *torrent) {
	for len(t.lanes) > 0 {
		handle := n.lastOf(t)
		delete(t.lanes, n.lanes[handle].name)
		n.lanes[handle].torrent = nil
		n.closeLane(handle, "torrent removed")
	}
}

// lastOf is the handle of a torrent's youngest lane.
func (n *Node) lastOf(t *torrent) (last Conn) {
	for _, handle := range t.lanes { // order-free: the largest
		last = max(last, handle)
	}
	return last
}
