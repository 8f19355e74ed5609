package picker

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// world is a random swarm around one picker, with what the picker must keep.
type world struct {
	t      *testing.T
	rng    *rand.Rand
	layout metainfo.Layout
	p      *Picker
	peers  []*Peer
	asked  map[*Peer][]metainfo.Block
	next   uint64
	most   int // idle pieces at any time
}

func newWorld(t *testing.T, rng *rand.Rand) *world {
	pieces := 1 + rng.IntN(100)
	pieceLength := int64(1+rng.IntN(4)) * blockSize
	length := int64(pieces-1)*pieceLength + 1 + rng.Int64N(pieceLength)
	w := &world{t: t, rng: rng, layout: newLayout(length, pieceLength), asked: make(map[*Peer][]metainfo.Block)}
	w.p = New(w.layout, rng)
	for range rng.IntN(4) {
		begin := rng.Int64N(length)
		w.p.Pad(begin, begin+rng.Int64N(4*pieceLength))
	}
	return w
}

func (w *world) enter(peer *Peer) *Peer {
	w.peers = append(w.peers, peer)
	return peer
}

func (w *world) join() {
	w.next++
	peer := w.enter(w.p.Join(w.next))
	w.p.Trust(peer, w.rng.IntN(2) == 0)
	w.announce(peer)
}

// announce gives a peer many pieces at once, or all.
func (w *world) announce(peer *Peer) {
	switch w.rng.IntN(4) {
	case 0:
		w.p.HasAll(peer)
	default:
		pieces := bitfield.New(w.layout.Pieces())
		rarely := 1 + w.rng.IntN(8)
		for i := range pieces.Len() {
			if w.rng.IntN(rarely) == 0 {
				pieces.Set(i)
			}
		}
		w.p.HasSet(peer, pieces)
	}
}

func (w *world) leave(peer *Peer) {
	w.p.Leave(peer)
	delete(w.asked, peer)
	w.peers = without(w.peers, peer)
}

// best is the highest level of a piece that peer has and nobody works at.
func (w *world) best(peer *Peer) Priority {
	var best Priority
	for i := range metainfo.PieceIndex(w.layout.Pieces()) {
		if peer.Has(i) && w.p.mayStart(i) {
			best = max(best, w.p.level(i))
		}
	}
	return best
}

func (w *world) pick(peer *Peer, n int) {
	endgame, free := w.p.Endgame(), peer.proven && !w.p.enough(peer) && !w.p.slow(peer)
	best := w.best(peer)
	blocks := w.p.Pick(peer, n, nil)
	if !peer.proven && len(blocks) > 0 && best > 0 && peer.asked.len() == len(blocks) {
		w.checkAlone(peer, blocks[0].Piece)
	}
	if len(blocks) > n {
		w.t.Fatalf("picked %d blocks instead of %d", len(blocks), n)
	}
	if len(blocks) > 0 && free && w.p.level(blocks[0].Piece) < best {
		w.t.Fatalf("picked piece %d of level %d, though one of level %d is to be started", blocks[0].Piece, w.p.level(blocks[0].Piece), best)
	}
	if len(blocks) == 0 && free && best > 0 {
		w.t.Fatalf("peer %d idles, though it has a piece to be started", peer.Owner)
	}
	w.took(peer, blocks, endgame)
}

// checkAlone: of those who are not proven nobody else is at a piece that one was
// given who had nothing, and could have started another.
func (w *world) checkAlone(peer *Peer, i metainfo.PieceIndex) {
	for _, other := range w.peers {
		if other != peer && !other.proven && slices.ContainsFunc(w.asked[other], func(b metainfo.Block) bool { return b.Piece == i }) {
			w.t.Fatalf("peers %d and %d, which are not proven, share piece %d", peer.Owner, other.Owner, i)
		}
	}
}

func (w *world) pickRun(peer *Peer) {
	endgame := w.p.Endgame()
	most := int64(1+w.rng.IntN(10)) * blockSize
	run := w.p.PickRun(peer, most)
	sum, end := int64(0), int64(-1)
	for _, b := range run {
		begin := w.layout.Piece(b.Piece).Offset + int64(b.Begin)
		if end >= 0 && begin != end {
			w.t.Fatalf("a run with a gap: %v", run)
		}
		end = begin + int64(b.Length)
		sum += int64(b.Length)
	}
	if sum > most {
		w.t.Fatalf("a run of %d bytes instead of %d", sum, most)
	}
	w.took(peer, run, endgame)
}

