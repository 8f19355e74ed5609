package metainfo

import (
	"bytes"
	"crypto/sha1"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// golden is testdata/golden/golden.json, which scripts/golden-torrents.mjs
// writes: the options that create-torrent was given.
type golden struct {
	CreationDate int64
	Torrents     []goldenTorrent
	PieceLengths [][2]int64
}

type goldenTorrent struct {
	Name               string
	Files              [][2]any // path, length
	PieceLength        int64
	Private            *bool
	Comment, CreatedBy string
	Trackers, WebSeeds []string
}

func readGolden(t testing.TB) golden {
	t.Helper()
	data, err := os.ReadFile("testdata/golden/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Torrents) == 0 || len(g.PieceLengths) == 0 {
		t.Fatal("no vectors")
	}
	return g
}

func (g goldenTorrent) read(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "golden", g.Name+".torrent"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// spec is the same options in our words.
func (g goldenTorrent) spec() Spec {
	s := Spec{PieceLength: g.PieceLength, Private: g.Private != nil && *g.Private}
	for _, f := range g.Files {
		path := strings.Split(f[0].(string), "/")
		s.Name, s.Multi = path[0], len(path) > 1
		s.Files = append(s.Files, File{Path: path[1:], Length: int64(f[1].(float64))})
	}
	return s
}

// digests hashes the files' content, as the script makes it.
func (g goldenTorrent) digests(l Layout) []Digest {
	var all []byte
	for seed, f := range g.Files {
		for i := range int(f[1].(float64)) {
			all = append(all, byte(seed+31*i+i>>8))
		}
	}
	digests := make([]Digest, l.Pieces())
	for i := range digests {
		p := l.Piece(PieceIndex(i))
		digests[i] = sha1.Sum(all[p.Offset:][:p.Length])
	}
	return digests
}

func TestBuildMakesWhatCreateTorrentMakes(t *testing.T) {
	g := readGolden(t)
	for _, c := range g.Torrents {
		t.Run(c.Name, func(t *testing.T) {
			want := c.read(t)
			if c.Private != nil && !*c.Private {
				// We leave out what create-torrent writes as 0.
				want = bytes.Replace(want, []byte("7:privatei0e"), nil, 1)
			}
			layout, err := c.spec().Layout()
			if err != nil {
				t.Fatal(err)
			}
			info, err := Build(c.spec(), c.digests(layout))
			if err != nil {
				t.Fatal(err)
			}
			got := (&Torrent{
				Info:         info,
				Trackers:     c.Trackers,
				WebSeeds:     c.WebSeeds,
				Comment:      c.Comment,
				CreatedBy:    c.CreatedBy,
				CreationDate: g.CreationDate,
			}).Encode()
			if !bytes.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

func TestParseReadsWhatCreateTorrentMakes(t *testing.T) {
	g := readGolden(t)
	for _, c := range g.Torrents {
		t.Run(c.Name, func(t *testing.T) {
			got, err := Parse(c.read(t))
			if err != nil {
				t.Fatal(err)
			}
			spec := c.spec()
			layout, err := spec.Layout()
			if err != nil {
				t.Fatal(err)
			}
			if !spec.Multi {
				spec.Files[0].Path = []string{spec.Name}
			}
			if _, err := layOut(spec.Files); err != nil {
				t.Fatal(err)
			}
			want := &Torrent{
				Info: &Info{
					Hash:    sha1.Sum(got.Info.Bytes),
					Bytes:   got.Info.Bytes,
					Name:    spec.Name,
					Files:   spec.Files,
					Multi:   spec.Multi,
					Private: spec.Private,
					Layout:  layout,
					Digests: c.digests(layout),
				},
				Trackers:     c.Trackers,
				WebSeeds:     c.WebSeeds,
				Comment:      c.Comment,
				CreatedBy:    c.CreatedBy,
				CreationDate: g.CreationDate,
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v of %+v\nwant %+v of %+v", got, got.Info, want, want.Info)
			}
			if !bytes.Contains(c.read(t), append([]byte("4:info"), got.Info.Bytes...)) {
				t.Error("the info dictionary is not as it was")
			}
		})
	}
}

func TestPieceLengthIsCreateTorrentsRule(t *testing.T) {
	for _, c := range readGolden(t).PieceLengths {
		if got := PieceLength(c[0]); got != c[1] {
			t.Errorf("%d bytes: pieces of %d, want %d", c[0], got, c[1])
		}
	}
}

func TestPieceLengthGoesOnWhereCreateTorrentStops(t *testing.T) {
	const GiB = 1 << 30
	for _, c := range []struct{ total, want int64 }{
		{16 * GiB, 4 << 20},
		{16*GiB + 1, 8 << 20},
		{32 * GiB, 8 << 20},
		{32*GiB + 1, 16 << 20},
		{1 << 45, 16 << 20},
	} {
		if got := PieceLength(c.total); got != c.want {
			t.Errorf("%d bytes: pieces of %d, want %d", c.total, got, c.want)
		}
	}
}
