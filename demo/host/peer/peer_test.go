//go:build !js

package peer_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/client/porttest"
	"github.com/shoal-p2p/shoal/core/native"
	"github.com/shoal-p2p/shoal/demo/host/announce"
	"github.com/shoal-p2p/shoal/demo/host/command"
	"github.com/shoal-p2p/shoal/demo/host/page"
	"github.com/shoal-p2p/shoal/demo/host/peer"
)

// TestMain expects that the commands leave no goroutine.
func TestMain(m *testing.M) { porttest.Main(m, func() {}) }

// startTracker serves a tracker until the test ends.
func startTracker(t *testing.T) string {
	t.Helper()
	tracker := announce.New(announce.Config{})
	server := httptest.NewServer(tracker)
	t.Cleanup(server.Close)
	t.Cleanup(tracker.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

// local are flags that keep a peer on this machine.
func local(tracker string) []string { return []string{"-tracker", tracker, "-stun", ""} }

// seed runs host seed until stop is called, and returns its lines.
func seed(t *testing.T, args ...string) (lines *bufio.Reader, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := peer.Seed(ctx, args, in, io.Discard)
		in.CloseWithError(err)
		ended <- err
	}()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { stop() })
	return bufio.NewReader(out), stop
}

func fetch(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	err = peer.Fetch(ctx, args, &out, io.Discard)
	return out.String(), err
}

