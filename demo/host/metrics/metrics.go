//go:build !js

// Package metrics writes a few numbers in the text format of Prometheus. In
// come functions that know a number, out comes a page; it keeps no number of
// its own and knows neither labels nor histograms.
package metrics

import (
	"bytes"
	"fmt"
	"net/http"
)

// Metric is one number.
type Metric struct {
	Name    string // "shoal_peers"; counters end in _total, units are in the name
	Help    string // one sentence, without line breaks
	Counter bool   // it only grows; otherwise it is a gauge
	Value   func() float64
}

// Handler serves the metrics as they are at the time of the request.
func Handler(metrics []Metric) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Write(expose(metrics))
	})
}

func expose(metrics []Metric) []byte {
	var page bytes.Buffer
	for _, m := range metrics {
		kind := "gauge"
		if m.Counter {
			kind = "counter"
		}
		fmt.Fprintf(&page, "# HELP %s %s\n# TYPE %s %s\n%s %v\n", m.Name, m.Help, m.Name, kind, m.Name, m.Value())
	}
	return page.Bytes()
}
