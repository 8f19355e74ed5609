package swarm

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

const (
	// talkRate is how much a peer may say in a second that costs it next to
	// nothing, and talkBurst how much at once, in the units of price: a hundred
	// keep-alives, a thousand Cancels. A stock peer that pauses cancels all it
	// has asked for, 500 requests, and may be choked with as many on their way.
	talkRate  = 1000
	talkBurst = 4000
	// smallRequest is below what any honest program asks for but at the end of a
	// torrent, in bytes.
	smallRequest = 4 << 10
)

// The prices of messages that carry nothing.
const (
	priceOfTalk  = 1  // may come in hundreds: Cancel, Interested
	priceOfNoise = 10 // says what was said before, or comes once a minute
)

// talk meters such messages of one peer.
type talk struct{ until time.Time } // when all that it said will be forgiven

// spend reports whether it is not too much.
func (t *talk) spend(now time.Time, price int64) bool {
	if t.until.Before(now) {
		t.until = now
	}
	until := t.until.Add(time.Duration(price) * time.Second / talkRate)
	if until.After(now.Add(talkBurst * time.Second / talkRate)) {
		return false
	}
	t.until = until
	return true
}

// hear meters a message before it is read.
func (s *Swarm) hear(p *peer, m wire.Message) {
	s.meter(p, s.price(p, m))
}

func (s *Swarm) meter(p *peer, price int64) {
	if price > 0 && !p.talk.spend(s.now, price) {
		s.charge(p, blame.Flood, "floods us with messages")
	}
}

// price is what a message costs its sender's account of talk.
func (s *Swarm) price(p *peer, m wire.Message) int64 {
	switch m := m.(type) {
	case wire.KeepAlive, wire.Port, wire.Suggest, wire.AllowedFast:
		return priceOfNoise
	case wire.Choke:
		return repeated(p.choking)
	case wire.Unchoke:
		return repeated(!p.choking)
	case wire.Interested:
		return repeated(p.turn.Interested)
	case wire.NotInterested:
		return repeated(!p.turn.Interested)
	case wire.Have:
		return s.priceOfHave(p, m)
	case wire.Request:
		return s.priceOfRequest(p, m)
	case wire.Cancel, wire.Reject, wire.Extended:
		return priceOfTalk
	}
	return 0
}

// repeated is the price of a state that a peer tells. In the beginning it may
// tell the one that holds anyway.
func repeated(known bool) int64 {
	if known {
		return priceOfNoise
	}
	return priceOfTalk
}

// priceOfHave: a piece that is new costs nothing, and there are only so many.
func (s *Swarm) priceOfHave(p *peer, m wire.Have) int64 {
	if p.slot == nil {
		return 0 // what is kept of these is bounded (have.go)
	}
	if i, ok := s.info.Layout.Index(m.Piece); ok && p.slot.Has(i) {
		return priceOfTalk
	}
	return 0
}

// crossing is how long after our Choke requests may come that crossed it.
const crossing = 10 * time.Second

func (s *Swarm) priceOfRequest(p *peer, m wire.Request) int64 {
	switch {
	case p.unchoked && p.queued() >= maxQueue:
		return priceOfNoise // more than we said that we queue
	case !p.unchoked && s.now.Sub(p.up.refused) > crossing && !slices.Contains(p.pieces.ours, metainfo.PieceIndex(m.Piece)):
		return priceOfNoise // it knows that it is choked
	case !p.unchoked || m.Length < smallRequest:
		return priceOfTalk
	}
	return 0
}

// minTurn is how long a peer may be expected to serve us once it has unchoked
// us. A choker gives slots for rounds of ten seconds; when a round ends early for
// somebody, it does so now and then. A leecher's first rounds last a second, but
// they are eight: if it chokes us in every other one, four times in a row, that
// does not come to what a peer is dropped for.
const minTurn = 2 * time.Second

// maxBarren is how often in a row a peer may reject, and send nothing in between,
// at no cost. Whoever rejects is asked for as few as two blocks a second, so in
// some seconds nothing comes even of one that serves every other request at
// random. With a charge for each such second it was dropped within six minutes,
// whatever it had sent by then; with these free, one that serves a third is kept
// too, and one that serves nothing is charged from the fifth second on.
const maxBarren = 4

// vow is what a peer has promised: with Unchoke to serve us, with Have to serve
// that piece.
type vow struct {
	at     time.Time // it last unchoked us
	came   int64     // bytes that it had sent us by then
	broken int64     // and when it last rejected what it says it has
	barren int       // times in a row that it did, having sent nothing in between
	void   int       // turns in a row that it ended at once, having sent nothing
	freed  time.Time // when we last told it that we are not interested
}

// judgeReject charges a peer that rejects time after time and sends nothing in
// between. One that sends some blocks and rejects others is of use.
func (s *Swarm) judgeReject(p *peer) {
	if p.in.total > p.vow.broken {
		p.vow.broken, p.vow.barren = p.in.total, 0
		return
	}
	if p.vow.barren++; p.vow.barren > maxBarren {
		s.charge(p, blame.BrokenVow, "rejects what it says it has")
	}
}

// judgeChoke charges a peer that chokes us as soon as it has unchoked us: it
// holds our requests up and serves none. It happens that a choker changes its
// mind, but not time after time, so each in a row costs one more. A Choke that
// may answer a NotInterested of ours is none.
func (s *Swarm) judgeChoke(p *peer) {
	switch {
	case p.choking || !p.interested || s.now.Sub(p.vow.freed) < minTurn:
	case p.in.total > p.vow.came || s.now.Sub(p.vow.at) >= minTurn:
		p.vow.void = 0
	default:
		p.vow.void++
		for range p.vow.void {
			s.charge(p, blame.BrokenVow, "chokes us as soon as it has unchoked us")
		}
	}
}

// judgeRequest charges a peer that asks for a piece that it says it has: one of
// the two is not true. What a peer claims it is not given, so that who claims
// more than it has, to be thought of use, has less of us.
func (s *Swarm) judgeRequest(p *peer) {
	s.charge(p, blame.WrongState, "asks for what it says it has")
}

// charge puts a violation on a peer's account, and drops a peer that has run up
// too much there.
func (s *Swarm) charge(p *peer, v blame.Violation, reason string) {
	if s.cfg.Book.Charge(s.now, p.who(), v) && !p.gone {
		s.drop(p, reason)
	}
}

// offend drops a peer for what no correct program does, and charges it.
func (s *Swarm) offend(p *peer, v blame.Violation, reason string) {
	s.cfg.Book.Charge(s.now, p.who(), v)
	if !p.gone {
		s.drop(p, reason)
	}
}

// unasked charges for a block that nobody asked for: as many charges as a whole
// block has parts would not be just, so a small one costs as much as a whole.
func (s *Swarm) unasked(p *peer, bytes int) {
	for n := 0; n < max(bytes, 1) && !p.gone; n += metainfo.BlockSize {
		s.charge(p, blame.Unasked, "sends what it was not asked for")
	}
}
