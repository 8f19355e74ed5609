package swarm

import (
	"bytes"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/wire"
)

const (
	// metadataPatience is how long a peer may be silent that was asked, and how
	// long one that rejected or was silent is left alone.
	metadataPatience = 5 * time.Second
	// metadataWindow is how many pieces a peer is asked for at once: a small
	// dictionary in one go, and of a large one what a slow link carries in time.
	metadataWindow = 4
	// metadataRace is how many peers are asked for the same piece at once.
	metadataRace = 2
	// metadataCopies is how often a connection is given the whole info dictionary.
	// Who was lied to by others may need it again; beyond that it takes what peers
	// who wait for their turns do not get.
	metadataCopies = 4
)

// metadata is how the info dictionary is fetched (BEP 9): one assembly for each
// size that peers announce, as any of them may lie.
type metadata struct {
	assemblies []*assembly
}

// metadataPeer is what one peer does for the fetch.
type metadataPeer struct {
	asked []int     // pieces it was asked for
	since time.Time // when it was asked after none, or last sent something
	rest  time.Time // it is not asked before
}

// fetchMetadata asks whomever it can. It is called whenever something has
// changed, and does nothing once the info dictionary is known.
func (s *Swarm) fetchMetadata() {
	if s.info != nil || s.paused {
		return
	}
	for _, p := range s.order {
		s.checkMetadataPeer(p)
	}
	s.dropAssemblies()
	// Who has rested longest, or was never asked, comes first: every size has its turn.
	turns := slices.Clone(s.order)
	slices.SortStableFunc(turns, func(p, q *peer) int { return p.metadata.rest.Compare(q.metadata.rest) })
	for _, p := range turns {
		if !s.canAsk(p) {
			continue
		}
		if a := s.assembly(p.ext.size); a != nil {
			s.askMetadata(p, a)
		}
	}
}

// checkMetadataPeer gives up on a peer that is silent.
func (s *Swarm) checkMetadataPeer(p *peer) {
	m := &p.metadata
	if len(m.asked) == 0 || p.gone {
		if m.rest.After(s.now) && !p.gone {
			s.wakeBy(m.rest)
		}
		return
	}
	if end := m.since.Add(metadataPatience); s.now.Before(end) {
		s.wakeBy(end)
		return
	}
	s.restMetadata(p)
}

// restMetadata asks a peer for nothing more for a while.
func (s *Swarm) restMetadata(p *peer) {
	p.metadata.asked = nil
	p.metadata.rest = s.now.Add(metadataPatience)
	s.wakeBy(p.metadata.rest)
}

// canAsk reports whether a peer may be asked for metadata.
func (s *Swarm) canAsk(p *peer) bool {
	return !p.gone && p.ext.metadata != 0 && p.ext.size > 0 && p.ext.size <= metainfo.MaxInfoSize &&
		!s.now.Before(p.metadata.rest)
}

func (s *Swarm) askMetadata(p *peer, a *assembly) {
	if len(a.suspects) > 0 && a.suspects[0] != p {
		return
	}
	for len(p.metadata.asked) < metadataWindow {
		i := s.nextMetadata(p, a)
		if i < 0 {
			return
		}
		if len(p.metadata.asked) == 0 {
			p.metadata.since = s.now
			s.wakeBy(s.now.Add(metadataPatience))
		}
		p.metadata.asked = append(p.metadata.asked, i)
		s.send(p, wire.Metadata{Type: wire.MetadataRequest, Piece: int64(i)}.Message(p.ext.metadata))
	}
}

// askEarly asks a peer of our kind for the first piece before it has said that
// there is one: of most torrents that is all. It knows the size when the answer
// comes, as its extended handshake is before it.
func (s *Swarm) askEarly(p *peer) {
	asked := 0
	for _, other := range s.order {
		if len(other.metadata.asked) > 0 {
			asked++
		}
	}
	if asked >= metadataRace {
		return
	}
	p.metadata.asked, p.metadata.since = []int{0}, s.now
	s.wakeBy(s.now.Add(metadataPatience))
	s.send(p, wire.Metadata{Type: wire.MetadataRequest, Piece: 0}.Message(ourMetadata))
}

