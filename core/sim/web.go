package sim

import (
	"errors"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/webseed"
)

// WebURL is where the world's web server has every file, in a folder of its own.
const WebURL = "http://web.sim/"

const (
	webLatency = 30 * time.Millisecond // one way
	webChunk   = 64 << 10              // bytes
)

// WebFault is what is wrong with a web server.
type WebFault uint8

// The faults.
const (
	WebFine     WebFault = iota
	WebMissing           // 404
	WebShort             // half of what was asked for
	WebBad               // the right number of wrong bytes
	WebNoRanges          // the whole file, whatever was asked for
	WebNoCORS            // no answer that a page may read
)

var errWeb = errors.New("sim: the web server does not deliver")

// webServer holds the files of the world's torrents.
type webServer struct {
	world *World
	up    int64 // bytes per second, of all together
	fault WebFault
	free  time.Duration // when its uplink has sent all it was given
	bytes int64         // that left it
	asked int
}

// OpenWeb starts the web server.
func (w *World) OpenWeb(up int64, fault WebFault) {
	w.web = &webServer{world: w, up: up, fault: fault}
}

// perform serves a Fetch. An Abort is let be: what is under way still comes.
func (s *webServer) perform(p *Peer, hash id.ID, e swarm.Effect) {
	fetch, ok := e.(swarm.Fetch)
	if !ok {
		return
	}
	end := func(outcome webseed.Outcome) {
		p.later(2*webLatency, node.Torrent{InfoHash: hash, Event: swarm.Fetched{Fetch: fetch.Fetch, Outcome: outcome, Err: errWeb}})
	}
	if s == nil {
		end(webseed.Unreachable)
		return
	}
	s.asked++
	switch s.fault {
	case WebMissing:
		end(webseed.Refused)
	case WebNoRanges:
		end(webseed.NoRanges)
	case WebNoCORS:
		end(webseed.Unreachable)
	default:
		s.deliver(p, p.holding(hash), fetch)
	}
}

// deliver sends a range in chunks, at the pace of the server's uplink.
func (s *webServer) deliver(p *Peer, h *holding, fetch swarm.Fetch) {
	r := fetch.Request
	data := h.content.data[r.Offset:][:r.Length]
	outcome, err := webseed.Delivered, error(nil)
	if s.fault == WebShort {
		data, outcome, err = data[:len(data)/2], webseed.WrongLength, errWeb
	}
	s.free = max(s.free, s.world.elapsed+webLatency)
	for len(data) > 0 {
		n := min(webChunk, len(data))
		chunk := s.copy(data[:n])
		data = data[n:]
		s.free += takes(n, s.up)
		s.bytes += int64(n)
		s.tell(p, h, swarm.Chunk{Fetch: fetch.Fetch, Data: chunk})
	}
	s.tell(p, h, swarm.Fetched{Fetch: fetch.Fetch, Outcome: outcome, Err: err})
}

func (s *webServer) copy(data []byte) []byte {
	chunk := append([]byte(nil), data...)
	if s.fault == WebBad {
		chunk[0] ^= 1
	}
	return chunk
}

func (s *webServer) tell(p *Peer, h *holding, ev swarm.Event) {
	life := p.life
	s.world.at(s.free+webLatency, func() {
		if p.life == life {
			s.world.note(p.index, noteFetched, s.bytes)
			p.handle(node.Torrent{InfoHash: h.hash, Event: ev})
		}
	})
}
