package client_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// tight is a store in memory with room for so many bytes.
type tight struct {
	client.Store
	mu   sync.Mutex
	room int
}

func (s *tight) Write(b metainfo.Block, data []byte, done func(error)) {
	s.mu.Lock()
	s.room -= b.Length
	full := s.room < 0
	s.mu.Unlock()
	if full {
		done(fmt.Errorf("%w: 100 of 100 bytes are taken", client.ErrFull))
		return
	}
	s.Store.Write(b, data, done)
}

func (s *tight) open(info *metainfo.Info) (client.Store, bool, error) {
	store, fresh, err := client.OpenMemory(info)
	s.Store = store
	return s, fresh, err
}

func TestAFullStoreStopsATorrentUntilThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		src, data := source("file.bin", 2<<20)
		seeded, err := w.client(t).Seed(t.Context(), src, client.SeedOptions{PieceLength: 64 << 10})
		if err != nil {
			t.Fatal(err)
		}
		// Given a store with room for half of a torrent,
		store := &tight{room: 1 << 20}
		fetched, err := w.client(t).Add(t.Context(), seeded.Magnet(), client.AddOptions{OpenStore: store.open})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for fetched.Err() == nil {
			wait(t, fetched)
		}
		// when that is full, the torrent stops, says why and what it needs,
		if failed := fetched.Err(); failed.Code != client.CodeQuota || !strings.Contains(failed.Error(), "bytes are not stored yet") {
			t.Fatalf("the torrent stopped with %v: %v", failed.Code, failed)
		}
		had := fetched.Stats().Done
		if had == 0 || !fetched.Stats().Paused {
			t.Errorf("it has %d verified bytes, paused %v", had, fetched.Stats().Paused)
		}
		// and when there is room, Resume goes on with what it has.
		store.mu.Lock()
		store.room = 4 << 20
		store.mu.Unlock()
		fetched.Resume()
		<-fetched.Done()
		if twice := fetched.Stats().Downloaded - int64(len(data)); fetched.Err() != nil || twice > int64(len(data))-had {
			t.Errorf("%v; %d bytes came twice, though %d were verified", fetched.Err(), twice, had)
		}
		got, err := fetched.Read(t.Context(), 0, len(data))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("other bytes arrived: %v", err)
		}
	})
}

// wait lets a moment of virtual time pass.
func wait(t *testing.T, fetched *client.Torrent) {
	t.Helper()
	select {
	case <-fetched.Done():
		t.Fatal("all of it went into a store with room for half")
	case <-time.After(10 * time.Millisecond):
	}
}
