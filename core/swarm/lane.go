package swarm

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

const (
	// maxLanes is how many lanes either side may open beside the main connection.
	// With eight connections a way of 40 ms carries three to four times what it
	// does with one; more gain little and cost processor time.
	maxLanes = 7
	// maxSharers is with how many peers a side may exchange blocks and have lanes
	// yet: three fill most links with one connection each, and whoever serves more
	// is likely to be held up by its own uplink.
	maxSharers = 2
	// laneTimeout is how long opening a lane may take, all steps together.
	laneTimeout = 15 * time.Second
	// laneQuiet is how long a lane over which blocks are asked may bring none, and
	// laneIdle how long it may lie idle; whoever serves waits for longer, as the
	// other knows better.
	laneQuiet = 5 * time.Second
	laneIdle  = 10 * time.Second
	// laneKeeps is how many requests a lane keeps when a reader seeks: what may be
	// in its channel, of the highWater that all have together.
	laneKeeps = highWater / (1 + maxLanes) / metainfo.BlockSize
)

// laneSlice is how many blocks are asked over one connection after another: as
// many as leave in one message.
const laneSlice = 4

// laneIsIdle is why a lane goes that may come again.
const laneIsIdle = "the lane lies idle"

// Lane is the handle of one lane in this swarm, chosen by the swarm and never
// used twice.
type Lane uint64

// LaneEvent is what happens to a lane; answers about lanes that are gone are
// ignored.
type LaneEvent interface {
	Event
	which() Lane
}

type (
	// LaneDescribed answers LaneOffer and LaneAccept.
	LaneDescribed struct {
		Lane Lane
		SDP  string
		Err  error
	}
	// LaneOpened: the lane's channel is open.
	LaneOpened struct{ Lane Lane }
	// LaneReceived: bytes came over a lane. The swarm owns Data from now on.
	LaneReceived struct {
		Lane Lane
		Data []byte
	}
	// LaneDrained: of the bytes that were sent over a lane, Total have left.
	LaneDrained struct {
		Lane  Lane
		Total int64
	}
	// LaneClosed: the lane's connection is gone, or there is no room for it.
	// Answers LaneClose too.
	LaneClosed struct{ Lane Lane }
)

func (LaneDescribed) event() {}
func (LaneOpened) event()    {}
func (LaneReceived) event()  {}
func (LaneDrained) event()   {}
func (LaneClosed) event()    {}

func (e LaneDescribed) which() Lane { return e.Lane }
func (e LaneOpened) which() Lane    { return e.Lane }
func (e LaneReceived) which() Lane  { return e.Lane }
func (e LaneDrained) which() Lane   { return e.Lane }
func (e LaneClosed) which() Lane    { return e.Lane }

// LaneEffect is what is to be done with a lane's connection.
type LaneEffect interface {
	Effect
	lane()
}

type (
	// LaneOffer: make a connection and its offer, if one lies idle; answered by
	// LaneDescribed or LaneClosed.
	LaneOffer struct{ Lane Lane }
	// LaneAccept: make a connection from a peer's offer, if one lies idle;
	// answered likewise.
	LaneAccept struct {
		Lane Lane
		SDP  string
	}
	// LaneApply gives a peer's answer to a connection made by LaneOffer.
	LaneApply struct {
		Lane Lane
		SDP  string
	}
	// LaneSend sends a message over a lane.
	LaneSend struct {
		Lane Lane
		Msg  wire.Message
	}
	// LaneClose ends a lane's connection. The swarm has forgotten it already.
	LaneClose struct {
		Lane   Lane
		Reason string
	}
)

func (LaneOffer) effect()  {}
func (LaneAccept) effect() {}
func (LaneApply) effect()  {}
func (LaneSend) effect()   {}
func (LaneClose) effect()  {}

func (LaneOffer) lane()  {}
func (LaneAccept) lane() {}
func (LaneApply) lane()  {}
func (LaneSend) lane()   {}
func (LaneClose) lane()  {}

