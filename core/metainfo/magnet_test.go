package metainfo

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/shoal-p2p/shoal/core/id"
)

const (
	hashHex    = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
	hashBase32 = "VL2MMHO4YXUKFWV63YHTWSBM3GXKSQ2N"
	btih       = "magnet:?xt=urn:btih:" + hashHex
)

func hash(t testing.TB) id.ID {
	t.Helper()
	h, err := id.FromHex(hashHex)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestMagnetLinksThatAreTaken(t *testing.T) {
	for _, c := range []struct {
		name string
		link string
		want Magnet // but for InfoHash
	}{
		{"a hash", btih, Magnet{}},
		{"a hash in upper case", "MAGNET:?XT=URN:BTIH:" + strings.ToUpper(hashHex), Magnet{}},
		{"a hash in base32", "magnet:?xt=urn:btih:" + hashBase32, Magnet{}},
		{"a hash in lower-case base32", "magnet:?xt=urn:btih:" + strings.ToLower(hashBase32), Magnet{}},
		{"an escaped topic", "magnet:?xt=urn%3Abtih%3A" + hashHex, Magnet{}},
		{"a v2 hash before it", "magnet:?xt=urn:btmh:1220" + strings.Repeat("ab", 32) + "&xt=urn:btih:" + hashHex, Magnet{}},
		{"another topic before it", "magnet:?xt=urn:sha1:X&xt=urn:btih:short&xt=urn:btih:" + hashHex, Magnet{}},
		{"a second hash", btih + "&xt=urn:btih:" + strings.Repeat("0", 40), Magnet{}},
		{"numbered topics", "magnet:?xt.1=urn:btih:" + hashHex + "&tr.1=a&tr.2=b", Magnet{Trackers: []string{"a", "b"}}},
		{"a name", btih + "&dn=a%20b+c%2Bd", Magnet{Name: "a b c+d"}},
		{"two names", btih + "&dn=a&dn=b", Magnet{Name: "a"}},
		{"a name that is not UTF-8", btih + "&dn=%ff", Magnet{Name: "\uFFFD"}},
		{"a name that cannot be read", btih + "&dn=%zz", Magnet{}},
		{
			"trackers",
			btih + "&tr=wss%3A%2F%2Fa%2Fx%3Fy%3D1%26z&tr=udp://b:1+2&tr=udp://b:1+2&tr=",
			Magnet{Trackers: []string{"wss://a/x?y=1&z", "udp://b:1+2"}},
		},
		{"web seeds", btih + "&ws=https%3A%2F%2Fa%2F&ws=ftp://b", Magnet{WebSeeds: []string{"https://a/"}}},
		{"sources", btih + "&xs=http://a/x.torrent&xs=urn:btpk:00", Magnet{Sources: []string{"http://a/x.torrent"}}},
		{
			"peers",
			btih + "&x.pe=1.2.3.4:5&x.pe=[::1]:6&x.pe=host.example:7&x.pe=x&x.pe=a:0&x.pe=a:99999&x.pe=:1&x.pe=a%20b:1",
			Magnet{Peers: []string{"1.2.3.4:5", "[::1]:6", "host.example:7"}},
		},
		{"files", btih + "&so=0,2,4-6", Magnet{Select: []FileRange{{0, 0}, {2, 2}, {4, 6}}}},
		{"files and nonsense", btih + "&so=,x,-1,3-,-,6-4,1-2-3,99999999999,5", Magnet{Select: []FileRange{{5, 5}}}},
		{"parameters that say nothing", btih + "&xl=123&&kt=a&=&x", Magnet{}},
		{"a link out of HTML", btih + "&amp;dn=x&amp;tr=y", Magnet{Name: "x", Trackers: []string{"y"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.InfoHash = hash(t)
			got, err := ParseMagnet(c.link)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, c.want) {
				t.Errorf("got  %+v\nwant %+v", *got, c.want)
			}
		})
	}
}

func TestLinksThatAreRefused(t *testing.T) {
	for name, link := range map[string]string{
		"nothing":                   "",
		"a word":                    "hello",
		"a web address":             "https://example.org/" + hashHex,
		"a magnet without anything": "magnet:?",
		"no hash":                   "magnet:?dn=x",
		"a hash that is too short":  "magnet:?xt=urn:btih:" + hashHex[1:],
		"a hash that is no hex":     "magnet:?xt=urn:btih:g" + hashHex[1:],
		"a hash that is no base32":  "magnet:?xt=urn:btih:1" + hashBase32[1:],
		"base32 with a line break":  "magnet:?xt=urn:btih:" + hashBase32[:31] + "%0A",
		"a broken escape":           "magnet:?xt=urn:btih:" + hashHex[:39] + "%6",
		"too long":                  btih + "&dn=" + strings.Repeat("x", maxLink),
	} {
		if m, err := ParseLink(link); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

func TestLinksOfVersion2AreRefusedAsSuch(t *testing.T) {
	_, err := ParseLink("magnet:?xt=urn:btmh:1220" + strings.Repeat("ab", 32) + "&dn=x")
	if !errors.Is(err, ErrUnsupportedVersion) || errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

func TestALinkMayBeAnInfoHashAlone(t *testing.T) {
	for _, link := range []string{hashHex, strings.ToUpper(hashHex), hashBase32, strings.ToLower(hashBase32), " " + hashHex + "\n", btih} {
		m, err := ParseLink(link)
		if err != nil || !reflect.DeepEqual(*m, Magnet{InfoHash: hash(t)}) {
			t.Errorf("%q: %+v, %v", link, m, err)
		}
	}
}

func TestMagnetLinksAreWrittenInOrder(t *testing.T) {
	m := Magnet{
		InfoHash: hash(t),
		Name:     "a b+c&ü",
		Trackers: []string{"wss://a/?b=c", "udp://d:1"},
		WebSeeds: []string{"https://e/"},
		Sources:  []string{"https://f/g.torrent"},
		Peers:    []string{"[::1]:2"},
		Select:   []FileRange{{0, 0}, {3, 5}},
	}
	want := btih + "&dn=a%20b%2Bc%26%C3%BC&tr=wss%3A%2F%2Fa%2F%3Fb%3Dc&tr=udp%3A%2F%2Fd%3A1" +
		"&ws=https%3A%2F%2Fe%2F&xs=https%3A%2F%2Ff%2Fg.torrent&x.pe=[::1]:2&so=0,3-5"
	if got := m.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := (&Magnet{InfoHash: hash(t)}).String(); got != btih {
		t.Errorf("got %s", got)
	}
}

func TestListsInLinksAreBounded(t *testing.T) {
	var link strings.Builder
	link.WriteString(btih)
	for i := range 2 * maxSources {
		fmt.Fprintf(&link, "&tr=%d&so=%d", i, i)
	}
	m, err := ParseMagnet(link.String())
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Trackers) != maxSources || len(m.Select) != maxSources {
		t.Errorf("%d trackers, %d ranges", len(m.Trackers), len(m.Select))
	}
}

func TestWantedFiles(t *testing.T) {
	for _, c := range []struct {
		name   string
		ranges []FileRange
		want   []bool
	}{
		{"no choice", nil, nil},
		{"one", []FileRange{{1, 1}}, []bool{false, true, false}},
		{"some", []FileRange{{0, 0}, {2, 2}}, []bool{true, false, true}},
		{"beyond the last", []FileRange{{2, maxFiles - 1}}, []bool{false, false, true}},
		{"none that is there", []FileRange{{3, 9}}, []bool{false, false, false}},
	} {
		if got := (&Magnet{Select: c.ranges}).Wanted(3); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func FuzzParseMagnet(f *testing.F) {
	f.Add(btih + "&dn=a+b%20c&tr=wss%3A%2F%2Fa&ws=https://b&xs=http://c&x.pe=1.2.3.4:5&so=0,2-4&xl=9")
	f.Add("magnet:?xt=urn:btih:" + hashBase32)
	f.Add("magnet:?xt=urn:btmh:1220" + strings.Repeat("ab", 32))
	f.Add(hashHex)
	f.Fuzz(func(t *testing.T, link string) {
		m, err := ParseLink(link)
		if err != nil {
			checkError(t, err)
			return
		}
		again, err := ParseMagnet(m.String())
		// Escapes may make a link longer than is taken.
		if len(m.String()) <= maxLink && (err != nil || !reflect.DeepEqual(again, m)) {
			t.Errorf("%q became %+v, %v; was %+v", m, again, err, m)
		}
	})
}
