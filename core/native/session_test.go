//go:build !js

package native_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/native"
)

var _ client.Session = (*native.Session)(nil)

// records loads what a directory holds, by name.
func records(t *testing.T, dir string) map[string]string {
	t.Helper()
	loaded, err := native.NewSession(dir).Load()
	must(t, err)
	all := make(map[string]string)
	for name, data := range loaded {
		all[name] = string(data)
	}
	return all
}

func TestASessionKeepsTheLastOfEachRecord(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "below", "it")
	if got := records(t, dir); len(got) != 0 {
		t.Errorf("a new session has %v", got)
	}
	s := native.NewSession(dir)
	for i := range 300 {
		s.Keep("self", fmt.Appendf(nil, "self %d", i))
		s.Keep("ab.torrent", fmt.Appendf(nil, "torrent %d", i))
		s.Keep("gone", []byte("soon"))
	}
	s.Keep("gone", nil)
	s.Keep("never there", nil)
	must(t, s.Close())
	want := map[string]string{"self": "self 299", "ab.torrent": "torrent 299"}
	if got := records(t, dir); !maps.Equal(got, want) {
		t.Errorf("kept %v", got)
	}
}

func TestACrashLeavesTheRecordBefore(t *testing.T) {
	dir := t.TempDir()
	s := native.NewSession(dir)
	s.Keep("self", []byte("whole"))
	must(t, s.Close())
	// Given one that a crash has cut off, and what somebody else keeps there
	must(t, os.WriteFile(filepath.Join(dir, "self.tmp"), []byte("ha"), 0o600))
	must(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	if got := records(t, dir); !maps.Equal(got, map[string]string{"self": "whole"}) {
		t.Errorf("loaded %v", got)
	}
	// Then the next is kept all the same.
	s = native.NewSession(dir)
	s.Keep("self", []byte("whole again"))
	must(t, s.Close())
	if got := records(t, dir); got["self"] != "whole again" {
		t.Errorf("loaded %v", got)
	}
}

func TestASessionThatCannotBeWrittenSaysSo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(dir, nil, 0o600))
	s := native.NewSession(dir)
	s.Keep("self", []byte("x"))
	if err := s.Close(); err == nil {
		t.Error("it does not")
	}
	if _, err := s.Load(); err == nil {
		t.Error("nor when it is loaded")
	}
}

func TestARecordOutsideOfTheDirectoryIsOurOwnFault(t *testing.T) {
	for _, name := range []string{"", "..", "a/b", "/a", "a.tmp"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q is kept", name)
				}
			}()
			native.NewSession(t.TempDir()).Keep(name, []byte("x"))
		}()
	}
}

func TestATorrentGoesOnWhereItsClientEnded(t *testing.T) {
	torrent, data, site := shared(t, 3<<20)
	server := webServer(t, site, withRanges) + "/pub/"
	files, dir := t.TempDir(), t.TempDir()
	begin := func() (*client.Client, func()) {
		session, http := native.NewSession(dir), native.NewHTTP()
		c := client.New(client.Config{
			Dialer: client.NewMemoryDialer(), Sockets: native.NewSockets(), HTTP: http,
			OpenStore: native.OpenDir(files), Session: session,
		})
		return c, func() {
			must(t, c.Close(context.Background()))
			must(t, session.Close())
			http.Close()
		}
	}
	// Given a client that has a torrent on disk, and has ended
	c, end := begin()
	added, err := c.AddTorrent(torrent, client.AddOptions{WebSeeds: []string{server}})
	must(t, err)
	<-added.Done()
	end()
	// and of which a piece was damaged since
	path := filepath.Join(files, "a #1", "100%?.bin")
	damaged, err := os.ReadFile(path)
	must(t, err)
	damaged[0] ^= 1
	must(t, os.WriteFile(path, damaged, 0o600))
	// When another begins where it has ended, then it has all, without a look at it,
	c, end = begin()
	defer end()
	resumed, faults := c.Resumed()
	if len(resumed) != 1 || len(faults) != 0 {
		t.Fatalf("resumed %v, %v", resumed, faults)
	}
	<-resumed[0].Done()
	// and what it proves is what it was, or is fetched again.
	for whole := false; !whole; {
		whole, err = resumed[0].Prove(t.Context(), 0, int64(len(data)))
		must(t, err)
	}
	got, err := resumed[0].Read(t.Context(), 0, len(data))
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if names := slices.Sorted(maps.Keys(records(t, dir))); len(names) != 3 {
		t.Errorf("the session has %v", names)
	}
}
