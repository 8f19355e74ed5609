package node

import (
	"testing"

	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
)

// lanesOf gives a node with a torrent and a budget so many wishes for lanes, and
// returns what it does.
func lanesOf(l *lab, count int) []Effect {
	var all []Effect
	for k := range count {
		l.node.fromLane(l.now, l.node.torrents[infoHash], swarm.LaneOffer{Lane: swarm.Lane(k + 1)})
		all = append(all, l.handle(Tick{})...)
	}
	return all
}

func TestLanesTakeHalfOfWhatLiesIdleAndGiveWayToPeers(t *testing.T) {
	l := newLab(t, 8)
	l.handle(Add{InfoHash: infoHash, Trackers: []string{url}}, Socket{tracker.Opened{Tracker: url}})
	taken := l.node.Connections() // offers of the first announce
	begun := of[Offer](lanesOf(l, 8))
	if want := (8 - taken) / 2; len(begun) != want || l.node.Connections() != taken+want {
		t.Fatalf("%d lanes beside %d connections of 8; %d are counted", len(begun), taken, l.node.Connections())
	}
	// When peers come, the youngest lanes go one by one, and never more are there
	// than the budget allows.
	var closed []Close
	for i := range 8 {
		closed = append(closed, of[Close](l.handle(offerFrom(peerID(i), "offer-id-abcdefgh-"+peerID(i)[18:])))...)
		if n := l.node.Connections(); n > 8 {
			t.Errorf("%d connections with a budget of 8", n)
		}
	}
	if len(closed) != len(begun) || closed[0].Conn != begun[len(begun)-1].Conn {
		t.Errorf("for eight peers %v were closed of %v", closed, begun)
	}
	for _, lane := range begun {
		l.handle(Closed(lane))
	}
	if n := len(l.node.lanes) + len(l.node.torrents[infoHash].lanes); n != 0 {
		t.Errorf("%d lanes are kept", n)
	}
}

func TestATorrentThatGoesTakesItsLanesWithIt(t *testing.T) {
	l := newLab(t, 20)
	l.handle(Add{InfoHash: infoHash})
	begun := of[Offer](lanesOf(l, 3))
	closed := of[Close](l.handle(Remove{infoHash}))
	if len(begun) != 3 || len(closed) != 3 || l.node.Connections() != 0 {
		t.Errorf("%d lanes were closed of %d, %d connections are left", len(closed), len(begun), l.node.Connections())
	}
	// What their connections still tell concerns nobody.
	for _, lane := range begun {
		l.handle(Described{Conn: lane.Conn, SDP: "v=0"}, Opened{Conn: lane.Conn}, Received{lane.Conn, []byte{1}}, Drained{lane.Conn, 1}, Closed(lane), Closed(lane))
	}
	if len(l.node.lanes) != 0 {
		t.Errorf("%d lanes are kept", len(l.node.lanes))
	}
}
