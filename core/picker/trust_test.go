package picker

import "testing"

// joinUnknown is a peer with all pieces and no history.
func (p *Picker) joinUnknown(id uint64) *Peer {
	peer := p.Join(id)
	p.HasAll(peer)
	return peer
}

func TestUnprovenPeerWorksAtOnePieceAfterTheOther(t *testing.T) {
	p := newPicker(3)
	a := p.joinUnknown(1)
	for done := range 3 {
		// Given blocks of one piece only, whatever is asked for
		blocks := p.Pick(a, 10, nil)
		if len(blocks) != 2 || blocks[0].Piece != blocks[1].Piece {
			t.Fatalf("after %d pieces: picked %v, want one piece", done, blocks)
		}
		p.Arrived(a, blocks[0])
		p.Arrived(a, blocks[1])
		// When it is there, nothing is picked until it is hashed
		if more := p.Pick(a, 10, nil); more != nil {
			t.Fatalf("picked %v before the hash was known", more)
		}
		if done == 0 {
			p.Failed(blocks[0].Piece)
			continue
		}
		p.Verified(blocks[0].Piece)
	}
	// Then it is trusted with more
	p.Trust(a, true)
	if p.Left() != 2*blockSize || len(p.Pick(a, 10, nil)) != 2 {
		t.Errorf("%d bytes left", p.Left())
	}
}

func TestTrustedPeerIsFreeAtOnce(t *testing.T) {
	p := newPicker(5)
	a := p.joinUnknown(1)
	p.Pick(a, 2, nil)
	p.Trust(a, true)
	if got := p.Pick(a, 8, nil); len(got) != 8 {
		t.Errorf("picked %v", got)
	}
}

func TestUnprovenPeersShareNoPiece(t *testing.T) {
	p := newPicker(2)
	a, b, c := p.joinUnknown(1), p.joinUnknown(2), p.joinUnknown(3)
	d := p.joinWith(4)
	first := p.Pick(a, 1, nil)
	second := p.Pick(b, 2, nil)
	if first[0].Piece == pieceOf(t, second) {
		t.Errorf("both work at piece %d", first[0].Piece)
	}
	if got := p.Pick(c, 2, nil); got != nil {
		t.Errorf("a third was asked for %v", got)
	}
	// A proven peer may help, and in the endgame too
	p.HasAll(d)
	if got := p.Pick(d, 1, nil); pieceOf(t, got) != first[0].Piece {
		t.Errorf("the proven peer was asked for %v", got)
	}
	if !p.Endgame() || p.Pick(c, 2, nil) != nil || p.Pick(a, 4, nil)[0].Piece != first[0].Piece {
		t.Error("in the endgame a piece is shared")
	}
	// Who has nothing in flight, or has gone, holds nothing back
	p.Arrived(b, second[0])
	if p.Pick(c, 2, nil) != nil {
		t.Error("c shares a piece with b, which has a block of it in flight")
	}
	p.ReturnAll(b)
	if got := p.Pick(c, 2, nil); pieceOf(t, got) != second[1].Piece {
		t.Errorf("picked %v, want what b gave back", got)
	}
	p.Arrived(a, first[0])
	p.Leave(a)
	p.Leave(d)
	e := p.joinUnknown(5)
	if got := p.Pick(e, 1, nil); pieceOf(t, got) != first[0].Piece {
		t.Errorf("picked %v, want what a left", got)
	}
}

func TestUnprovenPeersShareAPieceWhereOneWouldIdle(t *testing.T) {
	p := newPicker(2)
	a, b, c := p.joinUnknown(1), p.joinUnknown(2), p.joinUnknown(3)
	first := p.Pick(a, 1, nil)
	second := p.Pick(b, 1, nil)
	// Given that nobody is proven, when the third comes then it helps with a block
	got := p.Pick(c, 1, nil)
	if i := pieceOf(t, got); i != first[0].Piece && i != second[0].Piece || got[0] == first[0] || got[0] == second[0] {
		t.Errorf("picked %v beside %v and %v", got, first, second)
	}
	// and whose piece it was goes on with it
	p.Arrived(a, first[0])
	p.Arrived(b, second[0])
	if len(p.Pick(a, 4, nil))+len(p.Pick(b, 4, nil)) != 1 {
		t.Error("there was one block left")
	}
}

func TestUnprovenPeerThatSentNothingMayTryAnother(t *testing.T) {
	p := newPicker(3)
	p.joinSeed(2)
	a, b := p.joinUnknown(1), p.peers[0]
	p.Arrived(b, p.Pick(b, 1, nil)[0]) // so that the piece stays begun
	at := p.Pick(a, 1, nil)
	p.Returned(a, at[0])
	p.Pick(b, 1, nil)
	got := p.Pick(a, 1, nil)
	if pieceOf(t, got) == at[0].Piece {
		t.Errorf("picked %v", got)
	}
	p.ReturnAll(a)
	// But one that sent a block stays until the piece is hashed
	other := p.Pick(a, 1, nil)[0]
	p.Arrived(a, other)
	p.ReturnAll(a)
	if got := p.Pick(a, 9, nil); len(got) != 1 || got[0].Piece != other.Piece {
		t.Errorf("picked %v, want the rest of piece %d", got, other.Piece)
	}
}

func TestSendersAreKnownByBlock(t *testing.T) {
	p := newPicker(1)
	a, b := p.joinSeed(1), p.joinSeed(2)
	one := p.Pick(a, 1, nil)[0]
	p.Pick(b, 1, nil)
	if p.Arrived(a, one); p.Senders(0)[0] != a || p.Senders(0)[1] != nil {
		t.Errorf("senders %v", p.Senders(0))
	}
	p.Failed(0)
	if p.Senders(0) != nil {
		t.Error("senders of a piece that was thrown away")
	}
}
