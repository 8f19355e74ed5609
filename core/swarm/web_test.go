package swarm

import (
	"math"
	"time"

	"github.com/shoal-p2p/shoal/core/webseed"
)

// answer is what a web server in virtual time says to a request.
type answer struct {
	data []byte
	how  webseed.Outcome
	err  error
	rate int64 // bytes per second; 0 for 10 MiB/s
}

// site is what a host keeps of the web servers that it asks.
type site struct {
	streams map[uint64]*outgoing
	queue   func(Fetch) // where set, takes what is asked for and lets it wait
}

// serving is a web server that has a torrent of one file.
func serving(tor torrent) func(webseed.Request) answer {
	return func(r webseed.Request) answer { return answer{data: tor.data[r.Offset:][:r.Length]} }
}

// fetch carries a Fetch out: a round trip, then chunks, then the end. Of a stream
// no more is sent than it was let on to.
func (h *host) fetch(e Fetch) {
	if o := h.site.streams[e.Fetch]; o != nil {
		o.allowed += e.Request.Length
		return
	}
	h.fetches = append(h.fetches, e)
	if h.site.queue != nil {
		h.site.queue(e)
		return
	}
	o := &outgoing{h: h, fetch: e.Fetch, answer: h.web(e.Request), allowed: math.MaxInt64}
	if o.rate == 0 {
		o.rate = 10 << 20
	}
	if e.Request.Stream {
		o.allowed = 0
		if h.site.streams == nil {
			h.site.streams = make(map[uint64]*outgoing)
		}
		h.site.streams[e.Fetch] = o
	}
	h.handle(Chunk{e.Fetch, nil})
	h.n.after(2*h.n.latency, o.goOn)
}

// outgoing is an answer on its way.
type outgoing struct {
	h *host
	answer
	fetch   uint64
	allowed int64
}

func (o *outgoing) goOn() {
	const chunk, slowChunk = 50_000, 1_000 // in no way a block
	switch {
	case o.h.aborted[o.fetch]:
		o.h.handle(Fetched{o.fetch, webseed.Aborted, errDisk})
	case len(o.data) == 0:
		o.h.handle(Fetched{o.fetch, o.how, o.err})
	case o.allowed == 0:
		o.h.n.after(o.h.n.latency, o.goOn)
	default:
		most := chunk
		if o.rate < chunk {
			most = slowChunk
		}
		n := int(min(int64(len(o.data)), int64(most), o.allowed))
		data := append([]byte(nil), o.data[:n]...)
		o.data, o.allowed = o.data[n:], o.allowed-int64(n)
		o.h.n.after(time.Duration(int64(n)*int64(time.Second)/o.rate), func() {
			if !o.h.aborted[o.fetch] {
				o.h.handle(Chunk{o.fetch, data})
			}
			o.goOn()
		})
	}
}
