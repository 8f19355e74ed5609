package swarm

import (
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/wire"
)

// version is what our extended handshake calls us.
const version = "Shoal 0.1"

// The numbers under which we take extension messages. They are stock
// WebTorrent's in browsers.
const (
	ourMetadata = 1
	ourDontHave = 2
	ourExchange = 3
	ourLane     = 4
)

// maxHellos bounds the extended handshakes of a peer, in any minute that begins
// with one of them: each makes us look at all peers. Two is what we need.
const maxHellos = 10

// extensions is what a peer said in its extended handshakes.
type extensions struct {
	hellos   int       // extended handshakes
	minute   time.Time // since when they are counted
	metadata uint8     // its number for ut_metadata; 0 for none
	dontHave uint8     // its number for lt_donthave; 0 for none
	exchange uint8     // its number for wire.NameExchange; 0 for none
	lane     uint8     // its number for wire.NameLane; 0 for none
	size     int64     // of the info dictionary, in bytes; 0 where it has not said
	reqq     int       // requests that it queues
	client   string

	uploadOnly bool // wants nothing more (BEP 21)
}

// defaultReqq is what a peer is taken to queue that has not said: libtorrent's
// assumption.
const defaultReqq = 250

// greet sends our handshake. While we know nothing of the torrent but its info
// hash, a peer that goes by the name of one of ours is told at once all that it
// needs to answer with the metadata and an Unchoke: a round-trip less. What
// extensions it has, and their numbers, is known of our own kind; who only bears
// the name gets messages that it does not understand.
func (s *Swarm) greet(p *peer, claimed id.ID) {
	s.send(p, wire.Handshake{Fast: true, Extended: true, InfoHash: s.cfg.InfoHash, PeerID: s.cfg.PeerID})
	if s.info != nil || s.paused || !claimed.IsShoal() {
		return
	}
	p.early, p.fast, p.extended = true, true, true
	s.introduce(p)
	s.state(p)
	s.interest(p)
	s.askEarly(p)
}

func (s *Swarm) handshake(p *peer, m wire.Handshake) (reason string) {
	if m.InfoHash != s.cfg.InfoHash {
		return "wrong info hash"
	}
	if m.PeerID.IsZero() {
		return "has no peer id" // and could be neither accused nor banned
	}
	if m.PeerID == s.cfg.PeerID {
		s.drop(p, "self")
		return ""
	}
	p.shaken, p.name = true, m.PeerID
	p.fast, p.extended = m.Fast, m.Extended
	p.ext.reqq = defaultReqq
	if s.recognize(p); p.gone {
		return ""
	}
	s.recount(p)
	s.emit(Met{p.id, p.name})
	if s.picker != nil {
		p.slot = s.join(p)
	}
	s.introduce(p) // where that was done early: now the rest of it
	if !p.early {
		s.state(p)
	}
	s.wakeBy(p.said.Add(keepAlive))
	return ""
}

// introduce sends the extended handshake: at first, and again when the metadata
// is known. One that is early, before the peer's handshake, does not say who we
// are: its time of coming tells nothing of the way. Stock WebTorrent takes up a
// fetch of metadata on each of them, so the second heals peers that know the
// torrent by its magnet link alone.
func (s *Swarm) introduce(p *peer) {
	if !p.extended {
		return
	}
	h := wire.ExtendedHandshake{
		M:          map[string]uint8{wire.NameMetadata: ourMetadata, wire.NameDontHave: ourDontHave, wire.NameLane: ourLane},
		UploadOnly: s.wantsNothing(),
	}
	if p.shaken {
		h.Reqq, h.Client = maxQueue, version
	}
	if s.info != nil {
		h.MetadataSize = int64(len(s.info.Bytes))
	}
	s.prove(p, &h)
	p.introduced = true
	m, err := h.Message()
	if err != nil {
		panic("swarm: extended handshake cannot be encoded: " + err.Error())
	}
	s.send(p, m)
}

// extension reads an extension message. One with a number that we have not
// given is ignored (BEP 10).
func (s *Swarm) extension(p *peer, m wire.Extended) (reason string) {
	if !p.extended {
		return "extension message without the extension protocol"
	}
	switch m.ID {
	case wire.HandshakeID:
		return s.introduced(p, m.Payload)
	case ourMetadata:
		return s.metadataMessage(p, m.Payload)
	case ourDontHave:
		return s.lacks(p, m.Payload)
	case ourExchange:
		s.exchanged(p, m.Payload)
	case ourLane:
		return s.laneTalk(p, m.Payload)
	}
	return ""
}

func (s *Swarm) introduced(p *peer, payload []byte) (reason string) {
	if s.now.Sub(p.ext.minute) >= time.Minute {
		p.ext.minute, p.ext.hellos = s.now, 0
	}
	if p.ext.hellos++; p.ext.hellos > maxHellos {
		return "too many extended handshakes"
	}
	h, err := wire.ParseExtendedHandshake(payload)
	if err != nil {
		return err.Error()
	}
	early := p.name.IsShoal() && h.Client == ""
	if p.down.trip == 0 && !early { // it answers our handshake, which left when the channel opened
		p.down.trip = max(s.now.Sub(p.born), 1)
	}
	if number, said := h.M[wire.NameMetadata]; said {
		p.ext.metadata = number
	}
	if number, said := h.M[wire.NameDontHave]; said {
		p.ext.dontHave = number
	}
	if number, said := h.M[wire.NameExchange]; said {
		p.ext.exchange = number
	}
	if number, said := h.M[wire.NameLane]; said {
		p.ext.lane = number
	}
	if reason := s.identified(p, h); reason != "" {
		return reason
	}
	if s.confirm(p); p.gone {
		return ""
	}
	s.introduceToExchange(p)
	if h.Reqq > 0 {
		p.ext.reqq = int(min(h.Reqq, maxDepth))
	}
	if h.UploadOnly != p.ext.uploadOnly {
		p.ext.uploadOnly, s.related = h.UploadOnly, true
	}
	if h.Client != "" {
		p.ext.client = h.Client[:min(len(h.Client), maxClient)]
	}
	if h.MetadataSize != 0 {
		if p.ext.size != 0 && h.MetadataSize != p.ext.size {
			return "changed the size of the metadata" // to be tried first, time and again
		}
		p.ext.size = h.MetadataSize
	}
	s.fetchMetadata()
	return ""
}

// maxClient bounds what is kept of a peer's name for itself, in bytes.
const maxClient = 100
