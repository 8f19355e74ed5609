package client_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// floodgate is a tracker whose events the test makes.
type floodgate struct {
	events chan client.SocketEvents
	closed chan struct{}
}

func (f *floodgate) Open(_ string, events client.SocketEvents) client.Socket {
	f.events <- events
	return &floodSocket{gate: f, events: events}
}

type floodSocket struct {
	gate   *floodgate
	events client.SocketEvents
	once   sync.Once
}

func (s *floodSocket) Send([]byte) {}
func (s *floodSocket) Close() {
	s.once.Do(func() {
		s.gate.closed <- struct{}{}
		s.events.Closed(nil)
	})
}

// sensible is a tracker's answer to an announce, made longer by so many bytes.
func sensible(more int) []byte {
	return []byte(`{"action":"announce","info_hash":"` + strings.Repeat("a", 20) + `","complete":0,"incomplete":1,"more":"` +
		strings.Repeat("x", more) + `"}`)
}

func TestATrackerThatFloodsABusyClientIsHungUpOn(t *testing.T) {
	for name, message := range map[string][]byte{
		"long messages":  sensible(200 << 10),
		"small messages": sensible(0),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &floodgate{make(chan client.SocketEvents, 10), make(chan struct{}, 10)}
				// Given a client that is held up,
				busy, free := make(chan struct{}), make(chan struct{})
				var once sync.Once
				c := client.New(client.Config{
					Dialer: client.NewMemoryDialer(), Sockets: f, HTTP: web{}, OpenStore: client.OpenMemory,
					Trackers: []string{trackerURL},
					OnEvent: func(_ *client.Torrent, ev client.Event) {
						if _, ok := ev.(client.Warning); ok {
							once.Do(func() { close(busy) })
							<-free
						}
					},
				})
				if _, err := c.Add(t.Context(), strings.Repeat("61", 20), client.AddOptions{}); err != nil {
					t.Fatal(err)
				}
				events := <-f.events
				events.Opened()
				<-busy // of the warning that nobody was found
				// when its tracker sends more than it may have waiting,
				for range 4<<20/(len(message)+200) + 1 {
					events.Message(message)
				}
				close(free)
				synctest.Wait()
				// then the socket is closed.
				select {
				case <-f.closed:
				default:
					t.Error("the socket stays open")
				}
				shut(t, c)
			})
		})
	}
}

// lateStore keeps the answers to its writes back.
type lateStore struct {
	client.Store
	late chan func(error)
}

func (s lateStore) Write(_ metainfo.Block, _ []byte, done func(error)) { s.late <- done }

func TestALateAnswerOfARemovedTorrentDoesNotReachItsSuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		src, _ := source("file.bin", 16<<10)
		seeded, err := w.client(t).Seed(t.Context(), src, client.SeedOptions{})
		if err != nil {
			t.Fatal(err)
		}
		// Given a torrent whose store has not answered a write
		late := make(chan func(error), 100)
		c := w.client(t)
		open := func(info *metainfo.Info) (client.Store, bool, error) {
			store, fresh, err := client.OpenMemory(info)
			return lateStore{store, late}, fresh, err
		}
		first, err := c.AddTorrent(seeded.TorrentFile(), client.AddOptions{OpenStore: open})
		if err != nil {
			t.Fatal(err)
		}
		answer := <-late
		// when it was removed and added again,
		if err := first.Remove(context.Background(), true); err != nil {
			t.Fatal(err)
		}
		second, err := c.AddTorrent(seeded.TorrentFile(), client.AddOptions{OpenStore: open})
		if err != nil {
			t.Fatal(err)
		}
		<-late // the successor has asked for its first write
		// then the old store's error is not the new torrent's.
		answer(errors.New("the disk is gone"))
		synctest.Wait()
		if second.Err() != nil {
			t.Errorf("the new torrent failed with %v", second.Err())
		}
	})
}
