package node

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/exchange"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
	"github.com/shoal-p2p/shoal/core/wire"
)

func keyOf(name string) id.KeyPair { return id.NewKeyPair(sha256.Sum256([]byte(name))) }

func shoalID(name string) id.ID {
	return id.ID([]byte((id.PeerPrefix + name + "............")[:id.Size]))
}

// binding is what names a connection at both of its ends.
func binding(conn Conn) [32]byte { return sha256.Sum256([]byte(fmt.Sprint(conn))) }

// theirs is the number under which our peers take messages of the exchange.
const theirs = 9

// greets opens a connection, and has a peer with a key shake hands over it.
func (l *lab) greets(conn Conn, hash, peer id.ID, key id.KeyPair) []Effect {
	statement := append([]byte("Shoal hello 1\x00"), hash[:]...)
	bound := binding(conn)
	statement = append(append(statement, bound[:]...), peer[:]...)
	hello, err := wire.ExtendedHandshake{
		M:        map[string]uint8{wire.NameExchange: theirs},
		Identity: key.Identity(),
		Proof:    key.Sign(statement),
	}.Message()
	if err != nil {
		l.Fatal(err)
	}
	said := wire.Append(nil, wire.Handshake{Fast: true, Extended: true, InfoHash: hash, PeerID: peer})
	said = wire.Append(wire.Append(said, hello), wire.HaveNone{})
	return l.handle(
		Described{Conn: conn, SDP: "v=0"},
		Opened{Conn: conn, Link: swarm.Link{Binding: binding(conn)}},
		Received{conn, said},
	)
}

// neighbour is a peer that offers by the tracker and speaks the exchange.
func (l *lab) neighbour(hash id.ID, name string) Conn {
	l.Helper()
	offerID := (name + strings.Repeat("-", id.Size))[:id.Size]
	accepts := of[Accept](l.handle(offerFor(hash, string(idOf(name)), offerID)))
	if len(accepts) != 1 {
		l.Fatalf("the offer of %s was not accepted", name)
	}
	l.greets(accepts[0].Conn, hash, shoalID(name), keyOf(name))
	return accepts[0].Conn
}

func idOf(name string) []byte { a := shoalID(name); return a[:] }

// exchanged are the messages of the exchange that a connection is sent.
func exchanged(effects []Effect, conn Conn) (payloads []string) {
	for _, e := range of[Send](effects) {
		if m, ok := e.Msg.(wire.Extended); ok && e.Conn == conn && m.ID == theirs {
			payloads = append(payloads, string(m.Payload))
		}
	}
	return payloads
}

// says has a neighbour send a message of the exchange.
func (l *lab) says(conn Conn, payload string) []Effect {
	return l.handle(Received{conn, wire.Append(nil, wire.Extended{ID: 3, Payload: []byte(payload)})})
}

// tells is a message that tells of a peer.
func tells(peer id.ID) string { return "d5:added20:" + string(peer[:]) + "1:ti1ee" }

// offerOf is an offer of a peer to us, signed, as a neighbour carries it.
func (l *lab) offerOf(hash id.ID, name, relay string) string {
	l.Helper()
	x := exchange.New(exchange.Config{PeerID: shoalID(name), Key: keyOf(name)}, rand.New(rand.NewPCG(*seed, 2)))
	us := l.node.cfg.PeerID
	x.Handle(l.now, exchange.Joined{Conn: 1, InfoHash: hash, Peer: shoalID(relay), Identity: keyOf(relay).Identity()})
	x.Handle(l.now, exchange.Want{InfoHash: hash, Count: 1})
	x.Handle(l.now, exchange.Said{Conn: 1, Payload: []byte(tells(us))})
	x.Handle(l.now.Add(10*time.Second), exchange.Tick{}) // it may wait for ours first
	x.Handle(l.now, exchange.OfferMade{InfoHash: hash, Relay: 1, To: us, OfferID: id.ID{1, name[0]}, SDP: "v=0 of " + name})
	var last string
	for e, ok := x.Poll(); ok; e, ok = x.Poll() {
		if tell, ok := e.(exchange.Tell); ok {
			last = string(tell.Payload)
		}
	}
	if !strings.Contains(last, "v=0 of "+name) {
		l.Fatalf("no offer but %q", last)
	}
	return last
}

// declined reports whether a neighbour is told that its offer is not answered.
func declined(effects []Effect, relay Conn) bool {
	for _, payload := range exchanged(effects, relay) {
		if strings.Contains(payload, "1:ti5e") {
			return true
		}
	}
	return false
}

// fetching is a lab with one torrent at one tracker.
func fetching(t *testing.T, budget int) *lab {
	l := newLab(t, budget)
	l.handle(Add{InfoHash: infoHash, Trackers: []string{url}}, Socket{tracker.Opened{Tracker: url}})
	return l
}

