package swarm

import (
	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// Stats counts for the swarm. Bytes are payload: blocks, without their heads.
type Stats struct {
	Downloaded, Uploaded       int64 // bytes since New, wasted ones included
	DownloadSpeed, UploadSpeed int64 // bytes per second, over about five seconds
	Wasted                     int64 // bytes that came twice, unasked or corrupt
	Done, Total                int64 // bytes of the wanted pieces: verified, and all
	Peers, Seeds               int   // with a right handshake
	Paused                     bool
	Err                        error // why the swarm has paused itself
}

// PeerStatus describes a peer with a right handshake.
type PeerStatus struct {
	Peer                       Peer
	ID                         id.ID
	Client                     string  // what its extended handshake says; may be empty
	Progress                   float64 // 0 to 1, what it has; 0 before the metadata is known
	Downloaded, Uploaded       int64   // payload bytes from it and to it
	DownloadSpeed, UploadSpeed int64   // bytes per second, over about five seconds
	Choked, Choking            bool    // we are choked by it; it is choked by us
	Interested, Interesting    bool    // it wants our pieces; we want its
	Snubbed                    bool    // it leaves us waiting
	Seed                       bool    // it has everything
}

// Stats counts as of the last Handle, which a Tick follows every second while
// anything is transferred.
func (s *Swarm) Stats() Stats {
	stats := Stats{
		Downloaded:    s.in.total,
		Uploaded:      s.out.total,
		DownloadSpeed: s.in.rate(s.now, shortWindow),
		UploadSpeed:   s.out.rate(s.now, shortWindow),
		Wasted:        s.wasted,
		Paused:        s.paused,
		Err:           s.store.failure,
	}
	if s.store.open {
		stats.Total = s.picker.Wanted()
		stats.Done = stats.Total - s.picker.Left()
	}
	stats.Peers, stats.Seeds = s.counts.peers, s.counts.seeds
	return stats
}

// counts is kept as peers come, go and fetch, so that asking costs nothing.
type counts struct {
	peers, seeds int // with a right handshake
}

// recount takes over what has changed of a peer.
func (s *Swarm) recount(p *peer) {
	if p.gone {
		return
	}
	if p.shaken && !p.counted {
		p.counted = true
		s.counts.peers++
	}
	if seed := p.isSeed(); seed != p.seed {
		p.seed = seed
		s.counts.seeds += step(seed)
		s.related = true
	}
}

// uncount takes a peer out that is gone.
func (s *Swarm) uncount(p *peer) {
	if p.counted {
		s.counts.peers--
	}
	if p.seed {
		s.counts.seeds--
	}
	p.counted, p.seed = false, false
}

func step(up bool) int {
	if up {
		return 1
	}
	return -1
}

// Counts is how many peers there are with a right handshake, and how many of
// them have everything.
func (s *Swarm) Counts() (peers, seeds int) { return s.counts.peers, s.counts.seeds }

// Transferred is how many payload bytes came and left since New.
func (s *Swarm) Transferred() (down, up int64) { return s.in.total, s.out.total }

// Paused reports whether transfer is stopped, by Pause or by the store.
func (s *Swarm) Paused() bool { return s.paused }

// Peers lists the peers in the order in which they came.
func (s *Swarm) Peers() []PeerStatus {
	var all []PeerStatus
	for _, p := range s.order {
		if p.shaken {
			all = append(all, s.status(p))
		}
	}
	return all
}

func (s *Swarm) status(p *peer) PeerStatus {
	return PeerStatus{
		Peer:          p.id,
		ID:            p.name,
		Client:        p.ext.client,
		Progress:      s.progress(p),
		Downloaded:    p.in.total,
		Uploaded:      p.out.total,
		DownloadSpeed: p.in.rate(s.now, shortWindow),
		UploadSpeed:   p.out.rate(s.now, shortWindow),
		Choked:        p.choking,
		Choking:       !p.unchoked,
		Interested:    p.turn.Interested,
		Interesting:   p.interested,
		Snubbed:       p.down.snubbed,
		Seed:          p.isSeed(),
	}
}

func (p *peer) isSeed() bool { return p.slot != nil && p.slot.IsSeed() }

func (s *Swarm) progress(p *peer) float64 {
	switch {
	case p.slot == nil:
		return 0
	case p.slot.IsSeed():
		return 1
	default:
		return float64(p.slot.Count()) / float64(s.info.Layout.Pieces())
	}
}

// Info is the metadata, nil until it is known.
func (s *Swarm) Info() *metainfo.Info { return s.info }

// Pieces is the set of verified pieces, for reading only; nil until the store
// is open.
func (s *Swarm) Pieces() *bitfield.Bitfield { return s.pieces() }

// Left is how much of the selection is not verified, in bytes; -1 until the
// store is open.
func (s *Swarm) Left() int64 {
	if !s.store.open {
		return -1
	}
	return s.picker.Left()
}

// Needs reports whether a piece is missing that is selected, or that a reader
// waits for; false until the store is open.
func (s *Swarm) Needs() bool { return s.store.open && s.picker.Needs() }
