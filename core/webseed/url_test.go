package webseed

import (
	"errors"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// torrent is a multi-file torrent of files of one path element each, with
// 16 KiB pieces.
func torrent(t testing.TB, name string, files ...metainfo.File) *metainfo.Info {
	t.Helper()
	return build(t, metainfo.Spec{Name: name, Multi: true, Files: files})
}

// single is a single-file torrent.
func single(t testing.TB, name string, length int64) *metainfo.Info {
	t.Helper()
	return build(t, metainfo.Spec{Name: name, Files: []metainfo.File{{Length: length}}})
}

func build(t testing.TB, spec metainfo.Spec) *metainfo.Info {
	t.Helper()
	spec.PieceLength = 16 << 10
	layout, err := spec.Layout()
	if err != nil {
		t.Fatal(err)
	}
	info, err := metainfo.Build(spec, make([]metainfo.Digest, layout.Pieces()))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func file(length int64, elements ...string) metainfo.File {
	return metainfo.File{Path: elements, Length: length}
}

func TestAFileIsFoundBelowItsURL(t *testing.T) {
	one := single(t, "a b.iso", 10)
	many := torrent(t, "dir", file(10, "sub", "c#d?.txt"))
	for _, c := range []struct {
		name string
		info *metainfo.Info
		url  string
		want string
	}{
		{"a single file's own URL", one, "http://h/x.iso", "http://h/x.iso"},
		{"a single file in a folder", one, "http://h/pub/", "http://h/pub/a%20b.iso"},
		{"a single file at the root", one, "https://h", "https://h/a%20b.iso"},
		{"a single file behind a query", one, "http://h/get?id=7", "http://h/get?id=7"},
		{"a single file named in a query", one, "http://h/get?path=/", "http://h/get?path=/a%20b.iso"},
		{"many files in a folder", many, "http://h/pub/", "http://h/pub/dir/sub/c%23d%3F.txt"},
		{"many files in a folder without its slash", many, "http://h/pub", "http://h/pub/dir/sub/c%23d%3F.txt"},
		{"many files and a query", many, "http://h/pub?key=1", "http://h/pub/dir/sub/c%23d%3F.txt?key=1"},
		{"many files, a slash and a query", many, "http://h/pub/?key=1", "http://h/pub/dir/sub/c%23d%3F.txt?key=1"},
		{"a fragment is nobody's business", one, "http://h/x.iso#top", "http://h/x.iso"},
		{"a port and a path in need of escapes", one, "http://h:81/ü x/", "http://h:81/%C3%BC%20x/a%20b.iso"},
		{"percent", torrent(t, "100%", file(1, "%2e%2e")), "http://h/", "http://h/100%25/%252e%252e"},
		{"what means something in a URL", torrent(t, "a&b+c=d", file(1, "e;f:g@h,i$j")), "http://h/",
			"http://h/a%26b%2Bc%3Dd/e%3Bf%3Ag%40h%2Ci%24j"},
		{"unicode", torrent(t, "日本", file(1, "…")), "http://h/", "http://h/%E6%97%A5%E6%9C%AC/%E2%80%A6"},
	} {
		s, err := New(c.info, c.url)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := s.Requests(0, 1)[0].URL; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if s.URL() != c.url {
			t.Errorf("%s: the seed calls itself %s", c.name, s.URL())
		}
	}
}

func TestOnlyWebServersAreWebSeeds(t *testing.T) {
	for _, raw := range []string{"", "x", "/etc/passwd", "ftp://h/x", "file:///etc/passwd", "http:", "http://", "http://:80/",
		"http:x", "javascript:alert(1)", "http://h/\n", "http://h/%zz", "data:,x", "blob:http://h/x"} {
		if err := Check(raw); !errors.Is(err, ErrURL) {
			t.Errorf("%q: %v", raw, err)
		}
		if s, err := New(single(t, "x", 1), raw); err == nil || s != nil {
			t.Errorf("%q makes a seed", raw)
		}
	}
	for _, raw := range []string{"http://h", "HTTPS://H/x", "http://[::1]:8080/x"} {
		if err := Check(raw); err != nil {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

// Names and URLs are strangers' words. Whatever they are, the file is looked
// for at the host of the URL, and not above it.
func FuzzURL(f *testing.F) {
	f.Add("http://h/dir/", "name", "sub", "file", true)
	f.Add("http://h/dir", "..", "..", "..", true)
	f.Add("http://h/get?x=/", "a/../b", "%2e%2e", "..\\..", true)
	f.Add("http://h/a/b#/", "//evil/", "@evil", "?#", false)
	f.Fuzz(func(t *testing.T, raw, name, dir, leaf string, multi bool) {
		if err := Check(raw); err != nil {
			return
		}
		spec := metainfo.Spec{Name: name, Multi: multi, Files: []metainfo.File{file(1, dir, leaf)}, PieceLength: 16 << 10}
		info, err := metainfo.Build(spec, make([]metainfo.Digest, 1))
		if err != nil {
			return
		}
		s, err := New(info, raw)
		if err != nil {
			t.Fatal(err)
		}
		base, _ := url.Parse(raw)
		got, err := url.Parse(s.Requests(0, 1)[0].URL)
		if err != nil {
			t.Fatal(err)
		}
		if got.Scheme != base.Scheme || got.Host != base.Host || got.Fragment != "" {
			t.Fatalf("%s leads to %s", raw, got)
		}
		if whole, _, _ := strings.Cut(raw, "#"); !multi && !strings.HasSuffix(whole, "/") {
			return // the URL itself, wherever it climbs
		}
		if above, below := path.Clean("/"+base.Path), path.Clean("/"+got.Path); base.RawQuery == "" && above != "/" && !strings.HasPrefix(below, above+"/") {
			t.Fatalf("%s leads up to %s", raw, got)
		}
	})
}
