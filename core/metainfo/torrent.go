package metainfo

import (
	"fmt"

	"github.com/shoal-p2p/shoal/core/bencode"
)

// Parse reads a .torrent file (BEP 3, 12, 19). What is said of the info
// dictionary must be right, see ParseInfo; what else is wrong or unknown is
// passed over, as the torrent works without it. Errors wrap ErrInvalid or
// ErrUnsupportedVersion.
func Parse(data []byte) (*Torrent, error) {
	d, err := readDict(data)
	if err != nil {
		return nil, fmt.Errorf("%w torrent file: %w", ErrInvalid, err)
	}
	if d["info"] == nil {
		return nil, fmt.Errorf("%w torrent file: no info dictionary", ErrInvalid)
	}
	info, err := ParseInfo(d["info"])
	if err != nil {
		return nil, fmt.Errorf("parse torrent file: %w", err)
	}
	t := &Torrent{
		Info:      info,
		Trackers:  readTrackers(d),
		WebSeeds:  readWebSeeds(d),
		Comment:   d.text("comment.utf-8", "comment"),
		CreatedBy: d.text("created by"),
	}
	if d.get("creation date", &t.CreationDate) != nil {
		t.CreationDate = 0
	}
	return t, nil
}

// readTrackers reads "announce-list", and "announce" where that says nothing
// (BEP 12).
func readTrackers(d dict) []string {
	var tiers [][]string
	if d.get("announce-list", &tiers) == nil {
		var all []string
		for _, tier := range tiers {
			all = append(all, tier...)
		}
		if trackers := unique(all, isAny); trackers != nil {
			return trackers
		}
	}
	return unique([]string{d.text("announce")}, isAny)
}

// readWebSeeds reads "url-list", which is a list or, for one, a string.
func readWebSeeds(d dict) []string {
	var urls []string
	if d.get("url-list", &urls) != nil {
		urls = []string{d.text("url-list")}
	}
	return unique(urls, isWeb)
}

// Encode returns the .torrent file, in the form that create-torrent gives it:
// every tracker in a tier of its own. Parse of it gives t again.
func (t *Torrent) Encode() []byte {
	file := struct {
		Announce     string        `bencode:"announce,omitempty"`
		AnnounceList [][]string    `bencode:"announce-list,omitempty"`
		Comment      string        `bencode:"comment,omitempty"`
		CreatedBy    string        `bencode:"created by,omitempty"`
		CreationDate int64         `bencode:"creation date,omitempty"`
		Encoding     string        `bencode:"encoding"`
		Info         bencode.Bytes `bencode:"info"`
		WebSeeds     []string      `bencode:"url-list,omitempty"`
	}{
		Comment:      t.Comment,
		CreatedBy:    t.CreatedBy,
		CreationDate: t.CreationDate,
		Encoding:     "UTF-8",
		Info:         t.Info.Bytes,
		WebSeeds:     t.WebSeeds,
	}
	for i, tracker := range t.Trackers {
		if i == 0 {
			file.Announce = tracker
		}
		file.AnnounceList = append(file.AnnounceList, []string{tracker})
	}
	return encode(file)
}

// encode is for values of our own making, which bencode knows how to write.
func encode(v any) []byte {
	data, err := bencode.Marshal(v)
	if err != nil {
		panic("metainfo: " + err.Error())
	}
	return data
}