// nextMetadata is the missing piece that the fewest peers are asked for, and -1
// where there is none for p.
func (s *Swarm) nextMetadata(p *peer, a *assembly) int {
	asked := make([]int, len(a.pieces))
	for _, other := range s.order {
		if other.gone || other.ext.size != a.size {
			continue
		}
		for _, i := range other.metadata.asked {
			asked[i]++
		}
	}
	best := -1
	for i, piece := range a.pieces {
		if piece == nil && asked[i] < metadataRace && !slices.Contains(p.metadata.asked, i) &&
			(best < 0 || asked[i] < asked[best]) {
			best = i
		}
	}
	return best
}

func (s *Swarm) metadataMessage(p *peer, payload []byte) (reason string) {
	m, err := wire.ParseMetadata(payload)
	if err != nil {
		return err.Error()
	}
	switch m.Type {
	case wire.MetadataRequest:
		s.metadataAsked(p, m.Piece)
	case wire.MetadataData:
		s.metadataCame(p, m)
	case wire.MetadataReject:
		switch {
		case p.ext.size == 0: // asked early; it has never said that it has any
			p.metadata.asked = nil
		case len(p.metadata.asked) > 0:
			s.restMetadata(p)
			s.fetchMetadata()
		}
	}
	return ""
}

// metadataCame takes a piece, also one that comes late.
func (s *Swarm) metadataCame(p *peer, m wire.Metadata) {
	if s.info != nil || p.ext.size <= 0 || p.ext.size > metainfo.MaxInfoSize {
		return
	}
	a := s.assembly(p.ext.size)
	if a == nil || m.TotalSize != a.size || m.Piece >= int64(len(a.pieces)) ||
		int64(len(m.Data)) != a.length(m.Piece) || len(a.suspects) > 0 && a.suspects[0] != p {
		return
	}
	if a.pieces[m.Piece] != nil && !slices.Contains(p.metadata.asked, int(m.Piece)) {
		return // and makes us look at nobody
	}
	p.metadata.since = s.now
	p.metadata.asked = slices.DeleteFunc(p.metadata.asked, func(i int) bool { return int64(i) == m.Piece })
	if a.pieces[m.Piece] == nil {
		a.put(m.Piece, bytes.Clone(m.Data), p)
	}
	if a.missing == 0 {
		s.assembled(a)
	}
	s.fetchMetadata()
}

// metadataAsked answers a request for a piece of the info dictionary. Answers
// leave at the peer's pace (upload.go).
func (s *Swarm) metadataAsked(p *peer, i int64) {
	if p.ext.metadata == 0 {
		return // it has not said how to answer
	}
	if s.info == nil || s.paused || i > s.lastMetadata() || len(p.up.metadata) >= maxMetadataQueue ||
		int64(p.up.given+len(p.up.metadata)) >= metadataCopies*(s.lastMetadata()+1) {
		s.send(p, wire.Metadata{Type: wire.MetadataReject, Piece: i}.Message(p.ext.metadata))
		return
	}
	p.up.metadata = append(p.up.metadata, int(i))
}

// lastMetadata is the number of the last piece of the info dictionary.
func (s *Swarm) lastMetadata() int64 { return int64(len(s.info.Bytes)-1) / wire.MetadataPiece }

func (s *Swarm) sendMetadata(p *peer, i int) {
	p.up.given++
	all := s.info.Bytes
	begin := i * wire.MetadataPiece
	s.send(p, wire.Metadata{
		Type:      wire.MetadataData,
		Piece:     int64(i),
		TotalSize: int64(len(all)),
		Data:      all[begin:min(begin+wire.MetadataPiece, len(all))],
	}.Message(p.ext.metadata))
}

// learn takes the info dictionary, wherever it came from, and with it all that
// peers have claimed before.
func (s *Swarm) learn(info *metainfo.Info) {
	if s.info != nil || info.Hash != s.cfg.InfoHash {
		return
	}
	s.info = info
	s.metadata = metadata{}
	s.picker = picker.New(info.Layout, s.rng)
	for _, f := range info.Files {
		if f.Pad {
			s.picker.Pad(f.Offset, f.Offset+f.Length)
		}
	}
	s.picker.Want(s.pieceWishes())
	s.wish()
	for _, p := range s.order {
		p.metadata = metadataPeer{} // also of those that were asked early
		if !p.shaken || p.gone {
			continue
		}
		p.slot = s.join(p)
		s.introduce(p)
		if reason := s.judge(p); reason != "" {
			s.offend(p, blame.WrongState, reason)
		}
	}
	for _, url := range s.web.urls {
		s.joinWeb(url)
	}
	s.openStore()
}
