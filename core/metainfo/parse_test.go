package metainfo

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// one is the info dictionary of a file of one byte, with more keys after "name".
func one(name string, more string) string {
	return fmt.Sprintf("d6:lengthi1e4:name%d:%s%s12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae", len(name), name, more)
}

// many is the info dictionary of files of one byte each, with these paths.
func many(paths ...string) string {
	var files strings.Builder
	for _, path := range paths {
		files.WriteString("d6:lengthi1e4:pathl")
		for _, element := range strings.Split(path, "|") {
			fmt.Fprintf(&files, "%d:%s", len(element), element)
		}
		files.WriteString("ee")
	}
	return "d5:filesl" + files.String() + "e4:name1:n12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae"
}

func TestInfoDictionariesThatAreTaken(t *testing.T) {
	for _, c := range []struct {
		name  string
		data  string
		title string // Info.Name
		paths string // of Info.Files
	}{
		{"a file", one("x.txt", ""), "x.txt", "x.txt"},
		{"an unknown key", one("x", "3:zzzd1:b1:b1:a1:ae"), "x", "x"},
		{"a name that begins with dots", one("...x", ""), "...x", "...x"},
		{"the name in UTF-8", one("x", "10:name.utf-83:\u2603"), "\u2603", "\u2603"},
		{"an empty name in UTF-8", one("x", "10:name.utf-80:"), "x", "x"},
		{"a name that is not UTF-8", one("a\xff\xfeb", ""), "a\uFFFDb", "a\uFFFDb"},
		{"one file in a directory", many("a"), "n", "a"},
		{"files in directories", many("a|b|c", "a|b|d", "a|e", "f"), "n", "a|b|c a|b|d a|e f"},
		{"names that begin alike", many("a", "ab", "a b|c", "a.b|d"), "n", "a ab a b|c a.b|d"},
		{"keys out of order", "d4:name1:x6:lengthi0e6:pieces0:12:piece lengthi1ee", "x", "x"},
		{"both a length and files", "d5:filesld6:lengthi0e4:pathl1:aeee6:lengthi7e4:name1:n12:piece lengthi1e6:pieces0:e", "n", "a"},
		{
			"the path in UTF-8",
			"d5:filesld6:lengthi0e4:pathl1:ae10:path.utf-8l2:\u00e4eee4:name1:n12:piece lengthi1e6:pieces0:e",
			"n", "\u00e4",
		},
		{
			"an empty path in UTF-8",
			"d5:filesld6:lengthi0e4:pathl1:ae10:path.utf-8leee4:name1:n12:piece lengthi1e6:pieces0:e",
			"n", "a",
		},
		{
			"padding files of one length",
			"d5:filesl" +
				"d6:lengthi1e4:pathl1:aee" +
				"d4:attr1:p6:lengthi9e4:pathl4:.pad1:9ee" +
				"d6:lengthi1e4:pathl1:bee" +
				"d4:attr1:p6:lengthi9e4:pathl4:.pad1:9ee" +
				"e4:name1:n12:piece lengthi20e6:pieces20:aaaaaaaaaaaaaaaaaaaae",
			"n", "a .pad|1 b .pad|3",
		},
		{
			"the v1 part of a hybrid",
			"d9:file treed1:xd0:d6:lengthi0eeee6:lengthi0e12:meta versioni2e4:name1:x12:piece lengthi16384e6:pieces0:e",
			"x", "x",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			info, err := ParseInfo([]byte(c.data))
			if err != nil {
				t.Fatal(err)
			}
			if info.Name != c.title {
				t.Errorf("name %q, want %q", info.Name, c.title)
			}
			var paths []string
			for _, f := range info.Files {
				paths = append(paths, strings.Join(f.Path, "|"))
			}
			if got := strings.Join(paths, " "); got != c.paths {
				t.Errorf("paths %q, want %q", got, c.paths)
			}
			if string(info.Bytes) != c.data || info.Hash != sha1.Sum([]byte(c.data)) {
				t.Error("the bytes or the hash are not those of the dictionary")
			}
		})
	}
}

