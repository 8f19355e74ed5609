//go:build js && wasm

package api

import (
	"context"
	"errors"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/jsx"
)

// kept is the client's session in a page: the page gives what it has kept when
// the client opens, and keeps what it is told of from then on.
type kept struct {
	bridge  *bridge
	records map[string][]byte
}

// sessionOf is the client's session, nil where the page gives none.
func (b *bridge) sessionOf(p params) client.Session {
	if !p.has("session") {
		return nil
	}
	k := kept{b, map[string][]byte{}}
	for _, record := range p.list("session") {
		k.records[record.text("name")] = jsx.Bytes(record.value.Get("data"))
	}
	return k
}

func (k kept) Load() (map[string][]byte, error) { return k.records, nil }

func (k kept) Keep(name string, data []byte) {
	m := message{"event": "keep", "name": name}
	if data != nil {
		m["data"] = jsx.Uint8Array(data)
	}
	k.bridge.post(m)
}

// resumed is the answer to open: what the session has brought back, to be
// claimed, and what is wrong with it.
func (b *bridge) resumed() message {
	torrents, faults := b.client.Resumed()
	return message{
		"resumed": list(torrents, func(t *client.Torrent) any { return t.InfoHash().String() }),
		"faults":  list(faults, func(err *client.Error) any { return trouble(err) }),
	}
}

// claim gives a torrent that the session has brought back to the page.
func (b *bridge) claim(_ context.Context, p params) (any, error) {
	infoHash := p.text("infoHash")
	for _, t := range b.client.Torrents() {
		if t.InfoHash().String() == infoHash {
			return b.admit(t, p.int("torrent"), &wish{priority: t.Selection()}, nil), nil
		}
	}
	return nil, &client.Error{Code: client.CodeRemoved, Err: errors.New("the torrent was removed")}
}

// persist keeps at once what has changed: the page may be about to end.
func (b *bridge) persist(context.Context, params) (any, error) {
	b.client.Persist()
	return nil, nil
}
