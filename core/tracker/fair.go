package tracker

import "net/netip"

// fairSample is how many members of a full swarm are looked at to find one whose
// network has many there. One that has a quarter of it is among so few 99 times
// of a hundred, and who comes next tries again.
const fairSample = 16

// makeRoom makes a place in a full swarm for a client: it takes one from a network
// that has at least two more there than the newcomer's, and reports whether there
// was such. Sockets cost nothing, addresses do. Clients of which no network is known
// make no room, and are made none.
func (r *Registry) makeRoom(s *swarm, c *client) bool {
	if !c.network.IsValid() {
		return false
	}
	s.countNetworks()
	most, of := s.networks[c.network]+1, (*member)(nil)
	for range fairSample {
		m := s.any(r.rng)
		if n := s.networks[m.client.network]; m.client.network.IsValid() && n > most {
			most, of = n, m
		}
	}
	if of == nil {
		return false
	}
	r.leave(of)
	r.refuse(of.client, request{Action: "announce", InfoHash: s.infoHash}, errManyPeers)
	return true
}

// countNetworks begins to count the members of each network, which only a swarm
// needs that has been full.
func (s *swarm) countNetworks() {
	if s.networks != nil {
		return
	}
	s.networks = make(map[netip.Prefix]int)
	for _, list := range [][]*member{s.leechers, s.seeds} {
		for _, m := range list {
			s.countNetwork(m, +1)
		}
	}
}

func (s *swarm) countNetwork(m *member, n int) {
	network := m.client.network
	if s.networks == nil || !network.IsValid() {
		return
	}
	if s.networks[network] += n; s.networks[network] == 0 {
		delete(s.networks, network)
	}
}
