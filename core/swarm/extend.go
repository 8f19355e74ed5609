package swarm

import (
	"slices"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/wire"
)

// helloLabel begins what is signed in an extended handshake, and nothing else
// that an identity signs.
const helloLabel = "Shoal hello 1\x00"

// helloProof is what the "sh_sig" of an extended handshake signs, by the key
// "sh_id": who speaks, in which torrent, over which connection. So it is worth
// nothing in another torrent, over another connection or under another peer id.
//
//	"Shoal hello 1" 0x00 | info hash (20) | binding (32) | the signer's peer id (20)
func helloProof(infoHash id.ID, binding [32]byte, peer id.ID) []byte {
	return slices.Concat([]byte(helloLabel), infoHash[:], binding[:], peer[:])
}

// provable reports whether identities can be proved over a peer's connection:
// not where the transport gives it no name.
func (p *peer) provable() bool { return p.link.Binding != [32]byte{} }

// prove signs the first extended handshake to a peer.
func (s *Swarm) prove(p *peer, h *wire.ExtendedHandshake) {
	if s.cfg.Key.IsZero() || !p.provable() {
		return
	}
	h.M[wire.NameExchange] = ourExchange
	if s.private() {
		h.M[wire.NameExchange] = 0
	}
	if !p.introduced {
		h.Identity = s.cfg.Key.Identity()
		h.Proof = s.cfg.Key.Sign(helloProof(s.cfg.InfoHash, p.link.Binding, s.cfg.PeerID))
	}
}

// private reports whether peers may come from trackers alone (BEP 27); while
// the metadata is unknown nobody can say so.
func (s *Swarm) private() bool { return s.info != nil && s.info.Private }

// identified takes the identity that a peer says it has. It is verified once for
// each connection.
func (s *Swarm) identified(p *peer, h wire.ExtendedHandshake) (reason string) {
	if h.Identity.IsZero() || !p.provable() || h.Identity == p.identity {
		return ""
	}
	if !p.identity.IsZero() {
		return "changed its identity"
	}
	if !h.Identity.Verify(helloProof(s.cfg.InfoHash, p.link.Binding, p.name), h.Proof) {
		return "has no proof of its identity"
	}
	p.identity = h.Identity
	s.recall(p)
	return ""
}

// recognize shuts out a peer whose peer id is banned, when it has shaken hands.
// Where it may, it is to prove an identity first, as anyone can take the peer
// id of another: then its next message must be the extended handshake.
func (s *Swarm) recognize(p *peer) {
	if !s.cfg.Book.Banned(s.now, p.who()) {
		return
	}
	if p.doubtful = p.extended && p.provable(); !p.doubtful {
		s.drop(p, shutOut)
	}
}

// confirm does so again with the extended handshake.
func (s *Swarm) confirm(p *peer) {
	if p.doubtful = false; s.cfg.Book.Banned(s.now, p.who()) {
		s.drop(p, shutOut)
	}
}

func isHello(m wire.Message) bool {
	hello, ok := m.(wire.Extended)
	return ok && hello.ID == wire.HandshakeID
}

// introduceToExchange tells once of a peer that speaks wire.NameExchange.
func (s *Swarm) introduceToExchange(p *peer) {
	if p.spoke || p.gone || p.ext.exchange == 0 || p.identity.IsZero() || s.private() {
		return
	}
	p.spoke = true
	s.emit(Speaks{p.id, p.name, p.identity})
}

// exchanged takes a message of wire.NameExchange.
func (s *Swarm) exchanged(p *peer, payload []byte) {
	if p.spoke && !s.private() {
		s.emit(Extension{p.id, payload})
	}
}

// extend sends one, if the peer still takes them and reads what it is sent.
func (s *Swarm) extend(ev Extend) {
	p := s.peers[ev.Peer]
	if p == nil || !p.spoke || p.ext.exchange == 0 || s.private() || p.sent-p.drained > maxUnsent {
		return
	}
	s.send(p, wire.Extended{ID: p.ext.exchange, Payload: ev.Payload})
}
