package swarm

// pause stops transfer in both directions. Blocks that were asked for and come
// all the same are kept.
func (s *Swarm) pause() {
	if s.paused {
		return
	}
	s.paused = true
	for _, p := range s.order {
		if p.gone {
			continue
		}
		for _, r := range p.down.requests {
			s.sendCancel(p, r.block)
		}
		s.giveUpAll(p)
		p.metadata = metadataPeer{}
		s.interest(p)
	}
	s.chokeAll()
}

// resume ends a pause, and tries again what has failed.
func (s *Swarm) resume() {
	if !s.paused {
		return
	}
	s.paused = false
	s.store.failure = nil
	if s.info != nil && !s.store.open && !s.store.opening {
		s.openStore()
	}
	s.fetchMetadata()
	s.interestAll()
	s.fillSlots()
	s.requests.refill = true
}