// lane is one more connection to a peer. Whoever opened it asks over it, and the
// other serves; all else, choking too, is the main connection's. It is
//
//	describing → offered → connecting → open     where we opened it
//	describing           → connecting → open     where the peer did: its hello opens it
//
// and goes at any time, with its peer at the latest.
type lane struct {
	id     Lane
	peer   *peer
	ours   bool  // we opened it
	number int64 // the opener's name for it
	token  [wire.TokenSize]byte
	state  laneState
	born   time.Time
	used   time.Time // a block came or went, or it was opened

	decoder wire.Decoder
	sent    int64 // encoded bytes
	drained int64 // of those, what has left

	pace    download // of what is asked over it: its depth, and what that follows
	asked   int      // requests outstanding
	stalled bool     // it was overtaken, and is not asked until it brings something
	queue   []metainfo.Block
	out     meter // payload
}

type laneState uint8

const (
	laneDescribing laneState = iota
	laneOffered
	laneConnecting
	laneOpen
)

// lanes is all that there are of one peer.
type lanes struct {
	all    []*lane // as they were begun
	last   int64   // number that we gave last
	offers int     // of the peer's in the minute
	minute time.Time
	turn   int // which is served first the next time
	probe  probe

	invited int // how many the peer lets us open
	told    int // how many we let it
}

// lanesFor is how many lanes each of so many peers may have that share our link:
// all connections together are no more than one peer may have.
func lanesFor(peers int) int {
	if peers > maxSharers {
		return 0
	}
	return (1+maxLanes)/max(peers, 1) - 1
}

// count is how many there are that we opened, or that the peer did.
func (ls *lanes) count(ours bool) (n int) {
	for _, l := range ls.all {
		if l.ours == ours {
			n++
		}
	}
	return n
}

// find returns the lane that one side calls so, nil where there is none.
func (ls *lanes) find(ours bool, number int64) *lane {
	for _, l := range ls.all {
		if l.ours == ours && l.number == number {
			return l
		}
	}
	return nil
}

// keeps reports whether no more is asked over a lane than is on its way already:
// what a reader that seeks takes back and asks anew over another would come twice.
func (l *lane) keeps() bool { return l != nil && l.asked <= laneKeeps }

func (s *Swarm) newLane(p *peer, ours bool, number int64) *lane {
	s.lastLane++
	l := &lane{
		id: s.lastLane, peer: p, ours: ours, number: number, born: s.now, used: s.now,
		decoder: wire.NewLaneDecoder(), pace: download{depth: firstDepth, trip: p.down.trip},
	}
	s.lanes[l.id] = l
	p.lanes.all = append(p.lanes.all, l)
	s.wakeBy(s.now.Add(laneTimeout))
	return l
}

// handleLane takes an event of a lane.
func (s *Swarm) handleLane(ev LaneEvent) {
	l := s.lanes[ev.which()]
	if l == nil {
		return
	}
	switch ev := ev.(type) {
	case LaneDescribed:
		s.laneDescribed(l, ev)
	case LaneOpened:
		s.laneOpened(l)
	case LaneReceived:
		s.laneReceived(l, ev.Data)
	case LaneDrained:
		s.laneDrained(l, ev.Total)
		s.serve(l.peer)
	case LaneClosed:
		s.forgetLane(l)
		if l.ours {
			s.restLanes(l.peer)
		} else if l.state == laneDescribing { // there is no room for it
			s.refuseLane(l.peer, l.number)
		}
	default:
		panic("swarm: unknown event of a lane")
	}
}

// laneReceived reads whatever messages are whole.
func (s *Swarm) laneReceived(l *lane, data []byte) {
	p := l.peer
	p.heard, l.stalled = s.now, false
	l.decoder.Write(data)
	for s.lanes[l.id] != nil {
		m, err := l.decoder.Next()
		if err != nil {
			s.offendLane(l, blame.Malformed, err.Error())
			return
		}
		if m == nil {
			break
		}
		s.hear(p, m)
		if p.gone {
			return
		}
		if reason := s.laneMessage(l, m); reason != "" && s.lanes[l.id] != nil {
			s.offendLane(l, blame.WrongState, reason)
		} else if l.sent-l.drained > maxUnsent {
			s.offendLane(l, blame.Flood, "does not read what it asks for")
		}
	}
	if !p.gone {
		s.serve(p)
		s.refill(p)
	}
}