// took checks what was picked. A block may be asked of two peers in the endgame,
// or because a reader waits for it.
func (w *world) took(peer *Peer, blocks []metainfo.Block, endgame bool) {
	endgame = endgame || w.p.Endgame()
	for _, b := range blocks {
		switch {
		case !peer.Has(b.Piece):
			w.t.Fatalf("peer %d was asked for piece %d, which it lacks", peer.Owner, b.Piece)
		case slices.Contains(w.asked[peer], b):
			w.t.Fatalf("peer %d was asked twice for %v", peer.Owner, b)
		case w.p.Have().Has(int(b.Piece)):
			w.t.Fatalf("asked for %v, which we have", b)
		case w.p.level(b.Piece) == 0:
			w.t.Fatalf("asked for %v, which nobody wants", b)
		}
		for _, other := range w.peers {
			if !endgame && w.p.level(b.Piece) != reading && slices.Contains(w.asked[other], b) {
				w.t.Fatalf("%v was asked twice, and it is not the endgame", b)
			}
		}
		w.asked[peer] = append(w.asked[peer], b)
	}
}

func (w *world) arrive(peer *Peer) {
	if len(w.asked[peer]) == 0 {
		return
	}
	k := w.rng.IntN(len(w.asked[peer]))
	b := w.asked[peer][k]
	w.asked[peer] = slices.Delete(w.asked[peer], k, k+1)
	got := w.p.Arrived(peer, b)
	for _, other := range got.Cancel {
		at := slices.Index(w.asked[other], b)
		if at < 0 {
			w.t.Fatalf("peer %d is to be cancelled, but was not asked for %v", other.Owner, b)
		}
		w.asked[other] = slices.Delete(w.asked[other], at, at+1)
	}
	if got.Complete {
		w.hash(b.Piece)
	}
}

// hash is mostly right, and who sent a piece that is right is trusted.
func (w *world) hash(i metainfo.PieceIndex) {
	if w.rng.IntN(10) == 0 {
		w.p.Failed(i)
		return
	}
	for _, sender := range w.p.Verified(i) {
		if !sender.gone {
			w.p.Trust(sender, true)
		}
	}
}

func (w *world) giveBack(peer *Peer) {
	if w.rng.IntN(2) == 0 {
		w.p.ReturnAll(peer)
		delete(w.asked, peer)
	} else if n := len(w.asked[peer]); n > 0 {
		w.p.Returned(peer, w.asked[peer][n-1])
		w.asked[peer] = w.asked[peer][:n-1]
	}
}

func (w *world) wish() {
	wishes := make([]Priority, w.layout.Pieces())
	highest := 1 + w.rng.IntN(9)
	for i := range wishes {
		wishes[i] = Priority(w.rng.IntN(highest))
	}
	w.p.Want(wishes)
}

func (w *world) read() {
	reader := uint64(w.rng.IntN(2 * MaxReaders))
	first := metainfo.PieceIndex(w.rng.IntN(w.layout.Pieces()))
	if w.rng.IntN(2) == 0 {
		w.p.CloseWindow(reader)
	} else {
		w.p.Window(reader, first, first+metainfo.PieceIndex(w.rng.IntN(6)))
	}
}

func (w *world) due() {
	for {
		i, ok := w.p.Due()
		if !ok {
			return
		}
		if w.p.Have().Has(int(i)) || w.p.level(i) == 0 {
			w.t.Fatalf("piece %d is due, but is there or not wanted", i)
		}
		w.check()
		w.hash(i)
	}
}

