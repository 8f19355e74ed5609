package swarm

// pause stops transfer in both directions, that of metadata and from web seeds
// too. What was asked for and comes all the same is kept. Connections stay.
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
			s.sendCancel(p, r)
		}
		s.giveUpAll(p)
		p.metadata = metadataPeer{}
		s.refuseMetadata(p)
		s.interest(p)
	}
	s.pauseWeb()
	s.chokeAll()
}

// resume ends a pause, and tries again what has failed.
func (s *Swarm) resume() {
	if !s.paused {
		return
	}
	s.paused = false
	s.store.failure = nil
	s.regain()
	if s.info != nil && !s.store.open && !s.store.opening {
		s.openStore()
	}
	s.fetchMetadata()
	s.interestAll()
	s.fillSlots()
	s.requests.refill = true
}
