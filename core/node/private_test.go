package node

import (
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/exchange"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
	"github.com/shoal-p2p/shoal/core/wire"
)

const foreign = "ws://foreign.test"

func privateInfo(t *testing.T) *metainfo.Info {
	t.Helper()
	info, err := metainfo.ParseInfo([]byte("d6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces20:" +
		strings.Repeat("x", 20) + "7:privatei1ee"))
	if err != nil || !info.Private {
		t.Fatalf("%v, %+v", err, info)
	}
	return info
}

// toTracker lists what was done at one tracker.
func toTracker(effects []Effect, url string) (sends []string) {
	for _, e := range of[ToTracker](effects) {
		switch e := e.Effect.(type) {
		case tracker.Open:
			if e.Tracker == url {
				sends = append(sends, "open")
			}
		case tracker.Send:
			if e.Tracker == url {
				sends = append(sends, string(e.Data))
			}
		}
	}
	return sends
}

func TestAPrivateTorrentKnowsItsOwnTrackersAlone(t *testing.T) {
	l := newLab(t, 0)
	info := privateInfo(t)
	effects := l.handle(Add{InfoHash: info.Hash, Info: info, Trackers: []string{url}, Defaults: []string{foreign}})
	effects = append(effects, l.pass(time.Hour)...)
	if got := toTracker(effects, foreign); len(got) > 0 {
		t.Errorf("the client's own tracker heard %q", got)
	}
	if got := toTracker(effects, url); len(got) == 0 {
		t.Error("its own tracker heard nothing")
	}
}

func TestATorrentThatTurnsOutToBePrivateLeavesTheOtherTrackers(t *testing.T) {
	// Given a magnet link, and a peer from each of two trackers
	l := newLab(t, 0)
	info := privateInfo(t)
	l.handle(
		Add{InfoHash: info.Hash, Trackers: []string{url + "/"}, Defaults: []string{foreign}},
		Socket{tracker.Opened{Tracker: url}}, Socket{tracker.Opened{Tracker: foreign}},
	)
	offer := func(from, tr, id string) Conn {
		accepts := of[Accept](l.handle(Socket{tracker.Message{Tracker: tr, Data: []byte(
			`{"action":"announce","info_hash":"` + latin1(info.Hash[:]) + `","peer_id":"` + from +
				`","offer_id":"` + id + `","offer":{"type":"offer","sdp":"v=0"}}`)}}))
		if len(accepts) != 1 {
			t.Fatal("the offer was not accepted")
		}
		return accepts[0].Conn
	}
	ours := offer(peerID(1), url, "offer-id-abcdefgh-00")
	theirs := offer(peerID(2), foreign, "offer-id-abcdefgh-01")
	// When the metadata says that it is private
	effects := l.handle(Torrent{info.Hash, swarm.Learn{Info: info}})
	// Then the client's tracker is left, and the peer that was met there
	if got := toTracker(effects, foreign); len(got) != 1 || !strings.Contains(got[0], "stopped") {
		t.Errorf("the client's own tracker heard %q", got)
	}
	closed := make(map[Conn]bool)
	for _, c := range of[Close](effects) {
		closed[c.Conn] = true
	}
	if closed[ours] || !closed[theirs] {
		t.Errorf("closed %v, want %d and not %d", closed, theirs, ours)
	}
	// and the other peers of that tracker are not met any more
	if late := of[Accept](l.handle(Socket{tracker.Message{Tracker: foreign, Data: []byte(
		`{"action":"announce","info_hash":"` + latin1(info.Hash[:]) + `","peer_id":"` + peerID(3) +
			`","offer_id":"offer-id-abcdefgh-02","offer":{"type":"offer","sdp":"v=0"}}`)}})); len(late) > 0 {
		t.Error("a peer of the client's own tracker was met")
	}
}

// latin1 writes bytes as trackers do: one code point for each.
func latin1(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		switch {
		case c < 0x20 || c == '"' || c == '\\':
			s.WriteString(`\u00`)
			s.WriteByte("0123456789abcdef"[c>>4])
			s.WriteByte("0123456789abcdef"[c&15])
		default:
			s.WriteRune(rune(c))
		}
	}
	return s.String()
}

// TestAnOfferInTheMomentInWhichATorrentTurnsOutToBePrivate comes in one breath
// with the last of the metadata.
func TestAnOfferInTheMomentInWhichATorrentTurnsOutToBePrivate(t *testing.T) {
	l := newLab(t, 20)
	info := privateInfo(t)
	l.handle(Add{InfoHash: info.Hash, Trackers: []string{url}}, Socket{tracker.Opened{Tracker: url}})
	relay := l.neighbour(info.Hash, "relay")
	hello, err := wire.ExtendedHandshake{M: map[string]uint8{wire.NameMetadata: 5}, MetadataSize: int64(len(info.Bytes))}.Message()
	if err != nil {
		t.Fatal(err)
	}
	l.handle(Received{relay, wire.Append(nil, hello)})
	both := wire.Append(nil, wire.Extended{ID: 3, Payload: []byte(l.offerOf(info.Hash, "stranger", "relay"))})
	both = wire.Append(both, wire.Metadata{Type: wire.MetadataData, TotalSize: int64(len(info.Bytes)), Data: info.Bytes}.Message(1))
	effects := l.handle(Received{relay, both})
	if !l.node.torrents[info.Hash].private {
		t.Fatal("the metadata did not arrive")
	}
	if len(of[Accept](effects)) != 0 {
		t.Error("a peer was met by a neighbour")
	}
}

func TestATrackerIsNotTakenForANeighbour(t *testing.T) {
	l := newLab(t, 20)
	info := privateInfo(t)
	trackers := []string{url}
	for conn := range exchange.Conn(50) {
		trackers = append(trackers, exchange.Name(conn))
	}
	l.handle(Add{InfoHash: info.Hash, Trackers: trackers}, Socket{tracker.Opened{Tracker: url}})
	relay := l.neighbour(info.Hash, "relay")
	met := of[Accept](l.says(relay, l.offerOf(info.Hash, "stranger", "relay")))[0].Conn
	closes := of[Close](l.handle(Torrent{info.Hash, swarm.Learn{Info: info}}))
	if len(closes) != 1 || closes[0].Conn != met {
		t.Errorf("closed %v, want %d, which a neighbour has introduced", closes, met)
	}
}

func TestAPrivateTorrentGainsNoTrackerByALink(t *testing.T) {
	l := newLab(t, 0)
	info := privateInfo(t)
	l.handle(Add{InfoHash: info.Hash, Info: info, Trackers: []string{url}}, Socket{tracker.Opened{Tracker: url}})
	// When a magnet link of the same torrent that names another tracker is opened
	effects := l.handle(Add{InfoHash: info.Hash, Trackers: []string{foreign}}, Socket{tracker.Opened{Tracker: foreign}})
	effects = append(effects, l.pass(time.Minute)...)
	// Then that one hears nothing of it (BEP 27)
	if got := toTracker(effects, foreign); len(got) > 0 {
		t.Errorf("the link's tracker heard %d messages", len(got))
	}
}
