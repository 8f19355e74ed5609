package sim

// bound is the least time, in seconds, in which every honest leecher can have
// the file, were it a fluid (Kumar and Ross, "Peer-assisted file distribution:
// the minimum distribution time", 2006): the seeds must send each bit once, the
// slowest downlink must take all of them, and all uplinks together must send as
// many copies as there are leechers.
func (r *Running) bound() float64 {
	length := r.scenario.Length
	var seeds, uplinks, slowest, leechers int64
	for _, c := range r.groups {
		if c.Behaviour != "" {
			continue
		}
		for _, m := range c.peers {
			if m.cfg.Up == 0 {
				return 0 // an uplink without limit: no bound
			}
			uplinks += m.cfg.Up
			if c.Seeds {
				seeds += m.cfg.Up
				continue
			}
			leechers++
			if down := m.cfg.Down; down > 0 && (slowest == 0 || down < slowest) {
				slowest = down
			}
		}
	}
	return max(seconds(length, seeds), seconds(length, slowest), float64(leechers)*float64(length)/float64(max(1, uplinks)))
}
