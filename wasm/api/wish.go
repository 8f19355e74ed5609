//go:build js && wasm

package api

import (
	"context"
	"slices"
	"sync"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// wish is which files a page wants of a torrent. It is decided when the
// metadata is known, and may change later.
type wish struct {
	choose func(*metainfo.Info) []int // nil: what the link says, or all

	mu       sync.Mutex
	priority []client.Priority // nil: not decided, or all alike
}

// wish reads the option files: "all", "none", a list of numbers, or "ask".
func (b *bridge) wish(number int, p params) *wish {
	if p.value.Get("files").Type().String() != "string" {
		files := p.ints("files")
		return &wish{choose: func(*metainfo.Info) []int { return files }}
	}
	switch p.text("files") {
	case "none":
		return &wish{choose: func(*metainfo.Info) []int { return nil }}
	case "ask":
		return &wish{choose: func(info *metainfo.Info) []int { return b.ask(number, info) }}
	default:
		return &wish{}
	}
}

// selectFiles is a client's Select; numbers beyond the list are nobody's.
func (w *wish) selectFiles(info *metainfo.Info) []client.Priority {
	priority := make([]client.Priority, len(info.Files))
	for _, file := range w.choose(info) {
		if file >= 0 && file < len(priority) {
			priority[file] = client.Normal
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.priority = priority
	return slices.Clone(priority)
}

// change changes the wish for one file of so many. It returns the whole of the
// wish, and whether that is another than before.
func (w *wish) change(file, files int, to func(client.Priority) client.Priority) (priority []client.Priority, changed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.priority == nil {
		w.priority = slices.Repeat([]client.Priority{client.Normal}, files)
	}
	before := w.priority[file]
	w.priority[file] = to(before)
	return slices.Clone(w.priority), w.priority[file] != before
}

// ask lets a function of the page choose. The client waits: the page answers
// as soon as it has its turn, or goes and takes us with it.
func (b *bridge) ask(number int, info *metainfo.Info) []int {
	answer := make(chan []int, 1)
	b.mu.Lock()
	b.lastAsk++
	question := b.lastAsk
	b.asks[question] = answer
	b.mu.Unlock()
	b.post(message{"event": "ask", "torrent": number, "ask": question, "files": fileList(info)})
	return <-answer
}

func (b *bridge) choose(_ context.Context, p params) (any, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	question := p.int("ask")
	answer, ok := b.asks[question]
	if !ok {
		return nil, invalidOption("nobody asked question %d", question)
	}
	delete(b.asks, question)
	answer <- p.ints("files")
	return nil, nil
}
