package swarm

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
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
	// ways, where the shortest answer takes most of it, it is half as much again
	// as that.
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
	shortest time.Duration    // the shortest answer
	usual    time.Duration    // answers on average
	since    time.Time        // the last block came, or the first was asked for
	rest     time.Time        // not asked before
	snubbed  bool             // it left us waiting; it has one request until it answers
	shrunk   time.Time        // when depth was last made less
	unasked  int64            // bytes
}

type request struct {
	block metainfo.Block
	at    time.Time
}

// learn lets the depth follow how long the answer to a request took. It doubles
// within one round trip while answers are quick, grows by one block while they
// are in time, and shrinks by as much as they are too slow, then not again
// before a request that was made since has been answered. Several that fetch
// from one uplink see the same delay: as all grow alike and shrink in
// proportion, their shares become equal.
func (d *download) learn(asked, now time.Time) {
	took := now.Sub(asked)
	if d.usual == 0 {
		d.usual, d.shortest = took, took
	}
	d.usual += (took - d.usual) / 8
	d.shortest = min(d.shortest, took)
	d.snubbed = false
	switch most := max(inTime, d.shortest+d.shortest/2); {
	case took <= max(most/4, d.shortest+d.shortest/4):
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

// patience is how long the peer may send nothing.
func (d *download) patience() time.Duration {
	if d.usual == 0 {
		return maxPatience
	}
	return min(max(4*d.usual, minPatience), maxPatience)
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
