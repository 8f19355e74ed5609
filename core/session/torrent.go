package session

import (
	"fmt"
	"strings"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

const (
	// maxURLs bounds each list of a torrent's URLs: what a link and its caller may
	// both name.
	maxURLs = 1 << 10
	// maxPriority is the highest that a file may have.
	maxPriority = 7
)

// Torrent is what a client knows of one torrent, but for its pieces.
type Torrent struct {
	InfoHash id.ID
	Info     *metainfo.Info // nil while it is not known
	Name     string         // what the link calls it
	Comment  string
	Trackers []string // its own
	// Defaults says that the client's trackers are asked too, as they are when the
	// torrent is there again.
	Defaults bool
	WebSeeds []string
	Named    []string // of these, what the user has named and no stranger
	Sources  []string // URLs of the .torrent file
	// Priority is how much each file is wanted, by its number: 0 is not, 7 most.
	// nil wants all. Files are known with Info only.
	Priority   []byte
	Sequential bool
	Paused     bool
	Up, Down   int64 // limits in bytes per second, 0 for none
	Added      int64 // when it came, in milliseconds since 1970
}

// torrentForm is how a Torrent lies in its record.
type torrentForm struct {
	Version    int64    `bencode:"version"`
	InfoHash   []byte   `bencode:"info hash"`
	Info       []byte   `bencode:"info,omitempty"`
	Name       string   `bencode:"name,omitempty"`
	Comment    string   `bencode:"comment,omitempty"`
	Trackers   []string `bencode:"trackers,omitempty"`
	Defaults   int64    `bencode:"defaults,omitempty"`
	WebSeeds   []string `bencode:"web seeds,omitempty"`
	Named      []string `bencode:"named,omitempty"`
	Sources    []string `bencode:"sources,omitempty"`
	Selects    int64    `bencode:"selects,omitempty"` // whether Priority is there
	Priority   []byte   `bencode:"priority,omitempty"`
	Sequential int64    `bencode:"sequential,omitempty"`
	Paused     int64    `bencode:"paused,omitempty"`
	Up         int64    `bencode:"up,omitempty"`
	Down       int64    `bencode:"down,omitempty"`
	Added      int64    `bencode:"added,omitempty"`
}

// Encode returns the record.
func (t Torrent) Encode() []byte {
	form := torrentForm{
		Version:    Version,
		InfoHash:   t.InfoHash[:],
		Name:       t.Name,
		Comment:    t.Comment,
		Trackers:   t.Trackers,
		Defaults:   number(t.Defaults),
		WebSeeds:   t.WebSeeds,
		Named:      t.Named,
		Sources:    t.Sources,
		Selects:    number(t.Priority != nil),
		Priority:   t.Priority,
		Sequential: number(t.Sequential),
		Paused:     number(t.Paused),
		Up:         t.Up,
		Down:       t.Down,
		Added:      t.Added,
	}
	if t.Info != nil {
		form.Info = t.Info.Bytes
	}
	return encode(form)
}

func number(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// ParseTorrent reads a record that Encode has made. What it says fits together:
// Info has the info hash, and Priority no more files than Info.
func ParseTorrent(data []byte) (Torrent, error) {
	var form torrentForm
	if err := open(data, &form); err != nil {
		return Torrent{}, err
	}
	t, err := form.torrent()
	if err != nil {
		return Torrent{}, invalid(err)
	}
	return t, nil
}

func (form torrentForm) torrent() (t Torrent, err error) {
	if t.InfoHash, err = id.FromBytes(form.InfoHash); err != nil {
		return t, fmt.Errorf("info hash: %w", err)
	}
	if t.InfoHash.IsZero() {
		return t, fmt.Errorf("an info hash of zeros")
	}
	if len(form.Info) > 0 {
		if t.Info, err = metainfo.ParseInfo(form.Info); err != nil {
			return t, err
		}
		if t.Info.Hash != t.InfoHash {
			return t, fmt.Errorf("an info dictionary of another torrent")
		}
	}
	for _, urls := range [][]string{form.Trackers, form.WebSeeds, form.Named, form.Sources} {
		if len(urls) > maxURLs {
			return t, fmt.Errorf("a list of %d URLs", len(urls))
		}
	}
	if form.Up < 0 || form.Down < 0 {
		return t, fmt.Errorf("a limit below zero")
	}
	t.Name, t.Comment = strings.ToValidUTF8(form.Name, "\uFFFD"), strings.ToValidUTF8(form.Comment, "\uFFFD")
	t.Trackers, t.WebSeeds, t.Named, t.Sources = form.Trackers, form.WebSeeds, form.Named, form.Sources
	t.Defaults, t.Sequential, t.Paused = form.Defaults != 0, form.Sequential != 0, form.Paused != 0
	t.Up, t.Down, t.Added = form.Up, form.Down, form.Added
	if form.Selects != 0 {
		t.Priority, err = form.priority(t.Info)
	}
	return t, err
}

func (form torrentForm) priority(info *metainfo.Info) ([]byte, error) {
	if info == nil || len(form.Priority) > len(info.Files) {
		return nil, fmt.Errorf("a selection of %d files that are not there", len(form.Priority))
	}
	for _, priority := range form.Priority {
		if priority > maxPriority {
			return nil, fmt.Errorf("a priority of %d", priority)
		}
	}
	return append([]byte{}, form.Priority...), nil
}
