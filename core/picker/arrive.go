package picker

import "github.com/shoal-p2p/shoal/core/metainfo"

// Arrival is what Arrived has to say.
type Arrival struct {
	Fresh    bool    // the block was missing; otherwise it is of no use
	Complete bool    // it was the last of its piece
	Cancel   []*Peer // who else was asked for it; they are no longer
}

// Arrived says that peer sent a block. It may come late, when the peer was
// thought not to send it any more. The block must be one as Pick gives it.
func (p *Picker) Arrived(peer *Peer, b metainfo.Block) Arrival {
	part, n := p.find(b)
	if part == nil && p.mayStart(b.Piece) {
		part = p.start(b.Piece)
	}
	if part == nil || part.blocks[n].arrived {
		return Arrival{}
	}
	was, idle := &part.blocks[n], part.idle()
	var cancel []*Peer
	if was.holder == nil {
		if part.free--; part.free == 0 {
			p.close(part)
		}
	} else {
		p.asked--
		part.asked--
		cancel = others(ask{part, n}, peer)
	}
	*was = block{arrived: true, holder: peer}
	part.left--
	part.kept++
	arrival := Arrival{Fresh: true, Complete: part.left == 0, Cancel: cancel}
	if now := part.idle(); now && !idle {
		p.idle++
	} else if idle && !now {
		p.idle--
	}
	p.trim()
	return arrival
}

// others ends all requests for a block and lists those of other peers.
func others(a ask, sender *Peer) []*Peer {
	b := &a.part.blocks[a.n]
	if b.holder == sender && b.others == nil { // the usual case allocates nothing
		sender.asked.remove(a)
		return nil
	}
	var others []*Peer
	for _, peer := range b.holders() {
		peer.asked.remove(a)
		if peer != sender {
			others = append(others, peer)
		}
	}
	return others
}

// Returned says that peer will not send a block that it was asked for.
func (p *Picker) Returned(peer *Peer, b metainfo.Block) {
	part, n := p.find(b)
	if part != nil && !part.blocks[n].arrived && part.blocks[n].heldBy(peer) {
		p.giveBack(part, n, peer)
		p.excuse(peer)
		p.trim()
	}
}

// ReturnAll says that peer will send nothing of what it was asked for.
func (p *Picker) ReturnAll(peer *Peer) {
	for peer.asked.len() > 0 {
		last := peer.asked.at(peer.asked.len() - 1)
		p.giveBack(last.part, last.n, peer)
	}
	p.excuse(peer)
	p.trim()
}

func (p *Picker) find(b metainfo.Block) (*partial, int) {
	n, ok := p.layout.Number(b)
	if !ok {
		panic("picker: not a block of this torrent")
	}
	return p.started[b.Piece], n
}
