package tracker

import (
	"net/netip"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

// sweepOriginsEvery is how often at most a full table of origins is looked
// through for those whose quota is full again.
const sweepOriginsEvery = time.Second

// allowance is how many messages may be sent or offers made: at once, and each
// second in the long run.
type allowance struct{ burst, perSecond float64 }

// times is the allowance of so many.
func (a allowance) times(n int) allowance {
	return allowance{a.burst * float64(n), a.perSecond * float64(n)}
}

// quota is what there was of an allowance at a time. Those of offers are kept
// until they are full again: a client's when it leaves the swarm, an origin's when
// all clients do.
type quota struct {
	left float64
	at   time.Time
}

// now is what there is of a quota that fills with time.
func (q quota) now(now time.Time, a allowance) float64 {
	return min(a.burst, q.left+max(0, now.Sub(q.at).Seconds()*a.perSecond))
}

// origin is a network in one swarm.
type origin struct {
	network  netip.Prefix
	infoHash id.ID
}

// networkOf is what one subscriber has: an IPv4 address, or 64 bits of IPv6. It
// is zero for no address.
func networkOf(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := min(addr.BitLen(), 64)
	network, _ := addr.Prefix(bits) // zero of a zero address, which has no bits
	return network
}

// mayOffer returns how many of so many offers are relayed, and counts them. A
// client that has been in so many swarms of late offers nothing in yet another.
func (r *Registry) mayOffer(now time.Time, c *client, infoHash id.ID, offers int) int {
	from := origin{c.network, infoHash}
	q, known := c.quotas[from]
	switch {
	case offers == 0 || !known && len(c.quotas) >= 2*r.cfg.SureTorrents:
		return 0
	case !known:
		q = quota{r.perClient.burst, now}
	}
	left := q.now(now, r.perClient)
	taken := r.takeOf(now, from, min(offers, int(left)))
	c.quotas[from] = quota{left - float64(taken), now}
	return taken
}

// takeOf returns how many of so many offers an origin may still make, and counts
// them: all where there is no room in the table. Who can fill it has so many
// networks that none of them needs more than its share.
func (r *Registry) takeOf(now time.Time, from origin, offers int) int {
	q, known := r.origins[from]
	if !from.network.IsValid() || !known && !r.roomForOrigin(now) {
		return offers
	}
	left := r.perOrigin.burst
	if known {
		left = q.now(now, r.perOrigin)
	}
	taken := min(offers, int(left))
	r.origins[from] = quota{left - float64(taken), now}
	return taken
}

func (r *Registry) roomForOrigin(now time.Time) bool {
	if len(r.origins) >= r.cfg.MaxOrigins && now.Sub(r.sweptAt) >= sweepOriginsEvery {
		r.forgetOrigins(now)
	}
	return len(r.origins) < r.cfg.MaxOrigins
}

// forgetOrigins forgets those whose quota is full.
func (r *Registry) forgetOrigins(now time.Time) {
	r.sweptAt = now
	forgetFull(now, r.origins, r.perOrigin)
}

func forgetFull(now time.Time, quotas map[origin]quota, a allowance) {
	for of, q := range quotas { // order-free: each by itself
		if q.now(now, a) >= a.burst {
			delete(quotas, of)
		}
	}
}
