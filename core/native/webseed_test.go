//go:build !js

package native_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/client/porttest"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/native"
)

// alone is a client without peers or trackers, and its warnings of web seeds.
func alone(t *testing.T) (*client.Client, chan *client.Error) {
	t.Helper()
	port := native.NewHTTP()
	warned := make(chan *client.Error, 100)
	c := client.New(client.Config{
		Dialer:    client.NewMemoryDialer(),
		Sockets:   native.NewSockets(),
		HTTP:      port,
		OpenStore: client.OpenMemory,
		OnEvent: func(_ *client.Torrent, ev client.Event) {
			if warning, ok := ev.(client.Warning); ok && warning.Err.Code == client.CodeWebSeed {
				warned <- warning.Err
			}
		},
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
		port.Close()
	})
	return c, warned
}

// shared is a torrent of two files whose names need escapes, and what a web
// server has of it, by path.
func shared(t *testing.T, length int64) (torrent, data []byte, site map[string][]byte) {
	t.Helper()
	c, _ := alone(t)
	data = porttest.Content(length)
	third := length / 3
	src := client.MemorySource("a #1", data)
	src.Multi = true
	src.Files = []metainfo.File{
		{Path: []string{"100%?.bin"}, Length: third},
		{Path: []string{"ü", "b&c"}, Length: length - third},
	}
	seeded, err := c.Seed(t.Context(), src, client.SeedOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return seeded.TorrentFile(), data, map[string][]byte{"/pub/a #1/100%?.bin": data[:third], "/pub/a #1/ü/b&c": data[third:]}
}

// behaviour is how a web server answers a request for a file that it has.
type behaviour func(w http.ResponseWriter, r *http.Request, content []byte)

func withRanges(w http.ResponseWriter, r *http.Request, content []byte) {
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func withoutRanges(w http.ResponseWriter, _ *http.Request, content []byte) { w.Write(content) }

// corrupt has other bytes, as a file that was changed since.
func corrupt(w http.ResponseWriter, r *http.Request, content []byte) {
	withRanges(w, r, make([]byte, len(content)))
}

// cutShort has less than it should.
func cutShort(w http.ResponseWriter, _ *http.Request, _ []byte) {
	w.WriteHeader(http.StatusPartialContent)
	w.Write(make([]byte, 1000))
}

// tooLong sends more than was asked for.
func tooLong(w http.ResponseWriter, _ *http.Request, content []byte) {
	w.WriteHeader(http.StatusPartialContent)
	w.Write(content)
	w.Write(content)
}

func failing(status int) behaviour {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(status) }
}

// webServer serves a site in one way; what lies below /moved has moved to /pub.
func webServer(t *testing.T, site map[string][]byte, serve behaviour) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/moved"); ok {
			http.Redirect(w, r, "/pub"+rest, http.StatusFound)
			return
		}
		content, ok := site[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		serve(w, r, content)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestATorrentIsFetchedFromAWebServerAlone(t *testing.T) {
	torrent, data, site := shared(t, 9<<20+5)
	small, smallData, smallSite := shared(t, 5<<20)
	long, longData, longSite := shared(t, 40<<20+30)
	for _, c := range []struct {
		name    string
		torrent []byte
		data    []byte
		url     string
	}{
		{"with ranges", torrent, data, webServer(t, site, withRanges) + "/pub/"},
		{"behind redirects", torrent, data, webServer(t, site, withRanges) + "/moved/"},
		{"of small files, without ranges", small, smallData, webServer(t, smallSite, withoutRanges) + "/pub"},
		{"of long files, without ranges", long, longData, webServer(t, longSite, withoutRanges) + "/pub"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fetcher, _ := alone(t)
			added, err := fetcher.AddTorrent(c.torrent, client.AddOptions{WebSeeds: []string{c.url}})
			if err != nil {
				t.Fatal(err)
			}
			whole(t, added, c.data)
		})
	}
}

func whole(t *testing.T, torrent *client.Torrent, data []byte) {
	t.Helper()
	select {
	case <-torrent.Done():
	case <-time.After(30 * time.Second):
		t.Fatalf("not there after 30 seconds: %+v", torrent.Stats())
	}
	got, err := torrent.Read(t.Context(), 0, len(data))
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestABadWebSeedIsNamedAndAnotherUsed(t *testing.T) {
	torrent, data, site := shared(t, 3<<20)
	for _, c := range []struct {
		name  string
		serve behaviour
		says  string
	}{
		{"404", failing(404), "404"},
		{"403", failing(403), "403"},
		{"503", failing(503), "503"},
		{"with other bytes", corrupt, ""},
		{"too short", cutShort, "fewer"},
		{"too long", tooLong, "more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := webServer(t, site, c.serve) + "/pub/"
			fetcher, warned := alone(t)
			added, err := fetcher.AddTorrent(torrent, client.AddOptions{WebSeeds: []string{bad}})
			if err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-warned:
				if !strings.Contains(err.Error(), bad) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("warned: %v", err)
				}
			case <-time.After(30 * time.Second):
				t.Fatal("no warning")
			}
			good := webServer(t, site, withRanges) + "/pub/"
			if _, err := fetcher.AddTorrent(torrent, client.AddOptions{WebSeeds: []string{good}}); err != nil {
				t.Fatal(err)
			}
			whole(t, added, data)
		})
	}
}