func TestAPeerIsMetByAnOfferThatANeighbourCarries(t *testing.T) {
	l := fetching(t, 20)
	relay := l.neighbour(infoHash, "relay")
	before := l.node.Connections()
	accepts := of[Accept](l.says(relay, l.offerOf(infoHash, "stranger", "relay")))
	if len(accepts) != 1 || accepts[0].SDP != "v=0 of stranger" {
		t.Fatalf("accepted %v", accepts)
	}
	// Then it counts, for the budget and for its torrent
	conn := accepts[0].Conn
	if l.node.Connections() != before+1 || l.node.torrents[infoHash].conns != before+1 {
		t.Errorf("%d connections, %d of the torrent, want %d", l.node.Connections(), l.node.torrents[infoHash].conns, before+1)
	}
	// and its answer goes back the same way
	answer := l.handle(Described{Conn: conn, SDP: "v=0 ours"})
	if sent := exchanged(answer, relay); len(sent) != 1 || !strings.Contains(sent[0], "v=0 ours") {
		t.Errorf("the neighbour was sent %q", sent)
	}
	// When it has proved to be who signed, then it is a neighbour like the other
	news := append(l.greets(conn, infoHash, shoalID("stranger"), keyOf("stranger")), l.pass(10*time.Second)...)
	relayID, strangerID := shoalID("relay"), shoalID("stranger")
	if sent := exchanged(news, conn); len(sent) == 0 || !strings.Contains(sent[0], string(relayID[:])) {
		t.Errorf("it was told %q", sent)
	}
	if sent := exchanged(news, relay); len(sent) == 0 || !strings.Contains(sent[0], string(strangerID[:])) {
		t.Errorf("the other was told %q", sent)
	}
	// When it has gone, its place is free
	l.handle(Closed{conn})
	if l.node.Connections() != before || l.node.torrents[infoHash].conns != before {
		t.Errorf("%d connections after its end, want %d", l.node.Connections(), before)
	}
}

func TestWhoSpeaksIsWhoSignedTheOffer(t *testing.T) {
	l := fetching(t, 20)
	relay := l.neighbour(infoHash, "relay")
	conn := of[Accept](l.says(relay, l.offerOf(infoHash, "stranger", "relay")))[0].Conn
	effects := l.greets(conn, infoHash, shoalID("stranger"), keyOf("another"))
	if closes := of[Close](effects); len(closes) != 1 || closes[0].Conn != conn || !strings.Contains(closes[0].Reason, "signed") {
		t.Errorf("closed %v", closes)
	}
	if sent := exchanged(append(effects, l.pass(10*time.Second)...), conn); len(sent) != 0 {
		t.Errorf("and was told %q", sent)
	}
}

func TestAnOfferThatANeighbourCarriesBeyondTheBudgetIsDeclined(t *testing.T) {
	l := fetching(t, 4)
	relay := l.neighbour(infoHash, "relay")
	for i := 0; l.node.room() > 0; i++ {
		l.handle(offerFrom(peerID(i), "offer-id-abcdefgh-"+peerID(i)[18:]))
	}
	effects := l.says(relay, l.offerOf(infoHash, "stranger", "relay"))
	if len(of[Accept](effects)) != 0 || !declined(effects, relay) {
		t.Errorf("that did %v", effects)
	}
	if n := l.node.Connections(); n > 4 {
		t.Errorf("%d connections with a budget of 4", n)
	}
}

func TestAnOfferOfABannedIdentityIsDeclined(t *testing.T) {
	l := fetching(t, 20)
	relay := l.neighbour(infoHash, "relay")
	l.node.book.Ban(l.now, blame.Who{Identity: keyOf("stranger").Identity()})
	effects := l.says(relay, l.offerOf(infoHash, "stranger", "relay"))
	if len(of[Accept](effects)) != 0 || !declined(effects, relay) {
		t.Errorf("that did %v", effects)
	}
}

// TestABannedPeerIDKeepsNobodyOutWhoMayHaveAnIdentity: a liar may have taken it.
func TestABannedPeerIDKeepsNobodyOutWhoMayHaveAnIdentity(t *testing.T) {
	l := fetching(t, 20)
	victim := shoalID("victim")
	l.node.book.Ban(l.now, blame.Who{Peer: victim})
	l.node.book.Ban(l.now, blame.Who{Peer: id.ID([]byte(peerID(1)))})
	if accepts := of[Accept](l.handle(offerFrom(peerID(1), "offer-id-abcdefgh-01"))); len(accepts) != 0 {
		t.Error("a stock peer that has lied is let in")
	}
	conn := l.neighbour(infoHash, "victim") // it proves who it is
	if closes := of[Close](l.pass(time.Second)); len(closes) != 0 || l.node.usable(conn) == nil {
		t.Errorf("closed %v", closes)
	}
}

