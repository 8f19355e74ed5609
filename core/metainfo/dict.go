package metainfo

import (
	"errors"
	"fmt"
	"strings"

	"github.com/shoal-p2p/shoal/core/bencode"
)

var (
	errMissing = errors.New("missing")
	errKind    = errors.New("not of the right kind")
)

// dict is a bencoded dictionary taken apart, its values still as they came:
// keys that we do not know are not judged.
type dict map[string]bencode.Bytes

func readDict(data []byte) (dict, error) {
	d, rest, err := readDictPrefix(data)
	if err == nil && len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes after the dictionary", len(rest))
	}
	return d, err
}

func readDictPrefix(data []byte) (d dict, rest []byte, err error) {
	if len(data) == 0 || data[0] != 'd' {
		return nil, nil, errKind
	}
	rest, err = bencode.UnmarshalPrefix(data, &d)
	return d, rest, err
}

// get decodes the value of a key into what v points to.
func (d dict) get(key string, v any) error {
	raw, ok := d[key]
	if !ok {
		return errMissing
	}
	// The decoder would take the only item of a list for the list.
	if raw[0] == 'l' && !isList(v) {
		return errKind
	}
	return bencode.Unmarshal(raw, v)
}

func isList(v any) bool {
	switch v.(type) {
	case *[]string, *[][]string:
		return true
	default:
		return false
	}
}

// text returns the first of the keys that is a string and not empty, in valid
// UTF-8: what is not becomes U+FFFD, as in a browser.
func (d dict) text(keys ...string) string {
	for _, key := range keys {
		var s string
		if d.get(key, &s) == nil && s != "" {
			return validText(s)
		}
	}
	return ""
}

func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// unique copies what keep takes, in order, each text once and no more of them
// than maxSources.
func unique(texts []string, keep func(string) bool) []string {
	var kept []string
	seen := make(map[string]bool)
	for _, s := range texts {
		if len(kept) == maxSources {
			break
		}
		s = validText(s)
		if s == "" || seen[s] || !keep(s) {
			continue
		}
		seen[s] = true
		kept = append(kept, s)
	}
	return kept
}

func isAny(string) bool { return true }

// isWeb reports whether a URL is one that a page could fetch.
func isWeb(s string) bool {
	scheme, rest, found := strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	return found && rest != "" && (scheme == "http" || scheme == "https")
}
