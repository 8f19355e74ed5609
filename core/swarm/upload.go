package swarm

import (
	"fmt"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

const (
	// maxQueue bounds the requests that are kept of one peer, and is what we say
	// in "reqq": as many as we ask for ourselves.
	maxQueue = maxDepth
	// maxMetadataQueue bounds the metadata pieces that one peer waits for: all of
	// the largest info dictionary, as stock WebTorrent asks for all at once.
	maxMetadataQueue = metainfo.MaxInfoSize/wire.MetadataPiece + 1
	// aheadTime is how much of a peer's rate may wait in its channel, aheadLeast
	// and highWater how many bytes at least and at most, and aheadFirst how many
	// before its rate is known. What waits there is in front of our requests: with
	// a megabyte for everyone, peers with slow uplinks asked seconds too late, and
	// a swarm of mixed links took a fifth longer. A channel tells late of what has
	// left, but of all but 8 KiB once it is empty; so the least must be above that.
	aheadTime  = 500 * time.Millisecond
	aheadLeast = 16 << 10
	aheadFirst = 64 << 10
	highWater  = 1 << 20
	// aheadLanes is how many while a peer may want lanes: our answers wait behind
	// them, and with half a megabyte lanes came a third of a second later. It lasts
	// for no more than hastyBytes.
	aheadLanes = 128 << 10
	hastyBytes = 8 << 20
	// cacheSize bounds the pieces that are kept for upload, in bytes.
	cacheSize = 32 << 20
	// readAhead bounds the bytes that are being read, and aheadBlocks how far a
	// peer's queue is looked through for what to read next.
	readAhead   = 4 << 20
	aheadBlocks = 64
	// readRate is how fast a peer is forgiven what was read for it, in bytes per
	// second, and maxUnearned how much of that may be unforgiven: as much as the
	// cache holds. Each block that it takes earns a whole piece, as it may have the
	// others of other peers, or we may have lost the piece from the cache before it
	// came to the next. So one that asks for blocks, in whatever order, never
	// waits, and one that asks for single bytes makes us fill the cache once.
	readRate    = 1 << 20
	maxUnearned = cacheSize
)

// uploads is what all peers that we serve have in common.
type uploads struct {
	cache   *cache
	reading map[metainfo.PieceIndex]bool // Read was emitted and is not answered
	bytes   int                          // of those pieces
	lost    []metainfo.PieceIndex        // verified, but the store could not read them
	turn    int                          // who is served first the next time
}

// upload is what a peer waits for.
type upload struct {
	queue    []metainfo.Block
	metadata []int     // pieces of the info dictionary
	given    int       // of these, how many it was ever sent
	earned   time.Time // when what was read for it will be forgiven
	refused  time.Time // when what it asked for was last refused as a whole
}

// forgiving is how long so many bytes take to be forgiven.
func forgiving(bytes int) time.Duration { return time.Duration(bytes) * time.Second / readRate }

// request queues what a peer asks for, over its main connection or a lane.
func (s *Swarm) request(p *peer, l *lane, m wire.Request) (reason string) {
	if m.Length > wire.MaxBlock {
		return "asks for too long a block"
	}
	b, ok := s.servable(m.Piece, m.Begin, m.Length)
	switch {
	case ok && slices.Contains(*p.queueOf(l), b):
		s.meter(p, priceOfNoise) // it waits for it already
	case ok && p.waitsFor(b): // over a connection that it has given up
		p.forget(b)
		queue := p.queueOf(l)
		*queue = append(*queue, b)
	case ok && p.slot.Has(b.Piece):
		s.reject(p, l, m.Piece, m.Begin, m.Length)
		s.judgeRequest(p)
	case !ok || p.queued() >= maxQueue || !p.unchoked && !s.isFree(p, b):
		s.reject(p, l, m.Piece, m.Begin, m.Length)
	default:
		queue := p.queueOf(l)
		*queue = append(*queue, b)
	}
	return ""
}

// servable proves a request: a block of a piece that we have.
func (s *Swarm) servable(piece, begin, length uint32) (metainfo.Block, bool) {
	if !s.store.open {
		return metainfo.Block{}, false
	}
	b, ok := s.info.Layout.Range(piece, begin, length)
	return b, ok && s.picker.Have().Has(int(b.Piece)) && !slices.Contains(s.uploads.lost, b.Piece)
}

// reject refuses a request; without the fast extension silence does.
func (s *Swarm) reject(p *peer, l *lane, piece, begin, length uint32) {
	if p.fast {
		s.sendOver(p, l, wire.Reject{Piece: piece, Begin: begin, Length: length})
	}
}

func (s *Swarm) rejectBlock(p *peer, l *lane, b metainfo.Block) {
	s.reject(p, l, uint32(b.Piece), uint32(b.Begin), uint32(b.Length))
}

// cancel takes a request out of the queue. With the fast extension every request
// is answered, a cancelled one too (BEP 6).
func (s *Swarm) cancel(p *peer, l *lane, m wire.Cancel) {
	b, ok := s.servable(m.Piece, m.Begin, m.Length)
	if !ok {
		return
	}
	queue := p.queueOf(l)
	if at := slices.Index(*queue, b); at >= 0 {
		*queue = slices.Delete(*queue, at, at+1)
		s.rejectBlock(p, l, b)
	}
}

// refuse empties a peer's queue.
func (s *Swarm) refuse(p *peer) {
	p.up.refused = s.now
	s.refuseThose(p, func(metainfo.Block) bool { return true })
}

func (s *Swarm) refuseMetadata(p *peer) {
	for _, i := range p.up.metadata {
		s.send(p, wire.Metadata{Type: wire.MetadataReject, Piece: int64(i)}.Message(p.ext.metadata))
	}
	p.up.metadata = nil
}

// serve sends to one peer what it may have now. While a limit holds all back,
// they have turns.
func (s *Swarm) serve(p *peer) {
	if s.shaping.up.waiting() {
		if s.shaping.up.due(s.now) {
			s.serveAll()
		}
		return
	}
	for s.serveOne(p) {
	}
}

// serveAll sends to all, one block each at a time. Where a limit ends it, the
// peer that would have been next comes first the next time.
func (s *Swarm) serveAll() {
	n := len(s.order)
	for again := true; again; {
		again = false
		for range n {
			if s.serveOne(s.order[s.uploads.turn%n]) {
				again = true
			}
			if s.shaping.up.shut(s.now) {
				return
			}
			s.uploads.turn++
		}
	}
	s.uploads.turn++
}

// serveOne sends one block or piece of metadata, if the peer's channel has room
// and the piece is in the cache. Otherwise Drained or ReadDone goes on.
func (s *Swarm) serveOne(p *peer) bool {
	return !p.gone && (s.serveMain(p) || s.serveLanes(p))
}

func (s *Swarm) serveMain(p *peer) bool {
	if p.sent-p.drained >= s.ahead(p) {
		return false
	}
	if len(p.up.metadata) > 0 {
		if !s.shaping.up.pass(s.now, s.cfg.Up, wire.MetadataPiece) {
			return false
		}
		s.sendMetadata(p, p.up.metadata[0])
		p.up.metadata = p.up.metadata[1:]
		return true
	}
	return s.serveBlock(p, nil)
}

// serveBlock sends the block that comes next over one connection.
func (s *Swarm) serveBlock(p *peer, l *lane) bool {
	queue := p.queueOf(l)
	if len(*queue) == 0 {
		return false
	}
	b := (*queue)[0]
	data, ok := s.uploads.cache.get(b.Piece)
	if !ok {
		s.readFor(p, *queue)
		return false
	}
	if !s.shaping.up.pass(s.now, s.cfg.Up, b.Length) {
		return false
	}
	*queue = (*queue)[1:]
	end := b.Begin + b.Length
	s.sendOver(p, l, wire.Piece{Piece: uint32(b.Piece), Begin: uint32(b.Begin), Block: data[b.Begin:end:end]})
	s.count(p, &p.out, &s.out, b.Length)
	s.gave(p, b.Length)
	if l != nil {
		l.out.add(s.now, int64(b.Length))
	}
	if p.shown.concealed {
		s.behind(p, b.Piece, b.Length)
		s.show(p)
	}
	whole := max(s.info.Layout.PieceLength(), metainfo.BlockSize)
	p.up.earned = p.up.earned.Add(-forgiving(whole) * time.Duration(b.Length) / metainfo.BlockSize)
	return true
}

// ahead is how many bytes may wait in a peer's channel when the next block goes
// into it: what leaves within aheadTime. Requests and Haves wait behind them.
func (s *Swarm) ahead(p *peer) int64 {
	if p.out.total < 2*aheadFirst {
		return aheadFirst
	}
	ahead := p.aheadAt(p.out.rate(s.now, shortWindow) - s.laneRate(p))
	if p.mayWantLanes() {
		return min(ahead, aheadLanes)
	}
	return ahead
}

// aheadAt is that for one connection of a peer, at this rate; all together hold
// highWater at most.
func (p *peer) aheadAt(rate int64) int64 {
	most := highWater / int64(1+len(p.lanes.all))
	return min(max(rate*int64(aheadTime)/int64(time.Second), aheadLeast), most)
}

// readFor reads the pieces that a peer waits for next, each once for all; no more
// before the first of them is there: what is asked of a store at once may be read
// at once.
func (s *Swarm) readFor(p *peer, queue []metainfo.Block) {
	if s.uploads.reading[queue[0].Piece] {
		return
	}
	if p.up.earned.Before(s.now) {
		p.up.earned = s.now
	}
	for _, b := range queue[:min(len(queue), aheadBlocks)] {
		piece := s.info.Layout.Piece(b.Piece)
		if s.uploads.reading[b.Piece] || s.uploads.cache.has(b.Piece) {
			continue
		}
		if s.uploads.bytes > 0 && s.uploads.bytes+piece.Length > readAhead {
			return
		}
		if next := p.up.earned.Add(-forgiving(maxUnearned)); next.After(s.now) {
			s.wakeBy(next)
			return
		}
		s.uploads.reading[b.Piece] = true
		s.uploads.bytes += piece.Length
		p.up.earned = p.up.earned.Add(forgiving(piece.Length))
		if s.Doubted(b.Piece) {
			s.emit(Verify{piece}) // proved goes on
		} else {
			s.emit(Read{piece})
		}
	}
}

// lose takes back that we have a piece, until the store is tried again (BEP 54).
func (s *Swarm) lose(i metainfo.PieceIndex) {
	if slices.Contains(s.uploads.lost, i) {
		return
	}
	s.uploads.lost = append(s.uploads.lost, i)
	s.superOff()
	s.disown(i)
}

// disown tells peers, where they can be told, that we do not have a piece.
func (s *Swarm) disown(i metainfo.PieceIndex) {
	for _, p := range s.order {
		if p.ext.dontHave != 0 && !p.gone {
			s.send(p, wire.DontHave{Piece: uint32(i)}.Message(p.ext.dontHave))
		}
	}
}

// regain tells of lost pieces again.
func (s *Swarm) regain() {
	for _, i := range s.uploads.lost {
		s.announce(i)
	}
	s.uploads.lost = nil
}

// endReading reports whether a piece was being read.
func (s *Swarm) endReading(i metainfo.PieceIndex) bool {
	if !s.uploads.reading[i] {
		return false
	}
	delete(s.uploads.reading, i)
	s.uploads.bytes -= s.info.Layout.Piece(i).Length
	return true
}

func (s *Swarm) readDone(ev ReadDone) {
	if !s.endReading(ev.Piece) {
		return
	}
	length := s.info.Layout.Piece(ev.Piece).Length
	if ev.Err == nil && len(ev.Data) != length {
		ev.Err = fmt.Errorf("piece %d has %d bytes in the store, not %d", ev.Piece, len(ev.Data), length)
	}
	if ev.Err != nil {
		s.lose(ev.Piece)
		s.fail(ev.Err) // which refuses all that is queued
		return
	}
	s.uploads.cache.put(ev.Piece, ev.Data)
	s.serveAll()
}