func (w *world) step() {
	if len(w.peers) == 0 || w.rng.IntN(20) == 0 && len(w.peers) < 12 {
		w.join()
	}
	peer := w.peers[w.rng.IntN(len(w.peers))]
	i := metainfo.PieceIndex(w.rng.IntN(w.layout.Pieces()))
	switch k := w.rng.IntN(100); {
	case k < 2:
		w.leave(peer)
	case k < 10:
		w.giveBack(peer)
	case k < 16:
		w.p.Has(peer, i)
	case k == 16:
		w.announce(peer)
	case k == 17:
		w.p.ReturnAll(peer)
		delete(w.asked, peer)
		w.p.Lacks(peer, i)
	case k < 19:
		w.wish()
	case k < 21:
		w.read()
	case k < 22:
		w.p.Sequential(w.rng.IntN(2) == 0)
	case k < 24:
		w.p.Rate(peer, w.rng.Int64N(4)*w.rng.Int64N(1<<20))
	case k < 25:
		w.due()
	case k == 25:
		w.p.Absent(peer, w.rng.IntN(2) == 0)
	case k == 26:
		w.p.Lost(i)
	case k < 32:
		w.pickRun(peer)
	case k < 60:
		w.pick(peer, 1+w.rng.IntN(10))
	default:
		w.arrive(peer)
	}
}

func (w *world) check() {
	for i := range metainfo.PieceIndex(w.layout.Pieces()) {
		w.checkPiece(i)
	}
	w.checkOrder()
	w.checkStarted()
	w.checkSeeds()
	for _, peer := range w.peers {
		w.checkPeer(peer)
	}
	w.checkTrust()
}

func (w *world) checkPiece(i metainfo.PieceIndex) {
	p, o := w.p, &w.p.order
	level := Skip
	if p.mayStart(i) {
		level = p.level(i)
	}
	if o.pieces[i].level != level {
		w.t.Fatalf("piece %d is at level %d of the order, want %d", i, o.pieces[i].level, level)
	}
	if part := p.started[i]; part != nil && part.level != p.level(i) {
		w.t.Fatalf("started piece %d has level %d, want %d", i, part.level, p.level(i))
	}
	available := uint16(0)
	for _, peer := range w.peers {
		if !peer.all && !peer.absent && peer.Has(i) {
			available++
		}
	}
	if o.pieces[i].availability != available {
		w.t.Fatalf("piece %d: availability %d, want %d", i, o.pieces[i].availability, available)
	}
	if level > 0 && o.buckets[level][o.pieces[i].bucket()][o.pieces[i].place] != i {
		w.t.Fatalf("piece %d is not in its bucket", i)
	}
	missing := p.level(i) > 0 && !p.have.Has(int(i))
	if p.need.has(int(i)) != (missing && !p.hollow.has(int(i))) {
		w.t.Fatalf("piece %d: needed %v", i, p.need.has(int(i)))
	}
	if p.due.has(int(i)) != (missing && p.hollow.has(int(i)) && p.started[i] == nil) {
		w.t.Fatalf("piece %d: due %v", i, p.due.has(int(i)))
	}
}

func (w *world) checkOrder() {
	o := &w.p.order
	for level := Low; level <= reading; level++ {
		in := 0
		for a, b := range o.buckets[level] {
			in += len(b)
			if (len(b) > 0) != (o.used[level]&(1<<a) != 0) {
				w.t.Fatalf("level %d, bucket %d: %d pieces", level, a, len(b))
			}
		}
		count := 0
		for i := range o.pieces {
			at := o.pieces[i].level
			if at == level {
				count++
			}
			if o.sets[level].has(i) != (at == level) {
				w.t.Fatalf("the set of level %d is wrong about piece %d", level, i)
			}
		}
		if in != count || o.sets[level].count != count {
			w.t.Fatalf("level %d: %d in buckets, %d in the set, want %d", level, in, o.sets[level].count, count)
		}
	}
}

// checkStarted proves that partial pieces are bounded: those that nobody works
// at are few, and there are no more of the others than requests.
func (w *world) checkStarted() {
	p := w.p
	idle, busy, open, requests, queued := 0, 0, 0, 0, 0
	for part := p.queue.first; part != nil; part = part.next {
		queued++
		free, asked, left := 0, 0, 0
		for n := range part.blocks {
			b := &part.blocks[n]
			switch {
			case b.arrived:
				continue
			case b.holder == nil:
				free++
			default:
				asked++
			}
			left++
		}
		if part.free != free || part.asked != asked || part.left != left {
			w.t.Fatalf("piece %d counts %d, %d, %d, want %d, %d, %d", part.index, part.free, part.asked, part.left, free, asked, left)
		}
		requests += asked
		switch {
		case asked > 0:
			busy++
		case left > 0:
			idle++
		}
		if part.open != (free > 0 && part.level > 0) || part.open != slices.Contains(p.open, part) {
			w.t.Fatalf("piece %d: open %v", part.index, part.open)
		}
		if part.open {
			open++
		}
	}
	if queued != len(p.started) || open != len(p.open) || idle != p.idle || requests != p.asked {
		w.t.Fatalf("started %d, open %d, idle %d, asked %d, want %d, %d, %d, %d", len(p.started), len(p.open), p.idle, p.asked, queued, open, idle, requests)
	}
	if idle > maxIdle || busy > requests {
		w.t.Fatalf("%d idle and %d other partial pieces with %d requests", idle, busy, requests)
	}
	w.most = max(w.most, idle)
}

