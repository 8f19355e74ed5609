package sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/tracker"
	"github.com/shoal-p2p/shoal/core/wire"
)

const (
	offersPerSecond = 10_000
	offersAtOnce    = 20 // in one announce, as many as trackers take
	meetingsAtOnce  = 50 // repeated messages of the exchange, to one neighbour, in one wave
)

// offerFlood makes 10,000 offers a second that lead nowhere, through as many
// sockets to the tracker as the tracker leaves it, and repeats to every
// neighbour whatever it has said to it about meeting others.
type offerFlood struct {
	socket tracker.Client
	offers string // of every announce; made once, as making them costs more than judging them
}

// falseOffer is a description that can be answered, and leads nowhere.
const falseOffer = "f 0 0 0"

func (b *offerFlood) say(e *end, m wire.Message) wire.Message {
	if extended, ok := m.(wire.Extended); ok && extended.ID > 2 {
		e.odd.repeat = extended
	}
	return m
}

func (b *offerFlood) act(p *Peer) time.Duration {
	h := p.world.tracker
	if h.peers[b.socket] == nil {
		b.socket = h.newClient(p)
	}
	waves := int(time.Second / floodEvery)
	for range offersPerSecond / offersAtOnce / waves {
		h.carry(b.socket, b.announce(p))
	}
	for _, e := range p.everyone() {
		for range meetingsAtOnce {
			if e.odd.repeat != nil {
				p.send(e, e.odd.repeat)
			}
		}
	}
	return floodEvery
}

// announce is one announce full of offers, under a name of its own.
func (b *offerFlood) announce(p *Peer) []byte {
	if b.offers == "" {
		b.offers = falseOffers(p)
	}
	return fmt.Appendf(nil, `{"action":"announce","info_hash":%s,"peer_id":%s,"left":1,"offers":[%s]}`,
		quote(p.holds[0].hash), quote(id.NewPeer(p.rng)), b.offers)
}

func falseOffers(p *Peer) string {
	var offers []string
	for range offersAtOnce {
		offers = append(offers, fmt.Sprintf(`{"offer_id":%s,"offer":{"type":"offer","sdp":"%s"}}`, quote(id.NewPeer(p.rng)), falseOffer))
	}
	return strings.Join(offers, ",")
}

// quote is an id as trackers read it: a string of one code point for each byte.
func quote(a id.ID) string {
	var b strings.Builder
	for _, c := range a {
		fmt.Fprintf(&b, `\u%04x`, c)
	}
	return `"` + b.String() + `"`
}
