package metainfo

import (
	"encoding/base32"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// maxLink bounds a link in bytes; browsers take no longer ones either.
	maxLink = 64 << 10
	// maxFiles bounds a file number in a link (BEP 53).
	maxFiles = 1 << 20
	scheme   = "magnet:?"
)

// Magnet is what a link says of a torrent (BEP 9).
type Magnet struct {
	InfoHash id.ID
	Name     string      // "dn", what to show until the metadata is known
	Trackers []string    // "tr"
	WebSeeds []string    // "ws", http and https URLs
	Sources  []string    // "xs", http and https URLs of the .torrent file
	Peers    []string    // "x.pe", "host:port"
	Select   []FileRange // "so" (BEP 53), the files that are wanted; none says all
}

// FileRange is the files from First to Last, both included.
type FileRange struct{ First, Last int }

// ParseLink reads a magnet link, or an info hash alone: 40 hexadecimal digits
// or 32 of base32 (RFC 4648), of either case. Errors wrap ErrInvalid or
// ErrUnsupportedVersion.
func ParseLink(link string) (*Magnet, error) {
	link = strings.TrimSpace(link)
	if hash, ok := parseHash(link); ok {
		return &Magnet{InfoHash: hash}, nil
	}
	return ParseMagnet(link)
}

// ParseMagnet reads a magnet link. Of several v1 info hashes the first counts;
// parameters that are unknown or cannot be read are passed over, and of a
// repeated list no more than 256 are kept. Errors wrap ErrInvalid, or
// ErrUnsupportedVersion where the link has a v2 info hash and no other.
func ParseMagnet(link string) (*Magnet, error) {
	if len(link) > maxLink {
		return nil, fmt.Errorf("%w link: %d bytes long", ErrInvalid, len(link))
	}
	if len(link) < len(scheme) || !strings.EqualFold(link[:len(scheme)], scheme) {
		return nil, fmt.Errorf("%w link: not a magnet link", ErrInvalid)
	}
	query := readQuery(link[len(scheme):])
	hash, err := readTopics(query["xt"])
	if err != nil {
		return nil, err
	}
	m := &Magnet{
		InfoHash: hash,
		Trackers: unique(query["tr"], isAny),
		WebSeeds: unique(query["ws"], isWeb),
		Sources:  unique(query["xs"], isWeb),
		Peers:    unique(query["x.pe"], isAddress),
		Select:   readRanges(strings.Join(query["so"], ",")),
	}
	if names := unique(query["dn"], isAny); len(names) > 0 {
		m.Name = names[0]
	}
	return m, nil
}

// readQuery takes a query apart. Keys of a list may be numbered ("tr.1"), and
// links that were copied out of HTML may begin them with "amp;".
func readQuery(query string) map[string][]string {
	values := make(map[string][]string)
	for part := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(part, "=")
		key = strings.TrimPrefix(strings.ToLower(key), "amp;")
		if stem, number, found := strings.Cut(key, "."); found && isNumber(number) {
			key = stem
		}
		if key == "dn" {
			// Names come from forms too, where "+" is a space; in URLs it is not.
			value = strings.ReplaceAll(value, "+", " ")
		}
		if value, err := url.PathUnescape(value); err == nil {
			values[key] = append(values[key], value)
		}
	}
	return values
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}

// readTopics finds the info hash among the exact topics.
func readTopics(topics []string) (id.ID, error) {
	v2 := false
	for _, topic := range topics {
		topic = strings.ToLower(topic)
		if text, found := strings.CutPrefix(topic, "urn:btih:"); found {
			if hash, ok := parseHash(text); ok {
				return hash, nil
			}
		}
		v2 = v2 || strings.HasPrefix(topic, "urn:btmh:")
	}
	if v2 {
		return id.ID{}, fmt.Errorf("%w: link without a v1 info hash", ErrUnsupportedVersion)
	}
	return id.ID{}, fmt.Errorf("%w link: no info hash", ErrInvalid)
}

func parseHash(s string) (id.ID, bool) {
	if hash, err := id.FromHex(s); err == nil {
		return hash, true
	}
	// The decoder would pass over line breaks.
	if len(s) != 32 || strings.ContainsAny(s, "\r\n") {
		return id.ID{}, false
	}
	b, err := base32.StdEncoding.DecodeString(strings.ToUpper(s))
	if err != nil {
		return id.ID{}, false
	}
	hash, err := id.FromBytes(b)
	return hash, err == nil
}

// isAddress reports whether s looks like "host:port" or "[host]:port", in
// characters that need no escape: some clients do not unescape "x.pe".
func isAddress(s string) bool {
	strange := func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune(".:[]-", r))
	}
	colon := strings.LastIndexByte(s, ':')
	if colon <= 0 || strings.ContainsFunc(s, strange) {
		return false
	}
	port, err := strconv.ParseUint(s[colon+1:], 10, 16)
	return err == nil && port > 0
}

// readRanges reads "0,2,4-6"; what is no range is passed over.
func readRanges(s string) []FileRange {
	var ranges []FileRange
	for part := range strings.SplitSeq(s, ",") {
		first, last, found := strings.Cut(part, "-")
		if !found {
			last = first
		}
		from, err1 := strconv.ParseUint(first, 10, 32)
		to, err2 := strconv.ParseUint(last, 10, 32)
		if err1 != nil || err2 != nil || from > to || to >= maxFiles || len(ranges) == maxSources {
			continue
		}
		ranges = append(ranges, FileRange{int(from), int(to)})
	}
	return ranges
}

// Wanted says of each of so many files whether the link selects it. It is nil
// where the link selects nothing in particular, which means all.
func (m *Magnet) Wanted(files int) []bool {
	if len(m.Select) == 0 {
		return nil
	}
	wanted := make([]bool, files)
	for _, r := range m.Select {
		for i := r.First; i <= r.Last && i < files; i++ {
			wanted[i] = true
		}
	}
	return wanted
}

// String returns the link. ParseMagnet of it gives m again.
func (m *Magnet) String() string {
	var b strings.Builder
	b.WriteString(scheme + "xt=urn:btih:" + m.InfoHash.String())
	if m.Name != "" {
		b.WriteString("&dn=" + escape(m.Name))
	}
	for _, list := range []struct {
		key    string
		values []string
	}{{"tr", m.Trackers}, {"ws", m.WebSeeds}, {"xs", m.Sources}} {
		for _, value := range list.values {
			b.WriteString("&" + list.key + "=" + escape(value))
		}
	}
	for _, peer := range m.Peers {
		b.WriteString("&x.pe=" + peer)
	}
	before := "&so="
	for _, r := range m.Select {
		b.WriteString(before + r.String())
		before = ","
	}
	return b.String()
}

// String returns the range as BEP 53 writes it, "3" or "3-5".
func (r FileRange) String() string {
	if r.First == r.Last {
		return strconv.Itoa(r.First)
	}
	return strconv.Itoa(r.First) + "-" + strconv.Itoa(r.Last)
}

// escape leaves a space as %20, which every client reads; "+" some do not.
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
