package webseed

import (
	"flag"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

var seed = flag.Uint64("seed", 1, "of the random tests")

// padded is a torrent with an empty file and padding: a 0–10, empty, pad 10–16,
// b 16–21.
func padded(t *testing.T) *metainfo.Info {
	info := *torrent(t, "d", file(10, "a"), file(0, "none"), file(6, "pad"), file(5, "b"))
	info.Files = append([]metainfo.File(nil), info.Files...)
	info.Files[2].Pad = true
	return &info
}

func TestARangeIsCutOverFiles(t *testing.T) {
	s, err := New(padded(t), "http://h/")
	if err != nil {
		t.Fatal(err)
	}
	a, b := "http://h/d/a", "http://h/d/b"
	for _, c := range []struct {
		name           string
		offset, length int64
		want           []Request
	}{
		{"within a file", 2, 3, []Request{{URL: a, Offset: 2, Length: 3}}},
		{"a whole file", 0, 10, []Request{{URL: a, Length: 10, Whole: true}}},
		{"the last byte of a file", 9, 1, []Request{{URL: a, Offset: 9, Length: 1}}},
		{"within padding", 11, 2, []Request{{Offset: 1, Length: 2, Zeros: true}}},
		{"over all", 0, 21, []Request{{URL: a, Length: 10, Whole: true}, {Length: 6, Zeros: true}, {URL: b, Length: 5, Whole: true}}},
		{"from within one into another", 8, 10, []Request{{URL: a, Offset: 8, Length: 2}, {Length: 6, Zeros: true}, {URL: b, Length: 2}}},
		{"nothing", 8, 0, nil},
		{"nothing at the end", 21, 0, nil},
	} {
		if got := s.Requests(c.offset, c.length); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestRequestsAreAsLongAsTheRange(t *testing.T) {
	t.Logf("-seed %d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 0))
	for range 200 {
		var files []metainfo.File
		for i := range 1 + rng.IntN(8) {
			files = append(files, file(rng.Int64N(5), string(rune('a'+i))))
		}
		info := torrent(t, "d", files...)
		s, err := New(info, "http://h/")
		if err != nil {
			t.Fatal(err)
		}
		total := info.Layout.Length()
		offset := rng.Int64N(total + 1)
		length := rng.Int64N(total - offset + 1)
		at := offset
		for _, r := range s.Requests(offset, length) {
			f := holding(info, at)
			if r.URL != "http://h/d/"+f.Path[0] || r.Offset != at-f.Offset || r.Length < 1 || r.Offset+r.Length > f.Length || r.Whole != (r.Length == f.Length) {
				t.Fatalf("byte %d of %+v is asked for as %+v", at, info.Files, r)
			}
			at += r.Length
		}
		if at != offset+length {
			t.Fatalf("%d bytes from %d of %+v: requests end at %d", length, offset, info.Files, at)
		}
	}
}

// holding is the file that holds a byte.
func holding(info *metainfo.Info, at int64) metainfo.File {
	for _, f := range info.Files {
		if at >= f.Offset && at < f.Offset+f.Length {
			return f
		}
	}
	panic("no file holds it")
}

func TestARangeOutsideOfTheTorrentIsOurOwnFault(t *testing.T) {
	s, err := New(single(t, "x", 10), "http://h/x")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]int64{{-1, 1}, {0, 11}, {10, 1}, {0, -1}, {1 << 62, 1 << 62}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d bytes from %d are asked for", c[1], c[0])
				}
			}()
			s.Requests(c[0], c[1])
		}()
	}
}