// introduced are the offers that neighbours are to carry.
func (l *lab) introduced(effects []Effect) (conns []Conn) {
	for _, o := range of[Offer](effects) {
		if c := l.node.conns[o.Conn]; c != nil {
			if _, is := exchange.Relay(c.relay); is {
				conns = append(conns, o.Conn)
			}
		}
	}
	return conns
}

func TestAnOfferToAPeerThatANeighbourKnows(t *testing.T) {
	l := fetching(t, 20)
	relay := l.neighbour(infoHash, "relay")
	l.pass(time.Minute) // until our first offers are given up
	effects := append(l.says(relay, tells(shoalID("third"))), l.pass(5*time.Second)...)
	made := l.introduced(effects)
	if len(made) != 1 {
		t.Fatalf("%d offers by the neighbour", len(made))
	}
	sent := exchanged(l.handle(Described{Conn: made[0], SDP: "v=0 ours"}), relay)
	if len(sent) != 1 || !strings.Contains(sent[0], "v=0 ours") || !strings.Contains(sent[0], string(idOf("third"))) {
		t.Errorf("the neighbour was given %q", sent)
	}
}

// TestNoOfferByANeighbourBeyondTheBudget: a torrent has less than its share, but
// another has taken the rest, and has just made room for somebody.
func TestNoOfferByANeighbourBeyondTheBudget(t *testing.T) {
	const budget = 6
	l := fetching(t, budget)
	relay := l.neighbour(infoHash, "relay")
	other := id.ID{9}
	l.handle(Add{InfoHash: other, Trackers: []string{url}})
	for i := 0; l.node.room() > 0; i++ {
		l.handle(offerFor(other, peerID(i), "offer-id-abcdefgh-"+peerID(i)[18:]))
	}
	for c, conn := range l.node.conns { // order-free: all of them
		if conn.torrent.infoHash == infoHash && c != relay {
			l.handle(Closed{c}) // an offer that nobody has answered
		}
	}
	for i := 10; l.node.room() > 0; i++ {
		l.handle(offerFor(other, peerID(i), "offer-id-abcdefgh-"+peerID(i)[18:]))
	}
	if want := l.node.want(l.node.torrents[infoHash]); want == 0 {
		t.Fatal("the torrent wants nobody")
	}
	l.node.evictAt = l.now.Add(time.Second)
	effects := l.says(relay, tells(id.ID{1}))
	effects = append(effects, l.says(relay, tells(shoalID("third")))...)
	if made := l.introduced(effects); len(made) != 0 || l.node.Connections() > budget {
		t.Errorf("%d offers by the neighbour, %d connections", len(made), l.node.Connections())
	}
	// When another may make room again, then for this torrent too
	l.pass(3 * time.Second)
	if made := l.introduced(l.all); len(made) == 0 || l.node.Connections() > budget {
		t.Errorf("later %d offers by the neighbour, %d connections", len(made), l.node.Connections())
	}
}

func TestAPrivateTorrentHasNoNeighbours(t *testing.T) {
	info := privateInfo(t)
	for _, late := range []bool{false, true} {
		l := newLab(t, 20)
		add := Add{InfoHash: info.Hash, Trackers: []string{url}}
		if !late {
			add.Info = info
		}
		l.handle(add, Socket{tracker.Opened{Tracker: url}})
		one := l.neighbour(info.Hash, "one")
		l.neighbour(info.Hash, "two")
		if late { // it turns out to be private when peers have been introduced
			l.handle(Torrent{info.Hash, swarm.Learn{Info: info}})
		}
		if _, waits := l.node.exchange.Deadline(); waits {
			t.Errorf("known late %v: peers are still to be told of others", late)
		}
		known := len(l.all)
		other := l.neighbour(info.Hash, "other")
		effects := append(l.says(one, tells(shoalID("third"))), l.says(one, l.offerOf(info.Hash, "stranger", "one"))...)
		l.pass(time.Minute)
		if len(of[Accept](effects)) != 0 || len(exchanged(l.all[known:], one))+len(exchanged(l.all[known:], other)) != 0 {
			t.Errorf("known late %v: that did %v", late, effects)
		}
		for _, c := range l.node.conns { // order-free: each is judged alone
			if _, is := exchange.Relay(c.relay); is {
				t.Errorf("known late %v: a peer is met by a neighbour", late)
			}
		}
	}
}

func TestARemovedTorrentsNeighboursAreForgotten(t *testing.T) {
	l := fetching(t, 20)
	l.neighbour(infoHash, "one")
	l.handle(Remove{infoHash}) // whose connections take a while to close
	l.handle(Socket{tracker.Closed{Tracker: url}})
	l.handle(Add{InfoHash: infoHash, Trackers: []string{url}}, Socket{tracker.Opened{Tracker: url}})
	two := l.neighbour(infoHash, "two")
	l.pass(10 * time.Second)
	if sent := exchanged(l.all, two); len(sent) != 0 {
		t.Errorf("a new neighbour was told %q", sent)
	}
}
