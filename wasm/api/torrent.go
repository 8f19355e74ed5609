//go:build js && wasm

package api

import (
	"errors"
	"syscall/js"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// blobs makes Blobs of a torrent's bytes where they lie.
type blobs interface {
	Blob(offset, length int64, mediaType string) (js.Value, error)
}

// torrent is what the bridge knows of a client's torrent. Its fields belong to
// the bridge's lock.
type torrent struct {
	*client.Torrent
	number  int            // by which the page knows it; 0 until it does
	early   []client.Event // what happened before that
	wish    *wish
	told    told
	changed chan struct{} // closed, and made anew, whenever something happens
}

// known returns the torrent's entry, a new one if need be.
func (b *bridge) known(ct *client.Torrent) *torrent {
	t := b.torrents[ct]
	if t == nil {
		t = &torrent{Torrent: ct, wish: &wish{}, changed: make(chan struct{})}
		b.torrents[ct] = t
	}
	return t
}

// find returns the torrent that a command names.
func (b *bridge) find(p params) (*torrent, error) {
	number := p.int("torrent")
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range b.torrents {
		if t.number == number {
			return t, nil
		}
	}
	return nil, &client.Error{Code: client.CodeRemoved, Err: errors.New("the torrent was removed")}
}

// keep remembers the store of a torrent until it ends.
func (b *bridge) keep(info *metainfo.Info, s blobs) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stores[info.Hash] = s
}

// onEvent is the client's. The page only notes what it is told, so that no
// listener of its own runs here.
func (b *bridge) onEvent(ct *client.Torrent, event client.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.known(ct)
	close(t.changed)
	t.changed = make(chan struct{})
	if _, ended := event.(client.Ended); ended {
		delete(b.torrents, ct)
		delete(b.stores, ct.InfoHash())
	} else if t.number == 0 {
		t.early = append(t.early, event)
	} else {
		b.tell(t, event)
	}
	select {
	case b.stirred <- struct{}{}:
	default:
	}
}

func (b *bridge) tell(t *torrent, event client.Event) {
	m := message{"torrent": t.number, "snapshot": t.snapshot()}
	switch event := event.(type) {
	case client.Ready:
		m["event"] = "ready"
	case client.Progress:
		m["event"] = "progress"
	case client.PeerEvent:
		m["event"], m["peer"], m["gone"] = "peer", peer(event.Peer), event.Gone
	case client.Warning:
		m["event"], m["error"] = "warning", trouble(event.Err)
	case client.Done:
		m["event"] = "done"
	case client.Failed:
		m["event"], m["error"] = "error", trouble(event.Err)
	default:
		panic("api: an event that the page has no name for")
	}
	b.post(m)
}

// statsEvery is how often a page is told the counts of the whole client.
const statsEvery = 200 * time.Millisecond

// tellStats keeps the page's counts of the client as they are, a little later.
func (b *bridge) tellStats() {
	for {
		select {
		case <-b.stirred:
		case <-b.closed:
			return
		}
		s := b.client.Stats()
		b.post(message{"event": "stats", "stats": message{
			"torrents":      s.Torrents,
			"peers":         s.Peers,
			"connections":   s.Connections,
			"downloaded":    s.Downloaded,
			"uploaded":      s.Uploaded,
			"downloadSpeed": s.DownloadSpeed,
			"uploadSpeed":   s.UploadSpeed,
		}})
		time.Sleep(statsEvery)
	}
}
