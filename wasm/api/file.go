//go:build js && wasm

package api

import (
	"errors"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// file is one file of a torrent whose metadata is known.
type file struct {
	metainfo.File
	torrent *torrent
	number  int
}

// findFile returns the file that a command names.
func (b *bridge) findFile(p params) (file, error) {
	t, err := b.find(p)
	if err != nil {
		return file{}, err
	}
	info := t.Info()
	if info == nil {
		return file{}, &client.Error{Code: client.CodeNotReady, Err: errors.New("the metadata is not known yet")}
	}
	number := p.int("file")
	if number < 0 || number >= len(info.Files) {
		return file{}, invalidOption("there is no file %d", number)
	}
	return file{info.Files[number], t, number}, nil
}

// want says how much the file is wanted.
func (f file) want(priority client.Priority) {
	f.change(func(client.Priority) client.Priority { return priority })
}

// need wants the file if it was not wanted.
func (f file) need() {
	f.change(func(is client.Priority) client.Priority {
		if is == client.Skip {
			return client.Normal
		}
		return is
	})
}

func (f file) change(to func(client.Priority) client.Priority) {
	if list, changed := f.torrent.wish.change(f.number, len(f.torrent.Info().Files), to); changed {
		f.torrent.Select(list)
	}
}