func TestPaddingFilesAreMarked(t *testing.T) {
	info, err := ParseInfo([]byte("d5:filesld6:lengthi1e4:pathl1:aeed4:attr2:hp6:lengthi9e4:pathl1:peee" +
		"4:name1:n12:piece lengthi20e6:pieces20:aaaaaaaaaaaaaaaaaaaae"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Files[0].Pad || !info.Files[1].Pad {
		t.Errorf("%+v", info.Files)
	}
}

func TestPrivateIsWhateverIsNotZero(t *testing.T) {
	for more, want := range map[string]bool{
		"":                false,
		"7:privatei0e":    false,
		"7:privatei1e":    true,
		"7:privatei2e":    true,
		"7:private4:true": true,
		"7:private2:no":   true,
		"7:privatele":     true,
		"8:privateri1e":   false,
	} {
		info, err := ParseInfo([]byte(one("x", more)))
		if err != nil {
			t.Errorf("%s: %v", more, err)
			continue
		}
		if info.Private != want {
			t.Errorf("%s: private is %v", more, info.Private)
		}
	}
}

func TestInfoDictionariesThatAreRefused(t *testing.T) {
	pieces := "12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae"
	for _, c := range []struct{ name, data string }{
		{"nothing", ""},
		{"an empty dictionary", "de"},
		{"a list", "le"},
		{"a dictionary in a list", "l" + one("x", "") + "e"},
		{"an integer", "i1e"},
		{"cut short", one("x", "")[:60]},
		{"something after it", one("x", "") + "e"},
		{"a dictionary after it", one("x", "") + "de"},
		{"no name", "d6:lengthi1e" + pieces},
		{"a name that is a number", "d6:lengthi1e4:namei5e" + pieces},
		{"an empty name", one("", "")},
		{"a name that climbs", one("..", "")},
		{"a name that stays", one(".", "")},
		{"a name with a slash", one("a/b", "")},
		{"an absolute name", one("/etc", "")},
		{"a name with a backslash", one(`a\b`, "")},
		{"a name with NUL", one("a\x00b", "")},
		{"a name with a line break", one("a\nb", "")},
		{"a name with DEL", one("a\x7fb", "")},
		{"a name in UTF-8 that climbs", one("x", "10:name.utf-82:..")},
		{"no length", "d4:name1:x" + pieces},
		{"a length in a list", "d6:lengthli1ee4:name1:x" + pieces},
		{"a length that is text", "d6:length1:14:name1:x" + pieces},
		{"a negative length", "d6:lengthi-1e4:name1:x" + pieces},
		{"a length beyond 64 bits", "d6:lengthi9223372036854775808e4:name1:x" + pieces},
		{"the greatest length of 64 bits", "d6:lengthi9223372036854775807e4:name1:x" + pieces},
		{"no piece length", "d6:lengthi1e4:name1:x6:pieces20:aaaaaaaaaaaaaaaaaaaae"},
		{"a piece length of 0", "d6:lengthi1e4:name1:x12:piece lengthi0e6:pieces20:aaaaaaaaaaaaaaaaaaaae"},
		{"a negative piece length", "d6:lengthi1e4:name1:x12:piece lengthi-1e6:pieces20:aaaaaaaaaaaaaaaaaaaae"},
		{"too great a piece length", "d6:lengthi1e4:name1:x12:piece lengthi67108865e6:pieces20:aaaaaaaaaaaaaaaaaaaae"},
		{"no pieces", "d6:lengthi1e4:name1:x12:piece lengthi16384ee"},
		{"pieces that are a list", "d6:lengthi1e4:name1:x12:piece lengthi16384e6:piecesl20:aaaaaaaaaaaaaaaaaaaaee"},
		{"too few pieces", "d6:lengthi16385e4:name1:x" + pieces},
		{"too many pieces", "d6:lengthi0e4:name1:x" + pieces},
		{"half a digest", "d6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces10:aaaaaaaaaae"},
		{"more pieces than a bitfield has", "d6:lengthi9000000000000000000e4:name1:x12:piece lengthi1e6:pieces0:e"},
		{"files that are no list", "d5:filesde4:name1:n" + pieces},
		{"no files", "d5:filesle4:name1:n" + pieces},
		{"a file that is no dictionary", "d5:filesli1ee4:name1:n" + pieces},
		{"a file in a list", "d5:filesld6:lengthi1e4:pathl1:aeee4:name1:n" + pieces[:len(pieces)-1] + "3:zzze"},
		{"a file in two lists", "d5:filesll" + "d6:lengthi1e4:pathl1:aee" + "ee4:name1:n" + pieces},
		{"a file without a length", "d5:filesld4:pathl1:aeee4:name1:n" + pieces},
		{"a file of negative length", "d5:filesld6:lengthi2e4:pathl1:aeed6:lengthi-1e4:pathl1:beee4:name1:n" + pieces},
		{
			"files whose sum is beyond 64 bits",
			"d5:filesld6:lengthi9223372036854775807e4:pathl1:aeed6:lengthi2e4:pathl1:beee4:name1:n" + pieces,
		},
		{"a file without a path", "d5:filesld6:lengthi1eee4:name1:n" + pieces},
		{"a file with an empty path", "d5:filesld6:lengthi1e4:pathleee4:name1:n" + pieces},
		{"a path that is text", "d5:filesld6:lengthi1e4:path1:aee4:name1:n" + pieces},
		{"a path of numbers", "d5:filesld6:lengthi1e4:pathli1eeee4:name1:n" + pieces},
		{"a path with an empty element", many("a||b")},
		{"a path that climbs", many("..|b")},
		{"a path that climbs inside", many("a|..|..|b")},
		{"a path that stays", many("a|.|b")},
		{"an absolute path", many("/etc/passwd")},
		{"a path with a slash", many("a/../../b")},
		{"a path with a backslash", many(`..\b`)},
		{"a path with NUL", many("a\x00")},
		{"a path twice", many("a|b", "c", "a|b")},
		{"two paths that are one once they are UTF-8", many("a\xff", "a\xfe")},
		{"a file that is a directory too", many("a|b|c", "x", "a|b")},
		{"a directory that is a file too", many("a", "a b", "a.b", "a|b")},
		{"too deep a value", one("x", "1:z"+strings.Repeat("l", 200)+strings.Repeat("e", 200))},
		{"too long", one("x", "1:z11000000:"+strings.Repeat("z", 11_000_000))},
	} {
		t.Run(c.name, func(t *testing.T) {
			info, err := ParseInfo([]byte(c.data))
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%+v, %v", info, err)
			}
		})
	}
}

func TestTorrentsOfVersion2AreRefusedAsSuch(t *testing.T) {
	v2 := "d9:file treed1:xd0:d6:lengthi0eeee12:meta versioni2e4:name1:x12:piece lengthi16384ee"
	if _, err := ParseInfo([]byte(v2)); !errors.Is(err, ErrUnsupportedVersion) || errors.Is(err, ErrInvalid) {
		t.Errorf("info dictionary: %v", err)
	}
	if _, err := Parse([]byte("d4:info" + v2 + "e")); !errors.Is(err, ErrUnsupportedVersion) {
		t.Errorf("torrent file: %v", err)
	}
}

func TestTheInfoKeepsBytesOfItsOwn(t *testing.T) {
	data := []byte(one("x", ""))
	info, err := ParseInfo(data)
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	if string(info.Bytes) != one("x", "") || info.Digests[0] != Digest([]byte("aaaaaaaaaaaaaaaaaaaa")) {
		t.Error("the caller's buffer is still in use")
	}
}

func TestWhatATorrentFileSaysOfItsSources(t *testing.T) {
	info := one("x", "")
	for _, c := range []struct {
		name               string
		data               string
		trackers, webSeeds []string
	}{
		{"nothing", "d4:info" + info + "e", nil, nil},
		{"a tracker", "d8:announce3:a:b4:info" + info + "e", []string{"a:b"}, nil},
		{"tiers", "d8:announce1:x13:announce-listll1:a1:bel1:cee4:info" + info + "e", []string{"a", "b", "c"}, nil},
		{"a tracker twice", "d13:announce-listll1:ael1:a1:bee4:info" + info + "e", []string{"a", "b"}, nil},
		{"empty tiers", "d8:announce1:x13:announce-listllelee4:info" + info + "e", []string{"x"}, nil},
		{"tiers that are none", "d8:announce1:x13:announce-listi1e4:info" + info + "e", []string{"x"}, nil},
		{"tiers of numbers", "d8:announce1:x13:announce-listlli1eee4:info" + info + "e", []string{"x"}, nil},
		{"a tracker that is none", "d8:announcei1e4:info" + info + "e", nil, nil},
		{"a web seed", "d4:info" + info + "8:url-list8:http://ae", nil, []string{"http://a"}},
		{"web seeds", "d4:info" + info + "8:url-listl8:http://a9:HTTPS://b7:ftp://c7:http://0:ee", nil, []string{"http://a", "HTTPS://b"}},
		{"no web seed", "d4:info" + info + "8:url-list0:e", nil, nil},
		{"web seeds that are none", "d4:info" + info + "8:url-listdee", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse([]byte(c.data))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Trackers, c.trackers) || !reflect.DeepEqual(got.WebSeeds, c.webSeeds) {
				t.Errorf("trackers %q, web seeds %q", got.Trackers, got.WebSeeds)
			}
		})
	}
}

