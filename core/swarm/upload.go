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
	// highWater is how many bytes may wait in a peer's channel, as far as we
	// know, when the next block goes into it. Our knowledge may lag by 320 KiB
	// (the contract of the channel), so it must be well above that.
	highWater = 1 << 20
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
	turn    int                          // who is served first the next time
}

// upload is what a peer waits for.
type upload struct {
	queue    []metainfo.Block
	metadata []int     // pieces of the info dictionary
	earned   time.Time // when what was read for it will be forgiven
}

// forgiving is how long so many bytes take to be forgiven.
func forgiving(bytes int) time.Duration { return time.Duration(bytes) * time.Second / readRate }

// request queues what a peer asks for.
func (s *Swarm) request(p *peer, m wire.Request) (reason string) {
	if m.Length > wire.MaxBlock {
		return "asks for too long a block"
	}
	b, ok := s.servable(m.Piece, m.Begin, m.Length)
	if !ok || !p.unchoked || len(p.up.queue) >= maxQueue {
		s.reject(p, m.Piece, m.Begin, m.Length)
		return ""
	}
	p.up.queue = append(p.up.queue, b)
	return ""
}

// servable proves a request: a block of a piece that we have.
func (s *Swarm) servable(piece, begin, length uint32) (metainfo.Block, bool) {
	if !s.store.open {
		return metainfo.Block{}, false
	}
	b, ok := s.info.Layout.Range(piece, begin, length)
	return b, ok && s.picker.Have().Has(int(b.Piece))
}

// reject refuses a request; without the fast extension silence does.
func (s *Swarm) reject(p *peer, piece, begin, length uint32) {
	if p.fast {
		s.send(p, wire.Reject{Piece: piece, Begin: begin, Length: length})
	}
}

func (s *Swarm) rejectBlock(p *peer, b metainfo.Block) {
	s.reject(p, uint32(b.Piece), uint32(b.Begin), uint32(b.Length))
}

// cancel takes a request out of the queue. With the fast extension every request
// is answered, a cancelled one too (BEP 6).
func (s *Swarm) cancel(p *peer, m wire.Cancel) {
	b, ok := s.servable(m.Piece, m.Begin, m.Length)
	if !ok {
		return
	}
	if at := slices.Index(p.up.queue, b); at >= 0 {
		p.up.queue = slices.Delete(p.up.queue, at, at+1)
		s.rejectBlock(p, b)
	}
}

// refuse empties a peer's queue.
func (s *Swarm) refuse(p *peer) {
	for _, b := range p.up.queue {
		s.rejectBlock(p, b)
	}
	p.up.queue = nil
}

// serve sends to one peer what it may have now.
func (s *Swarm) serve(p *peer) {
	for s.serveOne(p) {
	}
}

// serveAll sends to all, one block each at a time.
func (s *Swarm) serveAll() {
	n := len(s.order)
	s.uploads.turn++
	for again := true; again; {
		again = false
		for k := range n {
			if s.serveOne(s.order[(k+s.uploads.turn)%n]) {
				again = true
			}
		}
	}
}

// serveOne sends one block or piece of metadata, if the peer's channel has room
// and the piece is in the cache. Otherwise Drained or ReadDone goes on.
func (s *Swarm) serveOne(p *peer) bool {
	if p.gone || p.sent-p.drained >= highWater {
		return false
	}
	if len(p.up.metadata) > 0 {
		s.sendMetadata(p, p.up.metadata[0])
		p.up.metadata = p.up.metadata[1:]
		return true
	}
	if len(p.up.queue) == 0 {
		return false
	}
	b := p.up.queue[0]
	data, ok := s.uploads.cache.get(b.Piece)
	if !ok {
		s.readFor(p)
		return false
	}
	p.up.queue = p.up.queue[1:]
	end := b.Begin + b.Length
	s.send(p, wire.Piece{Piece: uint32(b.Piece), Begin: uint32(b.Begin), Block: data[b.Begin:end:end]})
	s.count(&p.out, &s.out, b.Length)
	whole := max(s.info.Layout.PieceLength(), metainfo.BlockSize)
	p.up.earned = p.up.earned.Add(-forgiving(whole) * time.Duration(b.Length) / metainfo.BlockSize)
	return true
}

// readFor reads the pieces that a peer waits for next, each once for all.
func (s *Swarm) readFor(p *peer) {
	if p.up.earned.Before(s.now) {
		p.up.earned = s.now
	}
	for _, b := range p.up.queue[:min(len(p.up.queue), aheadBlocks)] {
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
		s.emit(Read{piece})
	}
}

func (s *Swarm) readDone(ev ReadDone) {
	if !s.uploads.reading[ev.Piece] {
		return
	}
	length := s.info.Layout.Piece(ev.Piece).Length
	delete(s.uploads.reading, ev.Piece)
	s.uploads.bytes -= length
	if ev.Err == nil && len(ev.Data) != length {
		ev.Err = fmt.Errorf("piece %d has %d bytes in the store, not %d", ev.Piece, len(ev.Data), length)
	}
	if ev.Err != nil {
		s.fail(ev.Err) // which refuses all that is queued
		return
	}
	s.uploads.cache.put(ev.Piece, ev.Data)
	s.serveAll()
}
