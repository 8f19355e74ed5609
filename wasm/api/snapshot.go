//go:build js && wasm

package api

import (
	"bytes"
	"math"
	"strings"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/jsx"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// told is what the page has been told and need not be told again.
type told struct {
	info   bool
	pieces []byte
}

// snapshot is the torrent's state for the page's synchronous properties, as
// far as it has changed.
func (t *torrent) snapshot() message {
	m := message{
		"infoHash": t.InfoHash().String(),
		"name":     t.Name(),
		"magnet":   t.Magnet(),
		"stats":    stats(t.Stats()),
		"peers":    list(t.Peers(), peer),
	}
	info := t.Info()
	if info == nil {
		return m
	}
	if !t.told.info {
		t.told.info = true
		m["length"] = info.Layout.Length()
		m["pieceLength"] = info.Layout.PieceLength()
		m["torrentFile"] = jsx.Uint8Array(t.TorrentFile())
		m["files"] = fileList(info)
	}
	// An empty torrent has no pieces, and is told once that it has them.
	if pieces := t.Pieces(); pieces != nil && (t.told.pieces == nil || !bytes.Equal(pieces, t.told.pieces)) {
		t.told.pieces = pieces
		m["pieces"] = jsx.Uint8Array(pieces)
		m["progress"] = fileProgress(info, pieces)
	}
	return m
}

func stats(s client.Stats) message {
	return message{
		"done":          s.Done,
		"total":         s.Total,
		"downloaded":    s.Downloaded,
		"uploaded":      s.Uploaded,
		"downloadSpeed": s.DownloadSpeed,
		"uploadSpeed":   s.UploadSpeed,
		"peers":         s.Peers,
		"timeRemaining": timeRemaining(s),
	}
}

// timeRemaining is in seconds.
func timeRemaining(s client.Stats) float64 {
	switch left := s.Total - s.Done; {
	case left == 0:
		return 0
	case s.DownloadSpeed == 0:
		return math.Inf(1)
	default:
		return float64(left) / float64(s.DownloadSpeed)
	}
}

func peer(p client.PeerInfo) any {
	return message{
		"id":            p.ID.String(),
		"client":        p.Client,
		"progress":      p.Progress,
		"downloaded":    p.Downloaded,
		"uploaded":      p.Uploaded,
		"downloadSpeed": p.DownloadSpeed,
		"uploadSpeed":   p.UploadSpeed,
		"choked":        p.Choked,
		"choking":       p.Choking,
		"interested":    p.Interested,
		"interesting":   p.Interesting,
	}
}

// fileList leaves out what only fills gaps; so a file tells its number.
func fileList(info *metainfo.Info) []any {
	files := []any{}
	for i, f := range info.Files {
		if f.Pad {
			continue
		}
		files = append(files, message{
			"index":  i,
			"path":   strings.Join(f.Path, "/"),
			"length": f.Length,
			"offset": f.Offset,
			"type":   metainfo.ContentType(f.Path[len(f.Path)-1]),
		})
	}
	return files
}

// fileProgress is the verified part of every file, by its number.
func fileProgress(info *metainfo.Info, pieces []byte) []any {
	return list(info.Files, func(f metainfo.File) any {
		if f.Length == 0 {
			return 1
		}
		return float64(verified(info.Layout, pieces, f)) / float64(f.Length)
	})
}

// verified counts the bytes of a file that lie in verified pieces.
func verified(layout metainfo.Layout, pieces []byte, f metainfo.File) (count int64) {
	end, pieceLength := f.Offset+f.Length, int64(layout.PieceLength())
	for at := f.Offset; at < end; {
		i := at / pieceLength
		next := min(end, (i+1)*pieceLength)
		if pieces[i/8]&(0x80>>(i%8)) != 0 {
			count += next - at
		}
		at = next
	}
	return count
}

func list[T any](items []T, convert func(T) any) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = convert(item)
	}
	return out
}
