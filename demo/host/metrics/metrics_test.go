//go:build !js

package metrics

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestThePageIsWhatPrometheusReads(t *testing.T) {
	peers := 2.0
	server := httptest.NewServer(Handler([]Metric{
		{"shoal_peers", "Peers in all swarms.", false, func() float64 { return peers }},
		{"shoal_offers_total", "Offers passed on.", true, func() float64 { return 12345678 }},
	}))
	defer server.Close()
	peers = 3

	response, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	want := `# HELP shoal_peers Peers in all swarms.
# TYPE shoal_peers gauge
shoal_peers 3
# HELP shoal_offers_total Offers passed on.
# TYPE shoal_offers_total counter
shoal_offers_total 1.2345678e+07
`
	if err != nil || string(page) != want {
		t.Errorf("the page is\n%s%v", page, err)
	}
	if got := response.Header.Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("the type is %q", got)
	}
}
