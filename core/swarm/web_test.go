package swarm

import (
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

// serving is a web server that has a torrent of one file.
func serving(tor torrent) func(webseed.Request) answer {
	return func(r webseed.Request) answer { return answer{data: tor.data[r.Offset:][:r.Length]} }
}

// fetch carries a Fetch out: a round trip, then chunks, then the end.
func (h *host) fetch(e Fetch) {
	h.fetches = append(h.fetches, e)
	a := h.web(e.Request)
	if a.rate == 0 {
		a.rate = 10 << 20
	}
	const chunk = 50_000 // in no way a block
	var next func()
	next = func() {
		switch {
		case h.aborted[e.Fetch]:
			h.handle(Fetched{e.Fetch, webseed.Aborted, errDisk})
		case len(a.data) == 0:
			h.handle(Fetched{e.Fetch, a.how, a.err})
		default:
			n := min(len(a.data), chunk)
			data := append([]byte(nil), a.data[:n]...)
			a.data = a.data[n:]
			h.n.after(time.Duration(int64(n)*int64(time.Second)/a.rate), func() {
				if !h.aborted[e.Fetch] {
					h.handle(Chunk{e.Fetch, data})
				}
				next()
			})
		}
	}
	h.n.after(2*h.n.latency, next)
}
