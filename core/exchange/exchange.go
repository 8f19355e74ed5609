// Package exchange lets the peers of a swarm introduce each other: a neighbour
// tells whom else it knows, and carries offers and answers between two of its
// neighbours (a BEP 10 extension of ours, wire.NameExchange). In come
// neighbours, messages and wishes, out come messages, and offers and answers
// that signaling turns into connections. It makes no connection itself, knows
// no tracker, and must never be given a private torrent (BEP 27).
//
// # The messages
//
// Each is one bencoded dictionary, the payload of an extended message. "t" says
// what it is; keys and kinds that are not known are ignored. Peer ids and offer
// ids have 20 bytes. Which torrent is meant, the connection says.
//
//	tell    d 5:added N*20 7:dropped N*20 1:t i1e e
//	offer   d 4:from 20 2:id 20 3:key 32 3:sdp N 3:sig 64 1:t i2e 2:to 20 e
//	answer  the same with i3e
//	gone    d 4:from 20 2:id 20 1:t i4e 2:to 20 e
//	busy    the same with i5e
//
// tell: to a new neighbour at once, then at most every five seconds while
// something changes: the peer ids of the sender's other neighbours in this swarm
// that speak the extension, as far as the receiver does not know them by now,
// and of those that are so no more. Drops are applied first; then no more than
// 50 may be known by one neighbour. An empty list is left out.
//
// offer: from one peer, by a relay that both have as a neighbour in the swarm,
// to another. "key" is the ed25519 identity of who made it and "sig" its
// signature (statement says of what), so nobody on the way can change it. The
// relay passes it on only if "from" and "key" are those of the neighbour it came
// from, "to" is another neighbour in this swarm, the signature is right, and the
// rates allow it: 5 offers a second from one neighbour and to one neighbour, at
// most 20 at once, and one in 10 seconds from one peer to one other. So a wrong
// signature is always the fault of who handed it over. The relay remembers for
// 20 seconds which way an offer went.
//
// answer: the way back, once, to the offer with that "id"; "from" is who
// answers. Its signature covers the offer's description too.
//
// gone and busy: instead of an answer, with "from" and "to" as in the offer:
// there is no such neighbour; or a rate is exceeded or the peer declines.
// Without any of them the offer is given up after 15 seconds.
//
// Who sends what is not a message of this form, more than 50 messages a second,
// 200 at once, or more than one tell a second, 20 at once, is at fault.
package exchange

import (
	"math/rand/v2"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

// Config is what an Exchange is made of.
type Config struct {
	PeerID id.ID
	Key    id.KeyPair // without it there are no neighbours
}

// Exchange is the state of all swarms of one node.
//
// A neighbour is there from Joined to Left, or until it is at fault. Whom the
// neighbours tell of are candidates. While a torrent wants peers (Want),
// candidates that are not neighbours are tried, a few at a time, in the order of
// their priority:
//
//	candidate --MakeOffer--> asked --OfferMade--> sent --Answered--> candidate, or neighbour
//
// Every attempt counts as failed until the peer has Joined: the candidate rests,
// for twice as long each time. Where a relay stays silent or knows nothing, it
// is tried by another first. A relay that brings no answer rests too, for twice
// as long each time until it brings one.
//
// What is kept is bounded by the neighbours: 128 a torrent, each with 50 peers
// that it told of, 64 offers under way from it and 32 that wait for our answer.
type Exchange struct {
	cfg      Config
	rng      *rand.Rand // chooses among relays
	torrents map[id.ID]*torrent
	active   []*torrent // those with neighbours
	conns    map[Conn]*neighbour
	taken    memory
	effects  []Effect
}

// New makes an Exchange without neighbours.
func New(cfg Config, rng *rand.Rand) *Exchange {
	return &Exchange{
		cfg:      cfg,
		rng:      rng,
		torrents: map[id.ID]*torrent{},
		conns:    map[Conn]*neighbour{},
		taken:    memory{known: map[id.ID]bool{}},
	}
}

// Handle takes an event. Events of unknown connections are ignored.
func (x *Exchange) Handle(now time.Time, ev Event) {
	switch ev := ev.(type) {
	case Joined:
		x.joined(now, ev)
	case Left:
		x.left(now, ev.Conn)
	case Said:
		x.said(now, ev)
	case Want:
		x.want(now, ev)
	case OfferMade:
		x.offerMade(now, ev)
	case Answer:
		x.answer(now, ev)
	case Forget:
		x.forget(ev.InfoHash)
	case Tick:
		x.tick(now)
	default:
		panic("exchange: unknown event")
	}
}

// Poll returns the next effect, false when there is none.
func (x *Exchange) Poll() (Effect, bool) {
	if len(x.effects) == 0 {
		x.effects = nil
		return nil, false
	}
	e := x.effects[0]
	x.effects = x.effects[1:]
	return e, true
}

// Deadline says when to Handle a Tick, false while nothing waits. It looks at
// the torrents that have neighbours, no others.
func (x *Exchange) Deadline() (time.Time, bool) {
	var first time.Time
	for _, t := range x.active {
		first = earlier(first, t.deadline())
	}
	return first, !first.IsZero()
}

func (x *Exchange) tick(now time.Time) {
	for _, t := range x.active {
		if due(now, t.tellAt) {
			x.tellAll(now, t)
		}
		x.giveUp(now, t)
		x.seek(now, t)
	}
}

// said takes a neighbour's message.
func (x *Exchange) said(now time.Time, ev Said) {
	n := x.conns[ev.Conn]
	if n == nil {
		return
	}
	if !n.messages.Take(now) {
		x.fault(now, n, "sends too many messages")
		return
	}
	m, err := parse(ev.Payload)
	if err != nil {
		x.fault(now, n, err.Error())
		return
	}
	switch m.kind {
	case tell:
		x.told(now, n, m)
	case offer:
		x.offerCame(now, n, m)
	case answer:
		x.answerCame(now, n, m)
	case gone, busy:
		x.refusalCame(now, n, m)
	}
}

func (x *Exchange) say(n *neighbour, m message) { x.emit(Tell{Conn: n.conn, Payload: m.encode()}) }

func (x *Exchange) emit(e Effect) { x.effects = append(x.effects, e) }

// earlier is the earlier of two times of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func due(now, at time.Time) bool { return !at.IsZero() && !at.After(now) }
