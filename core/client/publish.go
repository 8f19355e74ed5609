package client

import (
	"time"

	"github.com/shoal-p2p/shoal/core/swarm"
)

// publishEvery is how often progress is told while something moves.
const publishEvery = 200 * time.Millisecond

// publish tells the progress of torrents that have moved, when it is time.
func (c *Client) publish(now time.Time) {
	c.mu.Lock()
	c.connections = c.node.Connections()
	c.mu.Unlock()
	if c.publishAt.IsZero() || c.publishAt.After(now) {
		return
	}
	c.publishAt = time.Time{}
	for _, t := range c.Torrents() {
		if c.refresh(t) {
			c.event(t, Progress{})
		}
	}
}

// stir makes sure that progress is told soon.
func (c *Client) stir() {
	if c.publishAt.IsZero() {
		c.publishAt = time.Now().Add(publishEvery)
	}
}

// refresh copies the state of a torrent's swarm to where anyone may read it,
// and reports whether it differs from the last copy. While bytes flow, or have
// flowed so lately that the speed is not yet zero, it asks to be called again.
func (c *Client) refresh(t *Torrent) bool {
	s := c.node.Swarm(t.infoHash)
	if s == nil {
		return false
	}
	stats, peers := statsOf(s.Stats()), peersOf(s)
	t.mu.Lock()
	defer t.mu.Unlock()
	changed := stats != t.stats
	if t.losses != s.Losses() {
		t.losses = s.Losses()
		t.pieces = s.Pieces().Clone()
		c.keepSoon(t, false)
	}
	t.stats, t.peers = stats, peers
	if stats.DownloadSpeed > 0 || stats.UploadSpeed > 0 {
		c.stir()
	}
	return changed
}

func statsOf(from swarm.Stats) Stats {
	return Stats{
		Done:          from.Done,
		Total:         from.Total,
		Downloaded:    from.Downloaded,
		Uploaded:      from.Uploaded,
		DownloadSpeed: from.DownloadSpeed,
		UploadSpeed:   from.UploadSpeed,
		Peers:         from.Peers,
		Seeds:         from.Seeds,
		Paused:        from.Paused,
	}
}

func peersOf(s *swarm.Swarm) []PeerInfo {
	var peers []PeerInfo
	for _, p := range s.Peers() {
		peers = append(peers, PeerInfo{
			ID:            p.ID,
			Client:        clientName(p.ID),
			Progress:      p.Progress,
			Downloaded:    p.Downloaded,
			Uploaded:      p.Uploaded,
			DownloadSpeed: p.DownloadSpeed,
			UploadSpeed:   p.UploadSpeed,
			Choked:        p.Choked,
			Choking:       p.Choking,
			Interested:    p.Interested,
			Interesting:   p.Interesting,
		})
	}
	return peers
}