func (w *world) checkSeeds() {
	seeds := 0
	for _, peer := range w.peers {
		if peer.all && !peer.absent {
			seeds++
		}
	}
	if w.p.seeds != seeds {
		w.t.Fatalf("%d seeds, want %d", w.p.seeds, seeds)
	}
}

func (w *world) checkPeer(peer *Peer) {
	p := w.p
	if peer.asked.len() != len(w.asked[peer]) {
		w.t.Fatalf("peer %d: %d in flight, want %d", peer.Owner, peer.asked.len(), len(w.asked[peer]))
	}
	interesting, count := 0, 0
	for i := range w.layout.Pieces() {
		if !peer.Has(metainfo.PieceIndex(i)) {
			continue
		}
		count++
		if p.need.has(i) {
			interesting++
		}
	}
	if p.Interesting(peer) != (interesting > 0) || peer.IsSeed() != (count == w.layout.Pieces()) {
		w.t.Fatalf("peer %d has %d pieces, %d needed; interesting %v, seed %v", peer.Owner, count, interesting, p.Interesting(peer), peer.IsSeed())
	}
	if peer.all {
		return
	}
	if peer.todo[Skip] != interesting || peer.count != count {
		w.t.Fatalf("peer %d has %d pieces, %d needed; want %d, %d", peer.Owner, peer.count, peer.todo[Skip], count, interesting)
	}
	for level := Low; level <= reading; level++ {
		var want, got []int
		for i := range w.layout.Pieces() {
			if p.order.pieces[i].level == level && peer.Has(metainfo.PieceIndex(i)) {
				want = append(want, i)
			}
		}
		own := p.startable(peer, level)
		for i := own.next(0); i >= 0; i = own.next(i + 1) {
			got = append(got, i)
		}
		if !slices.Equal(got, want) || own.count != len(want) {
			w.t.Fatalf("peer %d, level %d: finds %v and counts %d, want %v", peer.Owner, level, got, own.count, want)
		}
	}
}

// checkTrust: who is not proven is at one piece.
func (w *world) checkTrust() {
	for _, peer := range w.peers {
		if peer.proven {
			continue
		}
		in := make(map[metainfo.PieceIndex]bool)
		for _, b := range w.asked[peer] {
			in[b.Piece] = true
		}
		for part := w.p.queue.first; part != nil; part = part.next {
			if part.sentSome(peer) {
				in[part.index] = true
			}
		}
		if len(in) > 1 {
			w.t.Fatalf("peer %d is not proven, and works at %d pieces", peer.Owner, len(in))
		}
	}
}

func TestAnyCourseEndsWithEverything(t *testing.T) {
	rng := newRand(t)
	most := 0
	for round := range 60 {
		w := newWorld(t, rng)
		for range 400 {
			w.step()
			w.check()
		}
		most = max(most, w.most)
		// When at last one peer that nobody knows has everything and stays
		last := w.enter(w.p.Join(uint64(1 << 20)))
		w.p.HasAll(last)
		w.p.Want(nil)
		for steps := 0; w.p.Left() > 0; steps++ {
			if steps > 100000 {
				t.Fatalf("round %d: %d bytes are left for ever", round, w.p.Left())
			}
			w.due()
			w.pick(last, 1+rng.IntN(20))
			w.arrive(last)
			for _, peer := range w.peers {
				if peer != last { // the others go silent
					w.p.ReturnAll(peer)
					delete(w.asked, peer)
				}
			}
		}
		w.check()
		if len(w.p.retry)+len(w.p.started) > 0 {
			t.Errorf("everything is there, and %d pieces are remembered", len(w.p.retry)+len(w.p.started))
		}
	}
	t.Logf("%d idle pieces at most", most)
}
