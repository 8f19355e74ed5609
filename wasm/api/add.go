//go:build js && wasm

package api

import (
	"context"
	"syscall/js"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/jsx"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/wasm/store"
)

func (b *bridge) seed(ctx context.Context, p params) (any, error) {
	number := p.int("torrent")
	var source *store.Source
	files, blobs := inputFiles(p.list("files"))
	t, err := b.client.Seed(ctx, client.Source{
		Name:  p.text("name"),
		Multi: p.bool("multi"),
		Files: files,
		Open: func(layout metainfo.Layout) (s client.Store, err error) {
			source, err = store.NewSource(layout, blobs, b.worker)
			return source, err
		},
	}, client.SeedOptions{
		PieceLength: p.int64("pieceLength"),
		Comment:     p.text("comment"),
		Private:     p.bool("private"),
		Trackers:    p.texts("trackers"),
		WebSeeds:    p.texts("webSeeds"),
		OnProgress:  b.hashed(number),
	})
	if err != nil {
		return nil, err
	}
	b.awaitSeed(ctx, t)
	return b.admit(t, number, nil, source), nil
}

// awaitSeed returns when a torrent that is new counts as complete, so that the
// page's first snapshot says so; one that was there may still be downloading.
func (b *bridge) awaitSeed(ctx context.Context, t *client.Torrent) {
	b.mu.Lock()
	isNew := b.known(t).number == 0
	b.mu.Unlock()
	if !isNew {
		return
	}
	select {
	case <-t.Done():
	case <-ctx.Done():
	}
}

func inputFiles(list []params) (files []metainfo.File, blobs []js.Value) {
	for _, f := range list {
		blob := f.value.Get("blob")
		files = append(files, metainfo.File{Path: f.texts("path"), Length: store.Size(blob)})
		blobs = append(blobs, blob)
	}
	return files, blobs
}

// hashed tells of every hundredth that is hashed, and of the whole.
func (b *bridge) hashed(number int) func(done, total int64) {
	var told int64
	return func(done, total int64) {
		if done-told < total/100 && done < total {
			return
		}
		told = done
		b.post(message{"event": "hashed", "torrent": number, "done": done, "total": total})
	}
}

func (b *bridge) add(ctx context.Context, p params) (any, error) {
	number := p.int("torrent")
	wish := b.wish(number, p)
	opts := client.AddOptions{Trackers: p.texts("trackers"), WebSeeds: p.texts("webSeeds")}
	if wish.choose != nil {
		opts.Select = wish.selectFiles
	}
	if p.bool("memory") {
		opts.OpenStore = b.openMemory
	}
	t, err := b.addLink(ctx, p.value.Get("link"), opts)
	if err != nil {
		return nil, err
	}
	if p.bool("sequential") {
		t.Order(true)
	}
	return b.admit(t, number, wish, nil), nil
}

func (b *bridge) addLink(ctx context.Context, link js.Value, opts client.AddOptions) (*client.Torrent, error) {
	if link.Type() == js.TypeString {
		return b.client.Add(ctx, link.String(), opts)
	}
	return b.client.AddTorrent(jsx.Bytes(link), opts)
}

// admit gives a torrent its number and lets its events flow; a torrent that
// has one keeps it. The reply leaves before the first event.
func (b *bridge) admit(ct *client.Torrent, number int, wish *wish, source *store.Source) any {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.known(ct)
	fresh := t.number == 0
	if fresh {
		t.number = number
		if wish != nil {
			t.wish = wish
		}
		if source != nil {
			b.stores[ct.InfoHash()] = source
		}
	}
	before := t.told
	t.told = told{}
	added := message{"torrent": t.number, "fresh": fresh, "snapshot": t.snapshot()}
	if !fresh {
		// Only one of those who speak of the torrent has been told all of it.
		t.told = before
	}
	early := t.early
	t.early = nil
	for _, event := range early {
		b.tell(t, event)
	}
	return added
}