func TestWhatOneTerminalSeedsAnotherFetches(t *testing.T) {
	tracker := startTracker(t)
	from, to := filepath.Join(t.TempDir(), "album ü"), t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	files := fstest.MapFS{}
	for name, length := range map[string]int{"a.bin": 300_000, "empty": 0, "sub/b.bin": 70_001} {
		data := make([]byte, length)
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		files[name] = &fstest.MapFile{Data: data, Mode: 0o600}
	}
	if err := os.CopyFS(from, files); err != nil {
		t.Fatal(err)
	}

	lines, stop := seed(t, append(local(tracker), "-page", "https://page.example/x#old", from)...)
	magnet, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	share, err := lines.ReadString('\n')
	if err != nil || share != "https://page.example/x#"+magnet {
		t.Errorf("the share link is %q, %v", share, err)
	}

	out, err := fetch(t, append(local(tracker), strings.TrimSpace(share), "-o", to)...)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(to, "album ü"); strings.TrimSpace(out) != want {
		t.Errorf("it says %q, not %q", out, want)
	}
	for name, file := range files {
		got, err := os.ReadFile(filepath.Join(to, "album ü", filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(got, file.Data) {
			t.Errorf("%s: %d of %d bytes, %v", name, len(got), len(file.Data), err)
		}
	}

	// What is there and whole needs nobody any more, only the metadata does.
	before, err := os.Stat(filepath.Join(to, "album ü", "a.bin"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fetch(t, append(local(tracker), strings.TrimSpace(magnet), "-o", to)...); err != nil {
		t.Errorf("once more: %v", err)
	}
	after, err := os.Stat(filepath.Join(to, "album ü", "a.bin"))
	if err != nil || after.Size() != before.Size() {
		t.Errorf("once more, the file is %v, %v", after, err)
	}

	// A damaged piece is found and fetched again.
	if err := os.WriteFile(filepath.Join(to, "album ü", "sub", "b.bin"), make([]byte, 70_001), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := fetch(t, append(local(tracker), strings.TrimSpace(magnet), "-o", to)...); err != nil {
		t.Errorf("after damage: %v", err)
	}
	got, err := os.ReadFile(filepath.Join(to, "album ü", "sub", "b.bin"))
	if err != nil || !bytes.Equal(got, files["sub/b.bin"].Data) {
		t.Errorf("the damage is still there: %v", err)
	}
	if err := stop(); err != nil {
		t.Errorf("Ctrl-C ended seeding with %v", err)
	}
}

func TestAFetchThatWasEndedGoesOn(t *testing.T) {
	tracker := startTracker(t)
	from, to := filepath.Join(t.TempDir(), "film.bin"), t.TempDir()
	data := porttest.Content(300_000)
	if err := os.WriteFile(from, data, 0o600); err != nil {
		t.Fatal(err)
	}
	// Given a .torrent file, and a fetch of it that was ended before anybody was there
	link := filepath.Join(t.TempDir(), "film.torrent")
	if err := os.WriteFile(link, torrentFile(t, from), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append(local(tracker), link, "-o", to)
	kept := func() []string {
		names, err := filepath.Glob(filepath.Join(to, ".shoal", "*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	looks := time.NewTicker(time.Millisecond)
	defer looks.Stop()
	go func() {
		for len(kept()) < 3 && ctx.Err() == nil {
			<-looks.C
		}
		cancel()
	}()
	if err := peer.Fetch(ctx, args, io.Discard, io.Discard); err == nil || len(kept()) != 3 {
		t.Fatalf("ended with %v, %v are kept", err, kept())
	}
	// When somebody is there, the same command goes on, and in the end nothing is
	// left but the file.
	lines, _ := seed(t, append(local(tracker), from)...)
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if _, err := fetch(t, args...); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(to, "film.bin"))
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if left, err := os.ReadDir(to); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// torrentFile is the .torrent of a file on disk.
func torrentFile(t *testing.T, path string) []byte {
	t.Helper()
	sockets := native.NewSockets()
	defer sockets.Close()
	c := client.New(client.Config{Dialer: client.NewMemoryDialer(), Sockets: sockets})
	defer c.Close(t.Context())
	source, err := native.OpenFiles(path)
	if err != nil {
		t.Fatal(err)
	}
	seeded, err := c.Seed(t.Context(), source, client.SeedOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return seeded.TorrentFile()
}

func TestAFetchThatFindsNobodyEndsWhenItsTimeIsOver(t *testing.T) {
	hash := strings.Repeat("ab", 20)
	_, err := fetch(t, append(local(startTracker(t)), hash, "-timeout", "300ms", "-o", t.TempDir())...)
	if err == nil || !strings.Contains(err.Error(), "not done after 300ms") || !strings.Contains(err.Error(), "same command") {
		t.Errorf("ended with %v", err)
	}
}

func TestCtrlCEndsAFetchWithASentence(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	err := peer.Fetch(ctx, append(local(startTracker(t)), strings.Repeat("ab", 20)), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "what has come so far is kept") {
		t.Errorf("ended with %v", err)
	}
}

func TestAHostIsAskedForItsTracker(t *testing.T) {
	server := httptest.NewServer(page.Handler(fstest.MapFS{}, page.Describe{Addresses: func() []string { return nil }}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, stop := seed(t, "-host", server.URL, "-stun", "", file)
	magnet, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(magnet, "announce") || !strings.Contains(magnet, "openwebtorrent") {
		t.Errorf("the magnet link is %s", magnet)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	server.Close()
	if err := peer.Seed(t.Context(), []string{"-host", server.URL, file}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("a host that is not there: %v", err)
	}
}

// listener waits for words in what is written to it.
type listener struct {
	words string
	heard func()
}

func (l listener) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(l.words)) {
		l.heard()
	}
	return len(line), nil
}

func TestALinkNamesNoTrackerInOurNetworkUnlessAllowed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, _ := seed(t, append(local(startTracker(t)), file)...)
	magnet, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	// Given a command line that does not name the link's tracker
	args := append(local(""), "-o", t.TempDir(), strings.TrimSpace(magnet))
	// When it does not allow local ones, then the tracker is refused with a sentence
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	refused := false
	err = peer.Fetch(ctx, args, io.Discard, listener{"own network", func() { refused = true; cancel() }})
	if err == nil || !refused {
		t.Errorf("refused %v; ended with %v", refused, err)
	}
	// When it does, then the file is fetched
	if _, err := fetch(t, append(args, "-allow-local")...); err != nil {
		t.Error(err)
	}
}

func TestAFileThatChangesEndsSeeding(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	tracker := startTracker(t)
	lines, stop := seed(t, append(local(tracker), file)...)
	magnet, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, make([]byte, 200_000), 0o600); err != nil {
		t.Fatal(err)
	}
	fetched := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	to := t.TempDir()
	go func() {
		fetched <- peer.Fetch(ctx, append(local(tracker), strings.TrimSpace(magnet), "-o", to), io.Discard, io.Discard)
	}()
	if _, err := lines.ReadString('\n'); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("seeding ended with %v", err)
	}
	cancel()
	<-fetched
	stop()
}

func TestCommandLinesThatAreWrongOrNameWhatIsNotThere(t *testing.T) {
	for _, args := range [][]string{{}, {"a", "b"}, {"-nonsense", "x"}} {
		if err := peer.Fetch(t.Context(), args, io.Discard, io.Discard); !errors.Is(err, command.ErrUsage) {
			t.Errorf("fetch %q: %v", args, err)
		}
	}
	for _, args := range [][]string{{}, {"-page", "no page", "x"}, {"-timeout", "long", "x"}} {
		if err := peer.Seed(t.Context(), args, io.Discard, io.Discard); !errors.Is(err, command.ErrUsage) {
			t.Errorf("seed %q: %v", args, err)
		}
	}
	tracker := startTracker(t)
	if err := peer.Seed(t.Context(), append(local(tracker), "/not/there"), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "/not/there") {
		t.Errorf("a file that is not there: %v", err)
	}
	for _, link := range []string{"nonsense", "magnet:?dn=x", "ftp://x/y.torrent", t.TempDir()} {
		if _, err := fetch(t, append(local(tracker), link)...); err == nil {
			t.Errorf("%q was fetched", link)
		}
	}
}
