package swarm

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

const (
	// showTime is how much of a peer's rate lies before it in pieces that it was
	// shown and was not sent yet, and showLeast how many bytes at least: what it
	// asks for within a round trip before its rate is known.
	showTime  = time.Second
	showLeast = 256 << 10
	// maxTakenBack is up to how many pieces a peer that was told of everything is
	// told that we lack them, so that it gets them in its turn like the others.
	maxTakenBack = 1000
	// showAgain is how long a piece is left to the peer it was shown to that takes
	// nothing of it, once every piece was shown to somebody.
	showAgain = 5 * time.Second
	// unwanted is how long a peer may ask for nothing of what it was shown before it
	// is shown more, each time twice as much: it has chosen some files only.
	unwanted = 2 * time.Second
	// superPatience is how long no new piece may come into the swarm before all
	// are told of everything.
	superPatience = 30 * time.Second
	superTick     = time.Second
	// dripSize and dripTime are how many pieces a peer is told of at once when
	// super-seeding ends, and how often: 9 KB/s.
	dripSize = 250
	dripTime = 250 * time.Millisecond
)

// superseed is how a lone first seed gives each piece away once before any of
// them twice (BEP 16):
//
//	off     we were not complete from the start, or are not needed any more
//	ready   until a second peer comes: one alone is told of everything
//	on      peers that come are told that we have nothing, then of a few pieces
//	        each, of which nobody else was told; of more as they take these
//
// It ends when every piece was seen at somebody, when another seed comes, and
// when nothing new has spread for a while. Then everyone is told of everything.
type superseed struct {
	ready bool
	on    bool
	out   *bitfield.Bitfield // seen at some peer
	news  time.Time          // when a piece was seen for the first time
	next  int                // the first piece that was shown to nobody
	shown []showing          // and not seen yet, the oldest first
}

// showing is a piece that one peer was told of.
type showing struct {
	piece metainfo.PieceIndex
	to    *peer
	at    time.Time // or when it last took a block of it
}

// exposure is what one peer knows of what we have, while that is not all.
type exposure struct {
	concealed bool
	told      *bitfield.Bitfield
	ahead     []portion // told of, and not sent yet
	bytes     int       // of these
	at        time.Time // when it was last told, or took a block
	cursor    int       // before this it was told of all that it lacks
	unwanted  int       // pieces it was shown in vain the last time
	drip      time.Time // when it is told of more, once super-seeding is over
}

type portion struct {
	piece metainfo.PieceIndex
	left  int // bytes that were not sent
}

// conceals reports whether a peer is not told of all that we have.
func (s *Swarm) conceals(p *peer) bool { return p.shown.concealed }

// conceal decides what a peer is told first, and reports whether that is
// nothing.
func (s *Swarm) conceal(p *peer) bool {
	if s.super.ready && !s.super.on && s.counts.peers > 1 && s.counts.seeds == 0 {
		s.superOn()
	}
	if !s.super.on {
		return false
	}
	p.shown = exposure{concealed: true, told: bitfield.New(s.info.Layout.Pieces()), at: s.now}
	return true
}

func (s *Swarm) superOn() {
	s.super = superseed{on: true, ready: true, out: bitfield.New(s.info.Layout.Pieces()), news: s.now}
	for _, p := range s.order {
		s.seenAll(p)
		s.takeBackHaves(p)
	}
	s.wakeBy(s.now.Add(superTick))
}

// takeBackHaves makes one of the concealed of a peer that came before
// super-seeding began, where it can be told (BEP 54). It goes on with what it
// has asked for.
func (s *Swarm) takeBackHaves(p *peer) {
	pieces := s.info.Layout.Pieces()
	if p.gone || p.shown.concealed || !p.claims.stated || p.slot == nil || p.isSeed() ||
		p.ext.dontHave == 0 || pieces > maxTakenBack {
		return
	}
	p.shown = exposure{concealed: true, told: bitfield.New(pieces), at: s.now}
	for _, b := range p.up.queue {
		if s.isNew(p, int(b.Piece)) {
			s.expose(p, b.Piece)
		}
	}
	for i := range pieces {
		if s.isNew(p, i) {
			s.send(p, wire.DontHave{Piece: uint32(i)}.Message(p.ext.dontHave))
		}
	}
}

// superOff tells everyone of everything, little by little.
func (s *Swarm) superOff() {
	s.super = superseed{}
	for _, p := range s.order {
		if p.shown.concealed && !p.gone {
			p.shown.ahead, p.shown.cursor = nil, 0
			s.drip(p)
		}
	}
}

// seen: a peer has a piece.
func (s *Swarm) seen(i metainfo.PieceIndex) {
	if !s.super.on || !s.super.out.Set(int(i)) {
		return
	}
	s.super.news = s.now
	s.super.shown = slices.DeleteFunc(s.super.shown, func(g showing) bool { return g.piece == i })
}

func (s *Swarm) seenAll(p *peer) {
	if p.slot == nil || !s.super.on {
		return
	}
	for i := range s.super.out.Len() {
		if p.slot.Has(metainfo.PieceIndex(i)) {
			s.seen(metainfo.PieceIndex(i))
		}
	}
}

// checkSuper ends super-seeding where it is of no use any more.
func (s *Swarm) checkSuper() {
	if s.super.on && (s.super.out.All() || s.counts.seeds > 0 || s.now.Sub(s.super.news) >= superPatience) {
		s.superOff()
	}
}

