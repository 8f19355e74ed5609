//go:build !js

package serve

import (
	"net/http"
	"runtime"
	"time"

	"github.com/shoal-p2p/shoal/core/tracker"
	"github.com/shoal-p2p/shoal/demo/host/metrics"
)

// metrics serves what can be counted here.
func (h *host) metrics() http.Handler {
	count := func(name, help string, counter bool, read func(tracker.Stats) float64) metrics.Metric {
		return metrics.Metric{Name: name, Help: help, Counter: counter, Value: func() float64 {
			return read(h.announce.Stats())
		}}
	}
	return metrics.Handler([]metrics.Metric{
		count("shoal_tracker_sockets", "Open WebSockets.", false, func(s tracker.Stats) float64 { return float64(s.Clients) }),
		count("shoal_tracker_swarms", "Torrents with at least one peer.", false, func(s tracker.Stats) float64 { return float64(s.Swarms) }),
		count("shoal_tracker_peers", "Peers in all swarms, seeds included.", false, func(s tracker.Stats) float64 { return float64(s.Peers) }),
		count("shoal_tracker_seeds", "Peers that have everything.", false, func(s tracker.Stats) float64 { return float64(s.Seeds) }),
		count("shoal_tracker_messages_total", "Messages taken from peers.", true, func(s tracker.Stats) float64 { return float64(s.Messages) }),
		count("shoal_tracker_refused_total", "Messages answered with a failure.", true, func(s tracker.Stats) float64 { return float64(s.Refused) }),
		count("shoal_tracker_offers_total", "Offers relayed.", true, func(s tracker.Stats) float64 { return float64(s.Offers) }),
		count("shoal_tracker_answers_total", "Answers relayed.", true, func(s tracker.Stats) float64 { return float64(s.Answers) }),
		{Name: "shoal_stun_requests_total", Help: "STUN binding requests answered.", Counter: true, Value: h.stunRequests},
		{Name: "shoal_uptime_seconds", Help: "Time since the start.", Value: func() float64 { return time.Since(h.started).Seconds() }},
		{Name: "go_goroutines", Help: "Goroutines that exist.", Value: func() float64 { return float64(runtime.NumGoroutine()) }},
		{Name: "go_memory_bytes", Help: "Memory obtained from the system.", Value: memory},
	})
}

func (h *host) stunRequests() float64 {
	if h.stun == nil {
		return 0
	}
	return float64(h.stun.Requests())
}

func memory() float64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.Sys)
}
