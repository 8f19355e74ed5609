//go:build !js

package native_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/native"
)

// ask gets a URL, and a range of it; both end alike.
func ask(t *testing.T, ctx context.Context, port *native.HTTP, url string) error {
	t.Helper()
	body, getErr := port.Get(ctx, url, 100)
	if getErr == nil {
		body.Close()
	}
	answer, rangeErr := port.Range(ctx, url, 0, 1)
	if rangeErr == nil {
		answer.Body.Close()
	}
	if (getErr == nil) != (rangeErr == nil) {
		t.Errorf("%s: Get ends with %v, Range with %v", url, getErr, rangeErr)
	}
	return getErr
}

func TestStrangersReachNothingInOurNetwork(t *testing.T) {
	asked := 0
	local := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer local.Close()
	port := native.NewHTTP()
	defer port.Close()
	// Given a server of our own, to which our user's connections are open
	if err := ask(t, t.Context(), port, local.URL); err != nil || asked != 2 {
		t.Fatalf("%v after %d requests", err, asked)
	}
	// When a stranger's URL leads to it, by its address or by a name
	_, number, _ := strings.Cut(strings.TrimPrefix(local.URL, "http://"), ":")
	for _, url := range []string{local.URL, "http://localhost:" + number} {
		if err := ask(t, client.OfStranger(t.Context()), port, url); !errors.Is(err, native.ErrLocal) {
			t.Errorf("%s: %v", url, err)
		}
	}
	if asked != 2 {
		t.Errorf("it was asked %d times more", asked-2)
	}
	// Then it may be allowed all the same
	open := native.NewHTTP()
	defer open.Close()
	open.AllowLocal()
	if err := ask(t, client.OfStranger(t.Context()), open, local.URL); err != nil {
		t.Error(err)
	}
}

func TestAddressesOfOurNetwork(t *testing.T) {
	for _, host := range []string{
		"127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "0.1.2.3",
		"100.64.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0",
		"fd00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::10.0.0.1",
	} {
		if err := native.Judge(netip.MustParseAddr(host)); !errors.Is(err, native.ErrLocal) {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, host := range []string{"192.0.2.1", "2001:db8::1", "64:ff9b::192.0.2.1", "172.32.0.1", "100.128.0.1"} {
		if err := native.Judge(netip.MustParseAddr(host)); err != nil {
			t.Error(err)
		}
	}
}

func TestServerWeWereLedToIsAStrangers(t *testing.T) {
	asked := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer inside.Close()
	outside := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusFound))
	defer outside.Close()
	port := native.NewHTTP()
	defer port.Close()
	if err := ask(t, t.Context(), port, outside.URL); !errors.Is(err, native.ErrLocal) || asked {
		t.Errorf("%v; asked %v", err, asked)
	}
}

func TestProxyOfTheOperatorIsUsedButForLocalAddresses(t *testing.T) {
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = append(asked, r.Host) }))
	defer proxy.Close()
	port := native.NewHTTP()
	defer port.Close()
	port.SetProxy(func(*http.Request) (*url.URL, error) { return url.Parse(proxy.URL) })
	if err := ask(t, client.OfStranger(t.Context()), port, "http://web.test/"); err != nil || len(asked) != 2 {
		t.Errorf("%v; asked for %q", err, asked)
	}
	if err := ask(t, client.OfStranger(t.Context()), port, "http://10.0.0.1/"); !errors.Is(err, native.ErrLocal) || len(asked) != 2 {
		t.Errorf("%v; asked for %q", err, asked)
	}
}

// TestWebSeedsOfALinkAreStrangers: those that our user has named are not.
func TestWebSeedsOfALinkAreStrangers(t *testing.T) {
	torrent, data, site := shared(t, 200_000)
	server := webServer(t, site, withRanges)
	file, err := metainfo.Parse(torrent)
	if err != nil {
		t.Fatal(err)
	}
	m := metainfo.Magnet{InfoHash: file.Info.Hash, WebSeeds: []string{server + "/pub/"}}
	for _, named := range []bool{false, true} {
		c, warned := alone(t)
		var opts client.AddOptions
		if named {
			opts.WebSeeds = m.WebSeeds
		}
		added, err := c.Add(t.Context(), m.String(), opts)
		if err == nil {
			added, err = c.AddTorrent(torrent, client.AddOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-added.Done():
			if got, err := added.Read(t.Context(), 0, len(data)); !named || err != nil || len(got) != len(data) {
				t.Errorf("named %v: %d bytes, %v", named, len(got), err)
			}
		case warning := <-warned:
			if named || !errors.Is(warning, native.ErrLocal) {
				t.Errorf("named %v: %v", named, warning)
			}
		}
	}
}

func TestExactSourceOfALinkIsAStrangers(t *testing.T) {
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	warned := make(chan *client.Error, 10)
	port := native.NewHTTP()
	defer port.Close()
	c := client.New(client.Config{
		Dialer: client.NewMemoryDialer(), Sockets: native.NewSockets(), HTTP: port, OpenStore: client.OpenMemory,
		OnEvent: func(_ *client.Torrent, ev client.Event) {
			if warning, ok := ev.(client.Warning); ok {
				warned <- warning.Err
			}
		},
	})
	defer c.Close(t.Context())
	m := metainfo.Magnet{InfoHash: [20]byte{1}, Sources: []string{server.URL}}
	if _, err := c.Add(t.Context(), m.String(), client.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	if warning := <-warned; !errors.Is(warning, native.ErrLocal) || asked {
		t.Errorf("%v; asked %v", warning, asked)
	}
}

// dialled opens a socket and tells how that went.
func dialled(t *testing.T, sockets *native.Sockets, url string) error {
	t.Helper()
	opened, closed := make(chan struct{}), make(chan error, 1)
	k := sockets.Open(url, client.SocketEvents{
		Opened:  func() { close(opened) },
		Message: func([]byte) {},
		Closed:  func(err error) { closed <- err },
	})
	select {
	case <-opened:
		k.Close()
		return <-closed
	case err := <-closed:
		return err
	}
}

func TestTrackersOfALinkReachNothingInOurNetwork(t *testing.T) {
	var asked atomic.Int32
	url := serveSockets(t, func(r *http.Request, conn *websocket.Conn) {
		asked.Add(1)
		conn.Read(r.Context())
	})
	// Given a tracker here that our user has named
	sockets := native.NewSockets(url + "/announce")
	defer sockets.Close()
	for _, own := range []string{url + "/announce", url + "/announce/"} {
		if err := dialled(t, sockets, own); err != nil {
			t.Errorf("%s: %v", own, err)
		}
	}
	// When a link names another, by its address or by a name, or other paths there
	_, port, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), ":")
	before := asked.Load()
	for _, theirs := range []string{url, url + "/other", "ws://localhost:" + port + "/announce"} {
		if err := dialled(t, sockets, theirs); !errors.Is(err, native.ErrLocal) {
			t.Errorf("%s: %v", theirs, err)
		}
	}
	if asked.Load() != before {
		t.Error("it was asked")
	}
	// Then it may be allowed all the same
	sockets.AllowLocal()
	if err := dialled(t, sockets, url); err != nil {
		t.Error(err)
	}
}

func TestTrackerWeWereLedToIsAStrangers(t *testing.T) {
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
	defer inside.Close()
	outside := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusFound))
	defer outside.Close()
	url := "ws" + strings.TrimPrefix(outside.URL, "http")
	sockets := native.NewSockets(url)
	defer sockets.Close()
	if err := dialled(t, sockets, url); !errors.Is(err, native.ErrLocal) {
		t.Error(err)
	}
}