// got: a peer says that it has a piece. It needs no more of it from us.
func (s *Swarm) got(p *peer, i metainfo.PieceIndex) {
	if p.shown.concealed {
		s.behind(p, i, s.info.Layout.PieceLength())
	}
}

// behind counts what a peer was sent, or needs not be sent, of a piece.
func (s *Swarm) behind(p *peer, i metainfo.PieceIndex, bytes int) {
	x := &p.shown
	at := slices.IndexFunc(x.ahead, func(t portion) bool { return t.piece == i })
	if at < 0 {
		return
	}
	x.at = s.now
	bytes = min(bytes, x.ahead[at].left)
	if k := slices.IndexFunc(s.super.shown, func(g showing) bool { return g.piece == i && g.to == p }); k >= 0 {
		s.super.shown[k].at = s.now
	}
	x.ahead[at].left -= bytes
	x.bytes -= bytes
	if x.ahead[at].left == 0 {
		x.ahead = slices.Delete(x.ahead, at, at+1)
	}
}

// show tells a peer of pieces: one while it is choked, so that it is interested,
// and as many as it may take in a while when it is not.
func (s *Swarm) show(p *peer) {
	x := &p.shown
	if !x.concealed || !s.super.on || s.paused || p.slot == nil {
		return
	}
	if !p.unchoked {
		if len(x.ahead) == 0 {
			s.showNext(p)
		}
		return
	}
	window := max(showLeast, 2*s.info.Layout.PieceLength(), int(p.out.rate(s.now, shortWindow)*int64(showTime/time.Second)))
	for x.bytes < window && s.showNext(p) {
	}
}

// showNext tells a peer of one more piece: one that nobody was told of; then one
// that others who were told of it do not take; then, before it idles, any.
func (s *Swarm) showNext(p *peer) bool {
	for s.super.next < s.super.out.Len() {
		i := s.super.next
		s.super.next++
		switch piece := metainfo.PieceIndex(i); {
		case s.super.out.Has(i):
		case !s.isNew(p, i): // it was shown in vain; others may have it
			s.super.shown = append(s.super.shown, showing{piece: piece, to: p})
		default:
			s.super.shown = append(s.super.shown, showing{piece, p, s.now})
			s.tell(p, piece)
			return true
		}
	}
	for at := range s.super.shown {
		if g := &s.super.shown[at]; g.to != p && s.isNew(p, int(g.piece)) && s.neglected(g) {
			g.to, g.at = p, s.now
			s.tell(p, g.piece)
			return true
		}
	}
	return len(p.shown.ahead) == 0 && s.turns.uplink.waiting < showLeast && s.showAny(p)
}

// neglected reports whether a piece may be shown to somebody else.
func (s *Swarm) neglected(g *showing) bool {
	return g.to.gone || !g.to.unchoked || !g.to.turn.Interested || s.now.Sub(g.at) >= showAgain
}

// isNew reports whether a peer lacks piece i, was not told of it, and can have it
// from us.
func (s *Swarm) isNew(p *peer, i int) bool {
	piece := metainfo.PieceIndex(i)
	return !p.shown.told.Has(i) && !p.slot.Has(piece) &&
		s.picker.Have().Has(i) && !slices.Contains(s.uploads.lost, piece)
}

// showAny tells a peer of the first piece that it lacks and does not know of.
func (s *Swarm) showAny(p *peer) bool {
	for x := &p.shown; x.cursor < x.told.Len(); x.cursor++ {
		if s.isNew(p, x.cursor) {
			s.tell(p, metainfo.PieceIndex(x.cursor))
			return true
		}
	}
	return false
}

func (s *Swarm) tell(p *peer, i metainfo.PieceIndex) {
	s.expose(p, i)
	s.send(p, wire.Have{Piece: uint32(i)})
}

// expose counts a piece that a peer knows of.
func (s *Swarm) expose(p *peer, i metainfo.PieceIndex) {
	length := s.info.Layout.Piece(i).Length
	x := &p.shown
	x.told.Set(int(i))
	x.ahead = append(x.ahead, portion{i, length})
	x.bytes += length
	x.at = s.now
}

// tickSuper looks after a peer that is not told of everything.
func (s *Swarm) tickSuper(p *peer) {
	if s.super.on {
		s.takeBackHaves(p)
	}
	x := &p.shown
	if !x.concealed || p.gone {
		return
	}
	if !s.super.on {
		s.drip(p)
		return
	}
	s.wakeBy(s.now.Add(superTick))
	waits := !p.unchoked || len(p.up.queue) > 0 || p.sent > p.drained
	if takes := p.turn.Interested && waits; !takes && s.now.Sub(x.at) >= unwanted {
		s.showOthers(p)
	}
	s.show(p)
}

// showOthers gives up what a peer was shown in vain and shows it twice as much.
func (s *Swarm) showOthers(p *peer) {
	x := &p.shown
	x.ahead, x.bytes = nil, 0
	x.unwanted = min(max(2*x.unwanted, 2), dripSize*int(unwanted/dripTime))
	for n := 0; n < x.unwanted && s.showAny(p); n++ {
	}
}

// drip tells a peer of some more pieces, once super-seeding is over.
func (s *Swarm) drip(p *peer) {
	x := &p.shown
	if s.now.Before(x.drip) {
		s.wakeBy(x.drip)
		return
	}
	for n := 0; n < dripSize; n++ {
		if !s.showAny(p) {
			p.shown = exposure{}
			return
		}
	}
	x.ahead, x.bytes = nil, 0
	x.drip = s.now.Add(dripTime)
	s.wakeBy(x.drip)
}
