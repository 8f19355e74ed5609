package session

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/shoal-p2p/shoal/core/bencode"
	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// info is that of two files in three pieces.
func info(t testing.TB) *metainfo.Info {
	t.Helper()
	info, err := metainfo.Build(metainfo.Spec{
		Name: "story", Multi: true, PieceLength: 16 << 10,
		Files: []metainfo.File{{Path: []string{"a"}, Length: 20 << 10}, {Path: []string{"b"}, Length: 20 << 10}},
	}, []metainfo.Digest{sha1.Sum([]byte("1")), sha1.Sum([]byte("2")), sha1.Sum([]byte("3"))})
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func whole(t testing.TB) Torrent {
	info := info(t)
	return Torrent{
		InfoHash: info.Hash, Info: info, Name: "the link's name", Comment: "kept",
		Trackers: []string{"ws://a", "ws://b"}, Defaults: true,
		WebSeeds: []string{"http://a/", "http://b/"}, Named: []string{"http://b/"}, Sources: []string{"http://c/x.torrent"},
		Priority: []byte{0, 7}, Sequential: true, Paused: true, Up: 1, Down: 1 << 40, Added: 1_700_000_000_000,
	}
}

func set(n int, pieces ...int) *bitfield.Bitfield {
	s := bitfield.New(n)
	for _, i := range pieces {
		s.Set(i)
	}
	return s
}

func TestATorrentIsReadAsItWasWritten(t *testing.T) {
	for name, want := range map[string]Torrent{
		"all that there is":       whole(t),
		"a link and nothing else": {InfoHash: info(t).Hash},
		"no file is wanted":       {InfoHash: info(t).Hash, Info: info(t), Priority: []byte{}},
	} {
		got, err := ParseTorrent(want.Encode())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, want)
		}
	}
}

func TestPiecesAreReadAsTheyWereWritten(t *testing.T) {
	want := Pieces{Have: set(11, 0, 10), Writing: set(11, 3), Time: 1_700_000_000}
	got, err := ParsePieces(want.Encode(), 11)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

func TestTheClientIsTheSameAgain(t *testing.T) {
	want := Self{Seed: [32]byte{1, 2, 31: 3}}
	if got, err := ParseSelf(want.Encode()); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
}

// changed is a record with one value replaced.
func changed(t *testing.T, record []byte, key string, value any) []byte {
	t.Helper()
	var d map[string]bencode.Bytes
	if err := bencode.Unmarshal(record, &d); err != nil {
		t.Fatal(err)
	}
	raw, err := bencode.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	d[key] = raw
	data, err := bencode.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAnUnknownVersionIsToldFromDamage(t *testing.T) {
	records := map[string][]byte{
		"torrent": whole(t).Encode(),
		"pieces":  Pieces{Have: set(3), Writing: set(3)}.Encode(),
		"self":    Self{}.Encode(),
	}
	for name, record := range records {
		parse := func(data []byte) (err error) {
			switch name {
			case "torrent":
				_, err = ParseTorrent(data)
			case "pieces":
				_, err = ParsePieces(data, 3)
			default:
				_, err = ParseSelf(data)
			}
			return err
		}
		if err := parse(record); err != nil {
			t.Errorf("%s as it was written: %v", name, err)
		}
		if err := parse(changed(t, record, "version", Version+1)); !errors.Is(err, ErrVersion) {
			t.Errorf("%s of the next version: %v", name, err)
		}
		// What is of the next version may be of any form.
		if err := parse([]byte("d7:versioni2e4:have4:oddse")); !errors.Is(err, ErrVersion) {
			t.Errorf("%s of another form: %v", name, err)
		}
		for what, data := range map[string][]byte{
			"nothing":        nil,
			"half":           record[:len(record)/2],
			"a text":         []byte("4:text"),
			"no version":     []byte("de"),
			"version zero":   changed(t, record, "version", 0),
			"something more": append(bytes.Clone(record), 'x'),
		} {
			if err := parse(data); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
}

func TestATorrentThatDoesNotFitTogetherIsRefused(t *testing.T) {
	record := whole(t).Encode()
	for what, data := range map[string][]byte{
		"a short info hash":       changed(t, record, "info hash", "short"),
		"another info hash":       changed(t, record, "info hash", strings.Repeat("x", 20)),
		"an info hash of zeros":   changed(t, Torrent{InfoHash: info(t).Hash}.Encode(), "info hash", strings.Repeat("\x00", 20)),
		"info that is none":       changed(t, record, "info", "de"),
		"a priority beyond 7":     changed(t, record, "priority", "\x00\x08"),
		"priorities of no files":  changed(t, record, "priority", "\x01\x01\x01"),
		"a limit below zero":      changed(t, record, "up", -1),
		"a list that is a number": changed(t, record, "trackers", 1),
		"URLs without end":        changed(t, record, "web seeds", make([]string, maxURLs+1)),
		"a selection of a link":   changed(t, Torrent{InfoHash: info(t).Hash}.Encode(), "selects", 1),
	} {
		_, err := ParseTorrent(data)
		if what == "a selection of a link" {
			what += " (nothing is known of its files)"
		}
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestPiecesThatDoNotFitAreRefused(t *testing.T) {
	record := Pieces{Have: set(11, 0), Writing: set(11, 3)}.Encode()
	if _, err := ParsePieces(record, 12); !errors.Is(err, ErrInvalid) {
		t.Errorf("of another torrent: %v", err)
	}
	for what, data := range map[string][]byte{
		"too short":       changed(t, record, "have", "\x00"),
		"too long":        changed(t, record, "writing", "\x00\x00\x00"),
		"a spare bit":     changed(t, record, "have", "\x00\x01"),
		"had and written": changed(t, record, "writing", "\x80\x00"),
		"a count beyond":  changed(t, record, "count", int64(1)<<62),
	} {
		if _, err := ParsePieces(data, 11); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// FuzzParse: whatever bytes lie where a record should, they are refused or are
// a record that says the same when it is written again.
func FuzzParse(f *testing.F) {
	f.Add(whole(f).Encode(), 3)
	f.Add(Torrent{InfoHash: info(f).Hash}.Encode(), 0)
	f.Add(Pieces{Have: set(11, 0, 10), Writing: set(11, 3)}.Encode(), 11)
	f.Add(Self{}.Encode(), 0)
	f.Add([]byte("d7:versioni2ee"), 1)
	f.Add([]byte("d5:counti3e4:have1:\xe07:versioni1e7:writing1:\xe0e"), 3)
	f.Fuzz(func(t *testing.T, data []byte, count int) {
		if torrent, err := ParseTorrent(data); err == nil {
			again, err := ParseTorrent(torrent.Encode())
			if err != nil || !bytes.Equal(again.Encode(), torrent.Encode()) {
				t.Errorf("a torrent reads otherwise when it is written again: %v", err)
			}
		}
		if pieces, err := ParsePieces(data, min(max(count, 0), 1<<20)); err == nil {
			again, err := ParsePieces(pieces.Encode(), pieces.Have.Len())
			if err != nil || !bytes.Equal(again.Encode(), pieces.Encode()) {
				t.Errorf("pieces read otherwise when they are written again: %v", err)
			}
		}
		if self, err := ParseSelf(data); err == nil {
			if again, err := ParseSelf(self.Encode()); err != nil || again != self {
				t.Errorf("a client reads otherwise when it is written again: %v", err)
			}
		}
	})
}
