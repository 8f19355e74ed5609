package tracker

import (
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

// quota is how many offers a client may make in one swarm, under all its names
// there. It is kept when the client leaves the swarm, until it is full again.
type quota struct {
	left float64
	at   time.Time
}

// now is what there is of a quota that fills with time.
func (q quota) now(now time.Time, cfg *RegistryConfig) float64 {
	gained := max(0, now.Sub(q.at).Minutes()*float64(cfg.OffersPerMinute))
	return min(float64(cfg.OfferBurst), q.left+gained)
}

// mayOffer returns how many of so many offers are relayed, and counts them. A
// client that has been in so many swarms of late offers nothing in yet another.
func (r *Registry) mayOffer(now time.Time, c *client, infoHash id.ID, offers int) int {
	q, known := c.quotas[infoHash]
	switch {
	case offers == 0 || !known && len(c.quotas) >= 2*r.cfg.MaxTorrents:
		return 0
	case !known:
		q = quota{float64(r.cfg.OfferBurst), now}
	}
	left := q.now(now, &r.cfg)
	taken := min(offers, int(left))
	c.quotas[infoHash] = quota{left - float64(taken), now}
	return taken
}

// forgetQuotas forgets those that are full.
func (r *Registry) forgetQuotas(now time.Time, c *client) {
	for infoHash, q := range c.quotas { // order-free: each by itself
		if q.now(now, &r.cfg) >= float64(r.cfg.OfferBurst) {
			delete(c.quotas, infoHash)
		}
	}
}
