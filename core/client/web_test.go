package client_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// watched is a client that nobody is connected to, and its warnings of web
// seeds.
func watched(t *testing.T, port client.HTTP) (*client.Client, chan *client.Error) {
	t.Helper()
	warned := make(chan *client.Error, 100)
	c := client.New(client.Config{
		Dialer:    client.NewMemoryDialer(),
		Sockets:   newMemoryTracker(),
		HTTP:      port,
		OpenStore: client.OpenMemory,
		OnEvent: func(_ *client.Torrent, ev client.Event) {
			if warning, ok := ev.(client.Warning); ok && warning.Err.Code == client.CodeWebSeed {
				warned <- warning.Err
			}
		},
	})
	t.Cleanup(func() { shut(t, c) })
	return c, warned
}

// torrentOf makes the .torrent file of one file of so many bytes.
func torrentOf(t *testing.T, length int, opts client.SeedOptions) (torrent, data []byte) {
	t.Helper()
	src, data := source("file.bin", length)
	c, _ := watched(t, web{})
	seeded, err := c.Seed(t.Context(), src, opts)
	if err != nil {
		t.Fatal(err)
	}
	return seeded.TorrentFile(), data
}

const fileURL = "https://web.test/file.bin"

func read(t *testing.T, torrent *client.Torrent, length int) []byte {
	t.Helper()
	select {
	case <-torrent.Done():
	case <-time.After(time.Hour):
		t.Fatalf("%+v after an hour", torrent.Stats())
	}
	if err := torrent.Err(); err != nil {
		t.Fatal(err)
	}
	data, err := torrent.Read(t.Context(), 0, length)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestASwarmWithoutPeersIsFetchedFromItsWebSeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		torrent, data := torrentOf(t, 9<<20+17, client.SeedOptions{WebSeeds: []string{"https://web.test/"}})
		c, _ := watched(t, web{fileURL: data})
		fetched, err := c.AddTorrent(torrent, client.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(read(t, fetched, len(data)), data) {
			t.Error("other bytes arrived")
		}
	})
}

func TestAMagnetLinkWithItsWebSeedNeedsNoPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		torrent, data := torrentOf(t, 1<<20, client.SeedOptions{WebSeeds: []string{fileURL}})
		c, _ := watched(t, web{fileURL: data, "https://web.test/file.torrent": torrent})
		file, err := metainfo.Parse(torrent)
		if err != nil {
			t.Fatal(err)
		}
		m := metainfo.Magnet{InfoHash: file.Info.Hash, WebSeeds: []string{fileURL}, Sources: []string{"https://web.test/file.torrent"}}
		fetched, err := c.Add(t.Context(), m.String(), client.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(read(t, fetched, len(data)), data) {
			t.Error("other bytes arrived")
		}
	})
}

func TestWebSeedsAreHandedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		torrent, _ := torrentOf(t, 100, client.SeedOptions{WebSeeds: []string{fileURL}})
		c, _ := watched(t, web{})
		const mine = "https://mine.test/"
		fetched, err := c.AddTorrent(torrent, client.AddOptions{WebSeeds: []string{mine, fileURL}})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{fileURL, mine}
		if m, err := metainfo.ParseMagnet(fetched.Magnet()); err != nil || !slices.Equal(m.WebSeeds, want) {
			t.Errorf("the magnet link names %q, %v", m.WebSeeds, err)
		}
		if file, err := metainfo.Parse(fetched.TorrentFile()); err != nil || !slices.Equal(file.WebSeeds, want) {
			t.Errorf("the .torrent names %q, %v", file.WebSeeds, err)
		}
	})
}

func TestAWebSeedOptionIsAURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := watched(t, web{})
		bad := []string{"file:///etc/passwd"}
		src, _ := source("file.bin", 10)
		if _, err := c.Seed(t.Context(), src, client.SeedOptions{WebSeeds: bad}); code(err) != client.CodeInvalidOption {
			t.Errorf("seed: %v", err)
		}
		if _, err := c.Add(t.Context(), strings.Repeat("a1", 20), client.AddOptions{WebSeeds: bad}); code(err) != client.CodeInvalidOption {
			t.Errorf("add: %v", err)
		}
	})
}

func TestAWebSeedThatFailsIsNamedInAWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		torrent, _ := torrentOf(t, 100, client.SeedOptions{WebSeeds: []string{"https://none.test/x"}})
		c, warned := watched(t, web{})
		if _, err := c.AddTorrent(torrent, client.AddOptions{}); err != nil {
			t.Fatal(err)
		}
		err := <-warned
		if !strings.Contains(err.Error(), "https://none.test/x") || !strings.Contains(err.Error(), "404") {
			t.Errorf("warned: %v", err)
		}
	})
}

// gate answers every range with a body that gives its bytes when it is opened.
type gate struct {
	web
	open chan struct{}

	mu     sync.Mutex
	opened int // bodies that are not closed
	most   int // of these, at the same time
	ranges int // that were asked for
}

type gated struct {
	io.Reader
	ctx  context.Context
	gate *gate
}

func (g *gate) Range(ctx context.Context, url string, offset, length int64) (*client.Answer, error) {
	answer, err := g.web.Range(ctx, url, offset, length)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ranges++
	g.opened++
	g.most = max(g.most, g.opened)
	answer.Body = &gated{answer.Body, ctx, g}
	return answer, err
}

func (g *gate) counts() (opened, most, ranges int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened, g.most, g.ranges
}

func (b *gated) Read(p []byte) (int, error) {
	select {
	case <-b.gate.open:
		return b.Reader.Read(p)
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

func (b *gated) Close() error {
	b.gate.mu.Lock()
	defer b.gate.mu.Unlock()
	b.gate.opened--
	return nil
}

func TestAFewRangesAreAskedForAtATime(t *testing.T) {
	for _, c := range []struct {
		name     string
		torrents int
		url      func(i int) string
		want     int
	}{
		{"of one host", 6, func(i int) string { return fmt.Sprintf("https://web.test/%d", i) }, 4},
		{"of all hosts", 18, func(i int) string { return fmt.Sprintf("https://web%d.test/", i) }, 16},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { fewAtATime(t, c.torrents, c.want, c.url) })
		})
	}
}

// fewAtATime adds torrents with a web seed each, all of which take their time.
func fewAtATime(t *testing.T, torrents, want int, url func(i int) string) {
	g := &gate{web: web{}, open: make(chan struct{})}
	var files [][]byte
	for i := range torrents {
		torrent, data := torrentOf(t, 100_000+i, client.SeedOptions{WebSeeds: []string{url(i)}})
		files, g.web[url(i)], g.web[url(i)+"file.bin"] = append(files, torrent), data, data
	}
	c, _ := watched(t, g)
	var all []*client.Torrent
	for _, file := range files {
		added, err := c.AddTorrent(file, client.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, added)
	}
	synctest.Wait()
	if opened, _, _ := g.counts(); opened != want {
		t.Errorf("%d requests are under way, want %d", opened, want)
	}
	// When they answer, the others have their turn.
	close(g.open)
	for i, torrent := range all {
		read(t, torrent, 100_000+i)
	}
	synctest.Wait()
	if opened, most, _ := g.counts(); opened != 0 || most != want {
		t.Errorf("%d requests are left; %d were under way at once", opened, most)
	}
}

