// Package webseed is a web server as a seed (BEP 19): which URL and range holds
// which bytes of a torrent, when to ask again after a failure and when not. In
// come a torrent's info, a URL and outcomes, out come requests. It fetches
// nothing and checks no hash.
package webseed

import (
	"sort"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// MaxWhole is the longest file, in bytes, that is taken from a server which
// knows no ranges: of each request all that lies before the range is read for
// nothing.
const MaxWhole = 4 << 20

// Request is one HTTP request for a range.
type Request struct {
	URL    string
	Offset int64 // of the first byte in the file behind URL
	Length int64 // bytes; at least 1
	Whole  bool  // the range is the whole file, so a 200 will do
	Zeros  bool  // a padding file (BEP 47): nothing to fetch, Length zeros
}

// Seed is one URL of a torrent. It may be asked for several ranges at once.
type Seed struct {
	info *metainfo.Info
	url  string
	base address

	noRanges bool      // answers ranges with whole files
	over     bool      // is never asked again
	failures int       // since bytes came last
	strikes  int       // of these, the ones that a second try settles
	readyAt  time.Time // zero while it has not failed
}

// New checks the URL; see Check.
func New(info *metainfo.Info, url string) (*Seed, error) {
	base, err := parse(url)
	if err != nil {
		return nil, err
	}
	return &Seed{info: info, url: url, base: base}, nil
}

// URL is the URL as it was given.
func (s *Seed) URL() string { return s.url }

// Serves reports whether the seed may be asked for a range of the torrent's
// bytes: not for a part of long files where the server knows no ranges.
func (s *Seed) Serves(offset, length int64) bool {
	if !s.noRanges {
		return true
	}
	for _, f := range s.touched(offset, length) {
		if !f.Pad && f.Length > MaxWhole {
			return false
		}
	}
	return true
}

// Requests cuts a range of the torrent's bytes into requests, one for each file
// that it touches, in order; together they are as long as the range.
func (s *Seed) Requests(offset, length int64) []Request {
	var all []Request
	for _, f := range s.touched(offset, length) {
		begin := max(offset, f.Offset) - f.Offset
		end := min(offset+length, f.Offset+f.Length) - f.Offset
		if begin == end {
			continue // an empty file
		}
		r := Request{Offset: begin, Length: end - begin, Zeros: f.Pad}
		if !f.Pad {
			r.URL, r.Whole = s.base.of(s.info, f), r.Length == f.Length
		}
		all = append(all, r)
	}
	return all
}

// touched returns the files from the one that holds the range's first byte to
// the one that holds its last.
func (s *Seed) touched(offset, length int64) []metainfo.File {
	if offset < 0 || length < 0 || offset > s.info.Layout.Length()-length {
		panic("webseed: a range outside of the torrent")
	}
	files := s.info.Files
	first := sort.Search(len(files), func(i int) bool { return files[i].Offset+files[i].Length > offset })
	past := sort.Search(len(files), func(i int) bool { return files[i].Offset >= offset+length })
	return files[first:max(first, past)]
}
