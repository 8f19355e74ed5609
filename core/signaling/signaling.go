// Package signaling is how two peers meet: it turns offers and answers, whoever
// relays them, into connections, and sees to it that two peers end with one
// connection for a torrent. In come offers, answers and what becomes of
// connections; out come connections to make and to close, and the descriptions
// that shall travel. A description is opaque text here. It keeps no budget: who
// asks for an offer or hands one in has room for it, and Len, Live, Pending and
// Unanswered say how much is taken.
package signaling

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// offerTimeout is how long an offer waits for its answer, as WebTorrent does.
	offerTimeout = 50 * time.Second
	// connectTimeout is WebTorrent's too: what has not connected by then will not.
	connectTimeout = 25 * time.Second
	// staleAfter is how long a connection by our answer is the only one that its
	// peer may have. An answer arrives within a second and connects within two or
	// three, or it is likely to be lost.
	staleAfter = 5 * time.Second
	// maxConns is where browsers refuse to make more connections.
	maxConns = 500
	// maxAccepting bounds what one relay can make us open for one torrent, all
	// offers counted that have not become a channel.
	maxAccepting = 32
	// maxIntroduced is the same for a neighbour that relays: signed offers.
	maxIntroduced = 8
	// maxSDP is the longest description that peers of this wire take, in bytes.
	maxSDP = 64 << 10
)

// Why an offer could not be made; wrapped by SendOffer.Err.
var (
	ErrFull    = errors.New("signaling: too many connections")
	ErrTimeout = errors.New("signaling: the offer took too long to make")
	ErrClosed  = errors.New("signaling: the connection closed before its offer was made")
	ErrTooLong = errors.New("signaling: the description is empty or too long")
	ErrKnown   = errors.New("signaling: a connection to this peer is there or on its way")
)

// Config says who we are. A zero duration or number means the usual one.
type Config struct {
	PeerID         id.ID
	OfferTimeout   time.Duration // from SendOffer to the answer; 50 s
	ConnectTimeout time.Duration // from the answer to Opened, and to Described; 25 s
	MaxConns       int           // in all, closing ones too; 500
}

// Signaling is all connections of one peer, from the wish to the end.
//
// A connection goes through these states:
//
//	describing --Described--> offered --Answered--> connecting --Opened--> open
//	describing --Described--------------------------^   (where the peer offered)
//
// and from each of them to closing (by Close) and to its end (by Closed).
//
// Two peers shall have one connection for a torrent. The rules, for a peer id P
// that is a claim of the relay until Met:
//
//   - An offer of P is not answered while we have an open connection to P, one
//     being made because P answered our offer, or one being made from an
//     earlier offer of P. An offer or answer under our own id is ignored.
//   - An offer to P alone is not made while any of these is there, or another
//     offer to P alone.
//   - Such an offer leads to P from the start, so glare is judged when P's offer
//     comes, by whichever relay: toward a Shoal peer, either ours is closed or
//     P's is not answered, and the smaller peer id's offer stays. A stock peer's
//     is answered, both go on.
//   - Our answer to P may be lost. What has been connecting by it for more than
//     five seconds gives way to P's next offer, and to P's answer to one of
//     ours, which P gave before it had our answer. A stock peer may have it all
//     the same and keeps the first: toward it both go on.
//   - What is stale in this sense gives way to anybody's offer where a relay has
//     used up its room.
//   - Glare: P answers our offer while we are connecting by P's. Toward a Shoal
//     peer the connection that the smaller peer id offered stays and the other
//     is closed at once; P decides alike. A stock peer keeps the connection that
//     it registered first, which we cannot see: the answer is applied, both stay.
//   - When a connection opens, all others to P that are not open are closed.
//   - When Met shows that two open connections lead to the same peer, one whose
//     offer or answer came under that id stays, and one that came under another
//     goes: only one of a kind can be open, and nobody is to push a peer out by
//     handshaking under its id. Where both came under another id, which takes a
//     relay that changes ids or a peer that lies, the one met more than
//     ConnectTimeout ago stays, as no race lasts so long; else the one that the
//     smaller peer id offered; were both offered by the same side, the one with
//     the smaller offer id, as the two ends need not agree on which is older.
//     Of these, one that lies can choose its offer id and win.
//
// A peer id is no proof: who is the first to speak for P, by a relay or in a
// handshake, keeps P itself away as long as its connection lives.
type Signaling struct {
	cfg     Config
	rng     *rand.Rand
	last    Conn
	conns   []*conn // by handle, ascending
	census  census
	effects []Effect
}

// New makes a Signaling without connections. rng makes the offer ids.
func New(cfg Config, rng *rand.Rand) *Signaling {
	if cfg.OfferTimeout == 0 {
		cfg.OfferTimeout = offerTimeout
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	if cfg.MaxConns == 0 {
		cfg.MaxConns = maxConns
	}
	return &Signaling{cfg: cfg, rng: rng, census: newCensus()}
}

// Handle takes an event. Events of connections that are gone are ignored.
func (s *Signaling) Handle(now time.Time, ev Event) {
	switch ev := ev.(type) {
	case MakeOffer:
		s.makeOffer(now, ev.Route)
	case Described:
		s.described(now, ev)
	case Offered:
		s.offered(now, ev)
	case Answered:
		s.answered(now, ev)
	case Opened:
		s.opened(ev.Conn)
	case Met:
		s.met(now, ev)
	case Closed:
		s.closed(ev.Conn)
	case Forget:
		s.forget(ev.InfoHash)
	case Tick:
		s.tick(now)
	default:
		panic("signaling: unknown event")
	}
}

// Poll returns the next effect, false when there is none.
func (s *Signaling) Poll() (Effect, bool) {
	if len(s.effects) == 0 {
		s.effects = nil
		return nil, false
	}
	e := s.effects[0]
	s.effects = s.effects[1:]
	return e, true
}

// Deadline says when to Handle a Tick, false while nothing waits.
func (s *Signaling) Deadline() (time.Time, bool) {
	first := s.census.deadline(s.conns)
	return first, !first.IsZero()
}

// Len counts all connections, unanswered offers and closing ones too: what is
// taken of the budget.
func (s *Signaling) Len() int { return len(s.conns) }

// Live counts the connections of a torrent, closing ones left out.
func (s *Signaling) Live(infoHash id.ID) int { return s.census.torrents[infoHash].live }

// Pending counts the connections of a torrent that are on the way to open,
// unanswered offers too.
func (s *Signaling) Pending(infoHash id.ID) int { return s.census.torrents[infoHash].pending }

// Unanswered counts our offers, of all torrents, that nobody has answered yet,
// those that are still being made too.
func (s *Signaling) Unanswered() int { return s.census.unanswered }

// Knows reports whether a connection to a peer, for a torrent, is there or on
// its way.
func (s *Signaling) Knows(infoHash, peer id.ID) bool {
	return len(s.census.peers[meeting{infoHash, peer}]) > 0
}

// Identity says who signed the peer's description of a connection: who its
// handshake must prove to be. It is zero where nobody signed, as by trackers,
// while no description came, and when the connection is closing or gone.
func (s *Signaling) Identity(handle Conn) id.Identity {
	if c := s.find(handle); c != nil {
		return c.identity
	}
	return id.Identity{}
}

func (s *Signaling) emit(e Effect) { s.effects = append(s.effects, e) }
