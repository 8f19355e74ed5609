//go:build !js

package native_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/client/porttest"
	"github.com/shoal-p2p/shoal/core/native"
)

func TestHTTPKeepsItsContract(t *testing.T) {
	content := porttest.Content(200_000)
	var agent string
	mux := http.NewServeMux()
	mux.HandleFunc("/body", func(w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		w.Write(content)
	})
	mux.Handle("/redirect", http.RedirectHandler("/body", http.StatusFound))
	mux.Handle("/escape", http.RedirectHandler("file:///etc/hostname", http.StatusFound))
	mux.Handle("/round", http.RedirectHandler("/round", http.StatusFound))
	mux.HandleFunc("/stuck", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/ranged", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "x.bin", time.Time{}, bytes.NewReader(content))
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "200000")
		w.WriteHeader(http.StatusPartialContent)
		w.Write(content[:1000])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	port := native.NewHTTP()
	defer port.Close()

	porttest.HTTP(t, port, porttest.HTTPServer{
		Body:     server.URL + "/body",
		Content:  content,
		Missing:  server.URL + "/missing",
		Redirect: server.URL + "/redirect",
		Stuck:    server.URL + "/stuck",
		Refused:  refused(t, "http"),
		Ranged:   server.URL + "/ranged",
		Whole:    server.URL + "/body",
		Cut:      server.URL + "/cut",
	})
	if !strings.HasPrefix(agent, "Shoal/") {
		t.Errorf("the server was told we are %q", agent)
	}
	for _, path := range []string{"/escape", "/round"} {
		if body, err := port.Get(t.Context(), server.URL+path, 100); err == nil {
			body.Close()
			t.Errorf("%s was followed", path)
		}
	}
}

// refused returns a URL of a port of this machine on which nobody listens.
func refused(t *testing.T, scheme string) string {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	return scheme + strings.TrimPrefix(server.URL, "http")
}
