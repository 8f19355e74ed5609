package webseed

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// ErrURL is wrapped by what says why a URL is no web seed.
var ErrURL = errors.New("webseed: no URL of a web seed")

// address is a checked URL, in two parts: what a torrent's name and a file's
// path are put between.
type address struct {
	before string
	after  string // empty, or a query that stays at the end
	folder bool   // the URL ends in a slash
}

// Check says whether a URL can be that of a web seed: http or https, with a
// host. Errors wrap ErrURL.
func Check(raw string) error {
	_, err := parse(raw)
	return err
}

func parse(raw string) (address, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return address{}, fmt.Errorf("%w: %w", ErrURL, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return address{}, fmt.Errorf("%w: %q is not http or https", ErrURL, raw)
	}
	u.Fragment, u.RawFragment = "", "" // browsers keep it from servers, too
	if u.Path == "" && u.RawQuery == "" {
		u.Path = "/" // RFC 9110: the same URL
	}
	whole := u.String()
	if strings.HasSuffix(whole, "/") {
		return address{before: whole, folder: true}, nil
	}
	before, query, found := strings.Cut(whole, "?")
	if found {
		query = "?" + query
	}
	return address{before: before, after: query}, nil
}

// of returns the URL of a file (BEP 19). To a URL that ends in a slash the
// torrent's name is added, and below the name lie the files of a multi-file
// torrent; these have the name added in any case, as the URL of a folder may
// have been written without its slash. Names cannot lead out of the URL:
// metainfo lets no "..", empty element or separator through, and everything is
// escaped that could mean something in a URL.
func (a address) of(info *metainfo.Info, f metainfo.File) string {
	if !info.Multi && !a.folder {
		return a.before + a.after
	}
	b := new(strings.Builder)
	b.WriteString(a.before)
	if !strings.HasSuffix(a.before, "/") {
		b.WriteByte('/')
	}
	b.WriteString(escape(info.Name))
	if info.Multi {
		for _, element := range f.Path {
			b.WriteByte('/')
			b.WriteString(escape(element))
		}
	}
	b.WriteString(a.after)
	return b.String()
}

// escape leaves only what RFC 3986 calls unreserved: some servers take a plus
// for a space, and a URL may end in a slash within its query.
func escape(element string) string {
	return strings.ReplaceAll(url.QueryEscape(element), "+", "%20")
}
