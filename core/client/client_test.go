package client_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// world is what clients of one test share: a dialer that joins them in memory,
// a tracker behind a socket in memory, and the web.
type world struct {
	dialer  client.Dialer
	tracker *memoryTracker
	web     web
}

func newWorld() *world {
	return &world{dialer: client.NewMemoryDialer(), tracker: newMemoryTracker(), web: web{}}
}

const trackerURL = "ws://tracker.test/announce"

func (w *world) client(t *testing.T) *client.Client {
	t.Helper()
	c := client.New(client.Config{
		Dialer:    w.dialer,
		Sockets:   w.tracker,
		HTTP:      w.web,
		OpenStore: client.OpenMemory,
		Trackers:  []string{trackerURL},
	})
	t.Cleanup(func() { shut(t, c) })
	return c
}

func shut(t *testing.T, c *client.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

// web answers URLs with fixed bodies.
type web map[string][]byte

func (w web) Get(_ context.Context, url string, _ int64) (io.ReadCloser, error) {
	body, ok := w[url]
	if !ok {
		return nil, errors.New("404 Not Found")
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

func (w web) Range(_ context.Context, url string, offset, length int64) (*client.Answer, error) {
	body, ok := w[url]
	if !ok {
		return &client.Answer{Status: 404, Body: io.NopCloser(strings.NewReader("Not Found"))}, nil
	}
	return &client.Answer{Status: 206, Body: io.NopCloser(bytes.NewReader(body[offset : offset+length]))}, nil
}

// source is one file of so many random bytes.
func source(name string, length int) (client.Source, []byte) {
	data := make([]byte, length)
	rand.NewChaCha8([32]byte{byte(length), byte(length >> 8)}).Read(data)
	return client.MemorySource(name, data), data
}

func code(err error) client.Code {
	var e *client.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestAFileThatOneClientSeedsIsFetchedByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		src, data := source("file.bin", 3<<20+17)
		seeded, err := w.client(t).Seed(t.Context(), src, client.SeedOptions{})
		if err != nil {
			t.Fatal(err)
		}
		fetched, err := w.client(t).Add(t.Context(), seeded.Magnet(), client.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		<-fetched.Done()
		if fetched.Err() != nil {
			t.Fatal(fetched.Err())
		}
		got, err := fetched.Read(t.Context(), 0, len(data))
		if err != nil {
			t.Fatal(err)
		}
		if sha1.Sum(got) != sha1.Sum(data) {
			t.Error("other bytes arrived")
		}
		if stats := fetched.Stats(); stats.Done != int64(len(data)) || stats.Total != int64(len(data)) {
			t.Errorf("stats say %d of %d", stats.Done, stats.Total)
		}
	})
}

func TestAddingWhatIsThereGivesTheSameTorrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().client(t)
		hash := strings.Repeat("0123456789", 4)
		first, err := c.Add(t.Context(), hash, client.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		second, err := c.Add(t.Context(), "magnet:?xt=urn:btih:"+hash, client.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if first != second {
			t.Error("two torrents for one info hash")
		}
	})
}

func TestLinksThatAreNoneHaveCodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.web["http://web.test/page.torrent"] = []byte("<html>")
		c := w.client(t)
		for link, want := range map[string]client.Code{
			"":                             client.CodeInvalidLink,
			"hello":                        client.CodeInvalidLink,
			"magnet:?dn=x":                 client.CodeInvalidLink,
			"ftp://x/y":                    client.CodeInvalidLink,
			"http://web.test/none.torrent": client.CodeHTTP,
			"http://web.test/page.torrent": client.CodeInvalidTorrent,
			"magnet:?xt=urn:btmh:1220" + strings.Repeat("ab", 32): client.CodeUnsupportedVersion,
		} {
			if _, err := c.Add(t.Context(), link, client.AddOptions{}); code(err) != want {
				t.Errorf("%q: %v, want code %s", link, err, want)
			}
		}
	})
}

func TestATorrentWithoutPeersWarnsAndStaysPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		warned := make(chan *client.Error, 10)
		c := client.New(client.Config{
			Dialer: w.dialer, Sockets: w.tracker, HTTP: w.web, OpenStore: client.OpenMemory,
			Trackers: []string{trackerURL},
			OnEvent: func(_ *client.Torrent, ev client.Event) {
				if warning, ok := ev.(client.Warning); ok {
					warned <- warning.Err
				}
			},
		})
		defer shut(t, c)
		torrent, err := c.Add(t.Context(), strings.Repeat("a1", 20), client.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if warning := <-warned; warning.Code != client.CodeNoPeers {
			t.Errorf("warned of %s: %v", warning.Code, warning)
		}
		select {
		case <-torrent.Ready():
			t.Error("ready without metadata")
		default:
		}
		if err := torrent.Remove(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		<-torrent.Ready()
		if torrent.Err().Code != client.CodeRemoved {
			t.Errorf("ended with %v", torrent.Err())
		}
	})
}

// diary is a memory store that writes down when it was opened and closed.
type diary struct {
	client.Store
	lines chan string
}

func (d diary) Close(remove bool, done func(error)) {
	if remove {
		d.lines <- "removed"
	}
	d.Store.Close(remove, done)
}

func TestATorrentThatIsAddedAgainWaitsUntilTheOldDataIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		src, _ := source("file.bin", 1<<20)
		seeded, err := w.client(t).Seed(t.Context(), src, client.SeedOptions{})
		if err != nil {
			t.Fatal(err)
		}
		// Given a store that takes its time to open,
		lines, gate := make(chan string, 10), make(chan struct{})
		slow := client.AddOptions{OpenStore: func(info *metainfo.Info) (client.Store, bool, error) {
			<-gate
			lines <- "opened"
			store, fresh, err := client.OpenMemory(info)
			return diary{store, lines}, fresh, err
		}}
		c := w.client(t)
		first, err := c.AddTorrent(seeded.TorrentFile(), slow)
		if err != nil {
			t.Fatal(err)
		}
		<-first.Ready()
		// when the torrent is removed with its data and added again meanwhile,
		removed := make(chan error)
		go func() { removed <- first.Remove(t.Context(), true) }()
		synctest.Wait()
		second, err := c.AddTorrent(seeded.TorrentFile(), slow)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		close(gate)
		// then the old data goes before the new store opens.
		if err := <-removed; err != nil {
			t.Fatal(err)
		}
		<-second.Done()
		for _, want := range []string{"opened", "removed", "opened"} {
			if got := <-lines; got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
	})
}

func TestAnEndedContextEndsHashingAndLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().client(t)
		src, _ := source("file.bin", 4<<20)
		stop := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		_, err := c.Seed(ctx, src, client.SeedOptions{OnProgress: func(int64, int64) { cancel(stop) }})
		if !errors.Is(err, stop) {
			t.Errorf("ended with %v", err)
		}
		if n := len(c.Torrents()); n != 0 {
			t.Errorf("%d torrents left", n)
		}
	})
}

func TestAClosedClientRefusesEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().client(t)
		pending, err := c.Add(t.Context(), strings.Repeat("b2", 20), client.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		shut(t, c)
		<-pending.Done()
		if pending.Err().Code != client.CodeClosed {
			t.Errorf("the pending torrent ended with %v", pending.Err())
		}
		src, _ := source("file.bin", 1)
		if _, err := c.Seed(t.Context(), src, client.SeedOptions{}); code(err) != client.CodeClosed {
			t.Errorf("seed: %v", err)
		}
		if _, err := c.Add(t.Context(), strings.Repeat("c3", 20), client.AddOptions{}); code(err) != client.CodeClosed {
			t.Errorf("add: %v", err)
		}
	})
}