func TestSourcesAreBounded(t *testing.T) {
	var tiers strings.Builder
	for i := range 2 * maxSources {
		fmt.Fprintf(&tiers, "l3:%03de", i)
	}
	got, err := Parse([]byte("d13:announce-listl" + tiers.String() + "e4:info" + one("x", "") + "e"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Trackers) != maxSources || got.Trackers[maxSources-1] != "255" {
		t.Errorf("%d trackers", len(got.Trackers))
	}
}

func TestTorrentFilesThatAreRefused(t *testing.T) {
	for name, data := range map[string]string{
		"nothing":                      "",
		"a web page":                   "<!DOCTYPE html>",
		"no info dictionary":           "d8:announce1:xe",
		"an info that is text":         "d4:info1:xe",
		"an info dictionary in a list": "d4:infol" + one("x", "") + "ee",
		"in a list":                    "ld4:info" + one("x", "") + "ee",
		"cut short":                    "d4:info" + one("x", ""),
		"something after it":           "d4:info" + one("x", "") + "e\n",
	} {
		if _, err := Parse([]byte(data)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDescriptions(t *testing.T) {
	got, err := Parse([]byte("d7:comment2:\xff!10:created by1:c13:creation date1:x4:info" + one("x", "") + "e"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Comment != "\uFFFD!" || got.CreatedBy != "c" || got.CreationDate != 0 {
		t.Errorf("%+v", got)
	}
}

func TestSpecsThatAreRefused(t *testing.T) {
	file := []File{{Path: []string{"a"}, Length: 1}}
	for name, spec := range map[string]Spec{
		"no name":                  {Files: file},
		"a name that climbs":       {Name: "..", Files: file},
		"a name that is not UTF-8": {Name: "\xff", Files: file},
		"no file":                  {Name: "x"},
		"two files alone":          {Name: "x", Files: append(file, file...)},
		"an empty directory":       {Name: "x", Multi: true},
		"a path twice":             {Name: "x", Multi: true, Files: append(file, file...)},
		"an empty path":            {Name: "x", Multi: true, Files: []File{{Length: 1}}},
		"a path that climbs":       {Name: "x", Multi: true, Files: []File{{Path: []string{"..", "a"}}}},
		"a path that is not UTF-8": {Name: "x", Multi: true, Files: []File{{Path: []string{"\xff"}}}},
		"a negative length":        {Name: "x", Files: []File{{Length: -1}}},
		"a short piece length":     {Name: "x", Files: file, PieceLength: 8192},
		"an uneven piece length":   {Name: "x", Files: file, PieceLength: 16385},
		"a negative piece length":  {Name: "x", Files: file, PieceLength: -16384},
		"a long piece length":      {Name: "x", Files: file, PieceLength: 2 * MaxPieceLength},
		"too many bytes":           {Name: "x", Files: []File{{Length: 1 << 62}}},
	} {
		if _, err := spec.Layout(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Build(spec, nil); !errors.Is(err, ErrInvalid) {
			t.Errorf("build, %s: %v", name, err)
		}
	}
}

func TestWhatPeersWouldNotTakeIsRefusedBeforeItIsHashed(t *testing.T) {
	if testing.Short() {
		t.Skip("as many files as there may be")
	}
	crowd := make([]File, 200_000)
	for i := range crowd {
		crowd[i].Path = []string{fmt.Sprint(i)}
	}
	for name, spec := range map[string]Spec{
		"too many pieces": {Name: "x", Files: []File{{Length: 16 << 30}}, PieceLength: 16 << 10},
		"too many files":  {Name: "x", Multi: true, Files: crowd},
	} {
		if _, err := spec.Layout(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}

	most := Spec{Name: "x", Multi: true, Files: crowd[:100_000]}
	layout, err := most.Layout()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Build(most, make([]Digest, layout.Pieces())); err != nil {
		t.Errorf("a hundred thousand files: %v", err)
	}
}

func TestBuildWantsADigestForEachPiece(t *testing.T) {
	spec := Spec{Name: "x", Files: []File{{Length: 20_000}}}
	for n := range 4 {
		_, err := Build(spec, make([]Digest, n))
		if ok := n == 2; (err == nil) != ok || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%d digests: %v", n, err)
		}
	}
}

func TestASpecIsNotChanged(t *testing.T) {
	spec := Spec{Name: "x", Multi: true, Files: []File{
		{Path: []string{"a"}, Length: 1, Offset: 99},
		{Path: []string{"b"}, Length: 1, Offset: 99},
	}}
	if _, err := spec.Layout(); err != nil {
		t.Fatal(err)
	}
	if spec.Files[0].Offset != 99 || spec.Files[1].Offset != 99 {
		t.Errorf("%+v", spec.Files)
	}
}

func TestWhatIsBuiltIsParsedAgain(t *testing.T) {
	rng := random(t)
	for range 300 {
		spec := Spec{Name: "torrent", Multi: rng.IntN(2) == 0, Private: rng.IntN(2) == 0}
		files := 1
		if spec.Multi {
			files += rng.IntN(20)
		}
		for i := range files {
			path := []string{fmt.Sprint("d", rng.IntN(3)), fmt.Sprint("f", i)}
			spec.Files = append(spec.Files, File{Path: path[rng.IntN(2):], Length: rng.Int64N(1 << rng.IntN(20))})
		}
		layout, err := spec.Layout()
		if err != nil {
			t.Fatal(err)
		}
		digests := make([]Digest, layout.Pieces())
		for i := range digests {
			digests[i][rng.IntN(20)] = byte(rng.Uint32())
		}
		info, err := Build(spec, digests)
		if err != nil {
			t.Fatal(err)
		}
		want := &Torrent{Info: info, Comment: "c", Trackers: []string{"wss://a", "wss://b"}}
		got, err := Parse(want.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) || got.Info.Layout != layout || !reflect.DeepEqual(got.Info.Digests, digests) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, g := range readGolden(f).Torrents {
		if data := g.read(f); len(data) < 1000 {
			f.Add(data)
		}
	}
	f.Add([]byte("d8:announce1:x13:announce-listll1:a1:bel1:cee4:info" + one("x", "") + "8:url-listl8:http://aee"))
	f.Fuzz(func(t *testing.T, data []byte) {
		torrent, err := Parse(data)
		if err != nil {
			checkError(t, err)
			return
		}
		checkInfo(t, torrent.Info)
		again, err := Parse(torrent.Encode())
		if err != nil || !reflect.DeepEqual(again, torrent) {
			t.Errorf("encoded and parsed again: %+v, %v, was %+v", again, err, torrent)
		}
	})
}

func FuzzParseInfo(f *testing.F) {
	f.Add([]byte(one("x", "10:name.utf-83:\u2603")))
	f.Add([]byte(many("a|b", "c")))
	f.Add([]byte("d5:filesld4:attr1:p6:lengthi9e4:pathl4:.pad1:9eee4:name1:n12:piece lengthi20e6:pieces20:aaaaaaaaaaaaaaaaaaaae"))
	f.Add([]byte("d9:file treed1:xd0:d6:lengthi0eeee12:meta versioni2e4:name1:x12:piece lengthi16384ee"))
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := ParseInfo(data)
		if err != nil {
			checkError(t, err)
			return
		}
		if !bytes.Equal(info.Bytes, data) {
			t.Error("not the same bytes")
		}
		checkInfo(t, info)
	})
}

func checkError(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, ErrInvalid) == errors.Is(err, ErrUnsupportedVersion) {
		t.Errorf("neither invalid nor unsupported, or both: %v", err)
	}
}

// checkInfo states what every Info that was parsed promises.
func checkInfo(t *testing.T, info *Info) {
	t.Helper()
	if info.Hash != sha1.Sum(info.Bytes) || len(info.Digests) != info.Layout.Pieces() || len(info.Files) == 0 {
		t.Errorf("%+v", info)
	}
	if !info.Multi && (len(info.Files) != 1 || !reflect.DeepEqual(info.Files[0].Path, []string{info.Name})) {
		t.Errorf("a single file: %+v", info.Files)
	}
	var end int64
	seen := make(map[string]bool)
	for _, file := range info.Files {
		if file.Offset != end || file.Length < 0 || len(file.Path) == 0 {
			t.Errorf("%+v after %d bytes", file, end)
		}
		end += file.Length
		for _, element := range append(file.Path, info.Name) {
			if element == "" || element == "." || element == ".." || strings.ContainsAny(element, "/\\\x00") || !utf8.ValidString(element) {
				t.Errorf("path element %q", element)
			}
		}
		path := strings.Join(file.Path, "/")
		if seen[path] {
			t.Errorf("%q twice", path)
		}
		seen[path] = true
	}
	for _, file := range info.Files {
		for n := 1; n < len(file.Path); n++ {
			if seen[strings.Join(file.Path[:n], "/")] {
				t.Errorf("%q is below a file", file.Path)
			}
		}
	}
	if end != info.Layout.Length() {
		t.Errorf("%d bytes of files in a layout of %d", end, info.Layout.Length())
	}
}