// laneMessage takes a message of a lane: what its opener asks, or the answers. A
// handler returns why the lane is to be dropped, or nothing.
func (s *Swarm) laneMessage(l *lane, m wire.Message) (reason string) {
	p := l.peer
	if l.state != laneOpen {
		return s.laneHello(l, m)
	}
	l.used = s.now
	switch m := m.(type) {
	case wire.Request:
		if !l.ours {
			return s.request(p, l, m)
		}
	case wire.Cancel:
		if !l.ours {
			s.cancel(p, l, m)
			return ""
		}
	case wire.Piece:
		if l.ours {
			return s.block(p, m)
		}
	case wire.Reject:
		if l.ours {
			s.rejected(p, m)
			return ""
		}
	}
	return "says on a lane what belongs to the main connection"
}

// offendLane drops a lane for what no correct program does, and charges its peer.
func (s *Swarm) offendLane(l *lane, v blame.Violation, reason string) {
	s.closeLane(l, reason)
	s.charge(l.peer, v, reason)
}

// sendOver queues a message to a peer, over a lane where one is given.
func (s *Swarm) sendOver(p *peer, l *lane, m wire.Message) {
	if l == nil {
		s.send(p, m)
		return
	}
	size := int64(wire.Size(m))
	l.sent += size
	s.turns.uplink.add(s.now, size)
	s.emit(LaneSend{l.id, m})
}

// laneDrained takes over how much has left a lane.
func (s *Swarm) laneDrained(l *lane, total int64) {
	total = min(total, l.sent)
	if total <= l.drained {
		return
	}
	s.turns.uplink.left += total - l.drained
	s.turns.uplink.gone(s.now, total-l.drained)
	l.drained = total
}

func (s *Swarm) closeLane(l *lane, reason string) {
	s.emit(LaneClose{l.id, reason})
	s.forgetLane(l)
}

// forgetLane takes a lane out of everything. What was asked over it is asked of
// others, or over another.
func (s *Swarm) forgetLane(l *lane) {
	p := l.peer
	delete(s.lanes, l.id)
	p.lanes.all = slices.DeleteFunc(p.lanes.all, func(other *lane) bool { return other == l })
	s.turns.uplink.gone(s.now, l.sent-l.drained)
	for at := len(p.down.requests) - 1; at >= 0; at-- {
		if p.down.requests[at].lane == l {
			r := s.unlist(p, at)
			s.picker.Returned(r.slot, r.block)
			s.refund(r.block)
			s.requests.refill = true
		}
	}
}

// closeLanesTo closes the last lanes that we opened, or that the peer did, until
// so many are left.
func (s *Swarm) closeLanesTo(p *peer, ours bool, n int, reason string) {
	for at := len(p.lanes.all) - 1; at >= 0 && p.lanes.count(ours) > n; at-- {
		if l := p.lanes.all[at]; l.ours == ours {
			s.closeLane(l, reason)
		}
	}
}

// closeLanes ends all lanes of a peer.
func (s *Swarm) closeLanes(p *peer, reason string) {
	for _, l := range slices.Clone(p.lanes.all) {
		s.closeLane(l, reason)
	}
}

// tickLanes gives up on lanes that do not open, bring nothing or lie idle.
func (s *Swarm) tickLanes(p *peer) {
	for _, l := range slices.Clone(p.lanes.all) {
		end, reason := l.used.Add(laneIdle), laneIsIdle
		switch {
		case l.state != laneOpen:
			end, reason = l.born.Add(laneTimeout), "the lane did not open"
		case l.asked > 0:
			end, reason = l.used.Add(laneQuiet), "the lane brings nothing"
		case !l.ours:
			end = l.used.Add(3 * laneIdle)
		}
		if s.now.Before(end) {
			s.wakeBy(end)
			continue
		}
		s.closeLane(l, reason)
		if reason != laneIsIdle {
			s.restLanes(p)
		}
	}
}
