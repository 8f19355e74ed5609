package picker

// Trust says whether a peer has proved itself. Until it has, it works at one
// piece, from the first block that it is asked for until the piece is Verified
// or Failed, or until it has given the piece back without sending any of it; and
// no other peer that is not proven shares the piece while it is there and has
// something of it in flight, unless it would idle and nobody is proven yet.
// Proven ones may help. So what a peer without history can spoil is one piece,
// and it is known who did.
//
// A peer that joins is not proven. Once one of its pieces is Verified the caller
// says Trust(peer, true) for each of the senders, or it stays at one piece at a
// time.
func (p *Picker) Trust(peer *Peer, proven bool) {
	peer.proven = proven
	if proven {
		p.release(peer)
	}
}

// try notes which piece a peer that is not proven is at.
func (p *Picker) try(part *partial, peer *Peer) {
	if !peer.proven {
		peer.trial, part.trial = part, peer
	}
}

// release lets a peer have other pieces than the one it is at.
func (p *Picker) release(peer *Peer) {
	if part := peer.trial; part != nil {
		peer.trial = nil
		if part.trial == peer {
			part.trial = nil
		}
	}
}

// admits reports whether a piece is one that peer may work at, as far as trust
// goes.
func admits(part *partial, peer *Peer) bool {
	if peer.proven || peer.trial == part {
		return true
	}
	other := part.trial
	taken := other != nil && other != peer && other.asked.len() > 0
	return !taken && peer.trial == nil
}

// sentSome reports whether a block of a piece is from peer.
func (part *partial) sentSome(peer *Peer) bool {
	for n := range part.blocks {
		if b := &part.blocks[n]; b.arrived && b.holder == peer {
			return true
		}
	}
	return false
}

// excuse releases a peer that has given back all it was asked for of its piece
// and has sent nothing of it.
func (p *Picker) excuse(peer *Peer) {
	if part := peer.trial; part != nil && peer.asked.len() == 0 && !part.sentSome(peer) {
		p.release(peer)
	}
}