func TestWhatIsFetchedEndsWithItsTorrent(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *client.Client, *client.Torrent){
		"removed": func(t *testing.T, _ *client.Client, torrent *client.Torrent) {
			if err := torrent.Remove(t.Context(), true); err != nil {
				t.Error(err)
			}
		},
		"closed": func(t *testing.T, c *client.Client, _ *client.Torrent) { shut(t, c) },
		"paused": func(_ *testing.T, _ *client.Client, torrent *client.Torrent) { torrent.Pause() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				torrent, data := torrentOf(t, 30<<20, client.SeedOptions{WebSeeds: []string{fileURL}})
				g := &gate{web: web{fileURL: data}, open: make(chan struct{})}
				c, warned := watched(t, g)
				added, err := c.AddTorrent(torrent, client.AddOptions{})
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				opened, _, before := g.counts()
				if opened == 0 {
					t.Fatal("nothing is under way")
				}
				end(t, c, added)
				synctest.Wait()
				if opened, _, ranges := g.counts(); opened != 0 || ranges != before {
					t.Errorf("%d requests are left, %d are new", opened, ranges-before)
				}
				select {
				case err := <-warned:
					t.Errorf("warned: %v", err)
				default:
				}
			})
		})
	}
}

func TestAWebSeedThatStallsIsToldAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		torrent, data := torrentOf(t, 1<<20, client.SeedOptions{WebSeeds: []string{fileURL}})
		g := &gate{web: web{fileURL: data}, open: make(chan struct{})}
		c, warned := watched(t, g)
		began := time.Now()
		added, err := c.AddTorrent(torrent, client.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		<-warned
		if took := time.Since(began).Round(time.Second); took != 20*time.Second {
			t.Errorf("told after %v", took)
		}
		close(g.open)
		read(t, added, len(data))
	})
}

// trickle answers what lies at slow hosts a byte a second.
type trickle struct{ web }

func (w trickle) Range(ctx context.Context, url string, offset, length int64) (*client.Answer, error) {
	answer, err := w.web.Range(ctx, url, offset, length)
	if err == nil && strings.HasPrefix(url, "https://slow") {
		answer.Body = drip{answer.Body, ctx}
	}
	return answer, err
}

type drip struct {
	io.ReadCloser
	ctx context.Context
}

func (d drip) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		return d.ReadCloser.Read(p[:1])
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

func TestServersThatTrickleDoNotKeepOthersWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := web{}
		var files [][]byte
		for i := range 17 {
			url := fmt.Sprintf("https://slow%d.test/file", i)
			if i == 16 {
				url = "https://good.test/file"
			}
			torrent, data := torrentOf(t, 200_000+i, client.SeedOptions{WebSeeds: []string{url}})
			files, site[url] = append(files, torrent), data
		}
		c, warned := watched(t, trickle{site})
		// Given slow servers with a request in every place that there is,
		for _, file := range files[:16] {
			if _, err := c.AddTorrent(file, client.AddOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		// when a torrent is added whose server is good,
		began := time.Now()
		good, err := c.AddTorrent(files[16], client.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		read(t, good, 200_016)
		// then it has its turn soon, and one of the others was told off for it.
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it waited %v", took)
		}
		if len(warned) == 0 {
			t.Error("nobody was told")
		}
	})
}

func TestTheClientsTrackersAreNotForPrivateTorrents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const own = "ws://own.test/announce"
		for _, private := range []bool{false, true} {
			torrent, _ := torrentOf(t, 100, client.SeedOptions{Private: private, Trackers: []string{own}})
			added, err := newWorld().client(t).AddTorrent(torrent, client.AddOptions{})
			if err != nil {
				t.Fatal(err)
			}
			want := []string{own, trackerURL}
			if private {
				want = want[:1]
			}
			m, err := metainfo.ParseMagnet(added.Magnet())
			if err != nil || !slices.Equal(m.Trackers, want) {
				t.Errorf("private %v: the link names %q, %v", private, m.Trackers, err)
			}
			file, err := metainfo.Parse(added.TorrentFile())
			if err != nil || !slices.Equal(file.Trackers, want) {
				t.Errorf("private %v: the .torrent names %q, %v", private, file.Trackers, err)
			}
		}
	})
}
