package swarm

import (
	"time"

	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/choke"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/wire"
)

const (
	// handshakeTimeout is stock WebTorrent's.
	handshakeTimeout = 25 * time.Second
	// keepAlive is stock WebTorrent's too. Native peers hang up after 120 s, and
	// the timers of a hidden page may be a minute late.
	keepAlive = 55 * time.Second
	// silence is how long a peer may say nothing: two keep-alives, one of them late.
	silence = 150 * time.Second
	// maxUnsent bounds what waits in a peer's channel, in bytes: the blocks and
	// metadata that we send by its pace, and as much again for all else. A peer
	// beyond it asks, and does not read the answers.
	maxUnsent = 2*highWater + 4<<20
)

// peer is one connection.
//
//	connected   our handshake is sent; nothing else may be, but where it is early
//	shaken      its handshake was right
//	gone        dropped or disconnected; only lists being walked still know it
type peer struct {
	id      Peer
	link    Link
	decoder wire.Decoder
	gone    bool
	born    time.Time // connected
	heard   time.Time // bytes came
	said    time.Time // a message was sent
	sent    int64     // encoded bytes
	drained int64     // of those, what has left

	shaken   bool
	name     id.ID // its peer id
	fast     bool  // both speak BEP 6
	extended bool  // both speak BEP 10
	ext      extensions

	early      bool        // all that we begin with was sent before its handshake
	introduced bool        // it has our first extended handshake
	identity   id.Identity // proved; zero where it has none
	doubtful   bool        // its peer id is banned; it may prove to be another
	proven     bool        // not on probation
	spoke      bool        // Speaks was said
	suspicion  suspicion
	talk       talk
	vow        vow
	metadata   metadataPeer

	claims     claims       // what it said it has, until the metadata is known
	slot       *picker.Peer // what it has, from then on; nil before
	choking    bool         // it does not serve us
	interested bool         // we told it that we are
	down       download
	turn       choke.Peer // Interested: it told us that it is
	unchoked   bool       // we told it so
	up         upload
	lanes      lanes
	in, out    meter // payload
	pieces     fastPieces
	shown      exposure
	used       time.Time // when it last gave or took a block
	counted    bool      // in counts.peers
	seed       bool      // in counts.seeds
}

func (s *Swarm) connected(ev Connected) {
	handle := ev.Peer
	if s.peers[handle] != nil {
		panic("swarm: handle of a peer used twice")
	}
	if len(s.peers) >= s.cfg.MaxPeers {
		s.emit(Drop{handle, "too many peers"})
		return
	}
	p := &peer{id: handle, link: ev.Link, born: s.now, heard: s.now, choking: true}
	p.turn.ID, p.turn.Since = uint64(handle), s.now
	p.down.depth = firstDepth
	s.peers[handle] = p
	s.order = append(s.order, p)
	s.wakeBy(s.now.Add(handshakeTimeout))
	s.greet(p, ev.Claimed)
}

// received reads whatever messages are whole. A handler returns why the peer is
// to be dropped, or nothing.
func (s *Swarm) received(p *peer, data []byte) {
	p.heard = s.now
	p.decoder.Write(data)
	for !p.gone {
		m, err := p.decoder.Next()
		if err != nil {
			s.offend(p, blame.Malformed, err.Error())
			return
		}
		if m == nil {
			break
		}
		s.hear(p, m)
		if p.gone {
			return
		}
		if reason := s.message(p, m); reason != "" && !p.gone {
			s.offend(p, blame.WrongState, reason)
			return
		}
		if p.sent-p.drained > maxUnsent && !p.gone {
			s.offend(p, blame.Flood, "does not read what it asks for")
		}
	}
	s.serve(p)
	s.refill(p)
}

func (s *Swarm) message(p *peer, m wire.Message) (reason string) {
	if p.doubtful && !isHello(m) {
		s.drop(p, shutOut)
		return ""
	}
	if isFast(m) && !p.fast {
		return "fast message without the fast extension"
	}
	switch m := m.(type) {
	case wire.Handshake:
		return s.handshake(p, m)
	case wire.Extended:
		return s.extension(p, m)
	case wire.Bitfield, wire.HaveAll, wire.HaveNone:
		return s.stated(p, m)
	case wire.Have:
		return s.has(p, m.Piece)
	case wire.Choke:
		s.judgeChoke(p)
		s.choked(p)
	case wire.Unchoke:
		p.choking, p.vow.at, p.vow.came = false, s.now, p.in.total
	case wire.Interested:
		s.interestedIn(p, true)
	case wire.NotInterested:
		s.interestedIn(p, false)
	case wire.Request:
		return s.request(p, nil, m)
	case wire.Cancel:
		s.cancel(p, nil, m)
	case wire.Piece:
		return s.block(p, m)
	case wire.Reject:
		s.rejected(p, m)
	case wire.AllowedFast:
		s.allowed(p, m.Piece)
	case wire.KeepAlive, wire.Port, wire.Suggest:
		// We have no DHT node of BEP 5, and ask by rarity only.
	default:
		panic("swarm: unknown message")
	}
	return ""
}

// isFast reports whether a message belongs to BEP 6.
func isFast(m wire.Message) bool {
	switch m.(type) {
	case wire.HaveAll, wire.HaveNone, wire.Suggest, wire.Reject, wire.AllowedFast:
		return true
	}
	return false
}

// tickPeer gives up on a peer that is silent, and is not silent itself.
func (s *Swarm) tickPeer(p *peer) {
	if p.gone {
		return
	}
	end, reason := p.born.Add(handshakeTimeout), "no handshake"
	if p.shaken {
		end, reason = p.heard.Add(silence), "silent"
	}
	if !s.now.Before(end) {
		s.drop(p, reason)
		return
	}
	if p.shaken && !p.doubtful && s.bound(p) {
		s.drop(p, shutOut) // it has lied in another torrent
		return
	}
	s.wakeBy(end)
	if p.shaken {
		if !s.now.Before(p.said.Add(keepAlive)) {
			s.send(p, wire.KeepAlive{})
		}
		s.wakeBy(p.said.Add(keepAlive))
	}
	s.tickRequests(p)
	s.tickLanes(p)
	s.tickSuper(p)
	s.serve(p) // what it has earned by now
}

func (s *Swarm) drop(p *peer, reason string) {
	s.emit(Drop{p.id, reason})
	s.forget(p)
}

// forget takes a peer out of everything.
func (s *Swarm) forget(p *peer) {
	p.gone, s.left = true, true
	delete(s.peers, p.id)
	s.uncount(p)
	s.turns.uplink.gone(s.now, p.sent-p.drained)
	s.requests.outstanding -= len(p.down.requests)
	p.down.requests = nil
	s.closeLanes(p, "its main connection is gone")
	if p.slot != nil {
		s.picker.Leave(p.slot)
		if p.pieces.slot != nil {
			s.picker.Leave(p.pieces.slot)
		}
		s.requests.refill = true
	}
	if p.turn.Interested {
		p.turn.Interested = false
		s.fillSlots()
	}
	s.fetchMetadata()
}
