package swarm

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
)

const (
	// firstDepth is how many blocks are asked of a peer before anything is known
	// about it: 256 KiB, which a slow peer still sends in time.
	firstDepth = 16
	minDepth   = 2
	// maxDepth bounds the blocks asked of one peer: 8 MiB, which is 80 MB/s over
	// 100 ms.
	maxDepth = 512
	// inTime is how long an answer may take. From a peer that needs less more is
	// asked, from one that needs longer less: so what is asked for is its rate
	// times this time, with no rate measured. What waits at one peer cannot be
	// asked of another: a second of it made a small swarm a quarter slower and
	// sent 5 % twice, in virtual time. It is the same for all who share a peer's
	// uplink, as whoever allowed more would crowd the others out; only over long
	// ways, where the way there and back takes most of it, it is half as much again
	// as that. The way is what the first answer of all took, to our handshake:
	// whoever took it from the first block would count the queue that others keep
	// at the peer as way, and allow more than they do. In a swarm of a hundred the
	// seed then served one, and idled when that one was done.
	inTime = 400 * time.Millisecond
	// minPatience and maxPatience bound how long a peer may send no block while
	// some are asked for. Stock WebTorrent waits 30 s before it hangs up.
	minPatience = 5 * time.Second
	maxPatience = 20 * time.Second
)

// download is what we ask of one peer.
type download struct {
	requests []request        // outstanding, oldest first
	late     []metainfo.Block // no longer waited for, but may still come; bounded
	depth    int              // how many requests are to be outstanding
	timely   int              // answers in time, since depth last changed
	trip     time.Duration    // there and back, as far as is known; 0 while it is not
	usual    time.Duration    // answers on average
	since    time.Time        // the last block came, or the first was asked for
	rest     time.Time        // not asked before
	wayFree  time.Time        // nothing is taken back for a reader before
	doubted  bool             // it is quiet; it is not asked until it sends something
	snubbed  bool             // it left us waiting; it has one request until it answers
	mute     bool             // and has never sent a block; it has none while another may
	shrunk   time.Time        // when depth was last made less
}

type request struct {
	block metainfo.Block
	slot  *picker.Peer // of which it was asked
	at    time.Time
	lane  *lane // over which; nil for the main connection
}

// learn lets the depth follow how long the answer to a request took. It doubles
// within one round trip while answers are quick, grows by one block while they
// are in time, and shrinks by as much as they are too slow, then not again
// before a request that was made since has been answered. Several that fetch
// from one uplink see the same delay: as all grow alike and shrink in
// proportion, their shares become equal.
func (d *download) learn(asked, now time.Time) {
	took := now.Sub(asked)
	d.came(took)
	switch most := max(inTime, d.trip+d.trip/2); {
	case took <= max(most/4, d.trip+d.trip/4):
		d.depth++
	case took <= most:
		if d.timely++; d.timely >= d.depth {
			d.depth, d.timely = d.depth+1, 0
		}
	case !asked.Before(d.shrunk):
		d.depth = int(int64(d.depth) * int64(most) / int64(took))
		d.shrunk, d.timely = now, 0
	}
	d.depth = min(max(d.depth, minDepth), maxDepth)
}

// came: an answer took so long.
func (d *download) came(took time.Duration) {
	if d.usual == 0 {
		d.usual = took
	}
	d.usual += (took - d.usual) / 8
	if d.trip == 0 || took < d.trip {
		d.trip = took
	}
	d.snubbed, d.doubted, d.mute = false, false, false
}

// patience is how long the peer may send nothing.
func (d *download) patience() time.Duration {
	if d.usual == 0 {
		return maxPatience
	}
	return min(max(4*d.usual, minPatience), maxPatience)
}

// doubt is how long the peer may send nothing before others that could are
// asked for the same.
func (d *download) doubt() time.Duration {
	if d.usual == 0 {
		return minPatience
	}
	return min(max(3*d.usual, overtaken), d.patience())
}

// cameLate: a block came that was given up.
func (d *download) cameLate(now time.Time) {
	if d.doubted {
		d.doubted, d.since = false, now
		d.depth = max(d.depth/2, minDepth)
	}
}

func (d *download) find(b metainfo.Block) int {
	return slices.IndexFunc(d.requests, func(r request) bool { return r.block == b })
}

func (d *download) forgetLate(b metainfo.Block) bool {
	at := slices.Index(d.late, b)
	if at >= 0 {
		d.late = slices.Delete(d.late, at, at+1)
	}
	return at >= 0
}

func (d *download) expectLate(b metainfo.Block) {
	if len(d.late) == maxDepth {
		d.late = slices.Delete(d.late, 0, 1)
	}
	d.late = append(d.late, b)
}
