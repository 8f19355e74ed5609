package tracker

import (
	"errors"
	"unicode/utf8"

	"github.com/shoal-p2p/shoal/core/id"
)

// The WebTorrent tracker protocol is JSON in text messages over a WebSocket. It
// has no BEP; what is written here is what bittorrent-tracker 11 reads and
// writes. A 20-byte id is a string of 20 code points, U+0000 to U+00FF, one for
// each byte.

const (
	// maxSDP is the longest session description taken or sent, in bytes;
	// libtorrent takes no longer one either.
	maxSDP = 64 << 10
	// maxAnnounce keeps an announce within a WebSocket frame as aquatic takes it.
	maxAnnounce = 16 << 10
	// announceFrame is more than an announce without offers takes up: two ids,
	// each byte at worst as \u0000, a tracker id, and what is around them.
	announceFrame = 2 << 10
	// maxTrackerID is the longest "tracker id" that is echoed, in bytes.
	maxTrackerID = 256
)

// The events of an announce. A regular one has none: aquatic refuses "".
const (
	started   = "started"
	completed = "completed"
	stopped   = "stopped"
)

var errMessage = errors.New("not a message of this protocol")

// announcement is what a peer tells a tracker about itself.
type announcement struct {
	infoHash             id.ID
	peer                 id.ID
	uploaded, downloaded int64
	left                 int64
	event                string // empty for a regular one
	offers               []value
	trackerID            string // what the tracker told, empty if nothing
}

func (a announcement) encode() []byte {
	var w writer
	w.begin("announce", a.infoHash)
	w.text("peer_id", binary(a.peer))
	w.number("uploaded", a.uploaded)
	w.number("downloaded", a.downloaded)
	w.number("left", a.left)
	if a.event != "" {
		w.text("event", a.event)
	}
	w.number("numwant", int64(len(a.offers)))
	if len(a.offers) > 0 {
		w.open("offers", '[')
		for _, o := range a.offers {
			w.name("")
			w.buf = append(w.buf, o...)
		}
		w.close(']')
	}
	return w.end(a.trackerID)
}

// encodeOffer is one member of an announcement's offers.
func encodeOffer(o Offer) value {
	var w writer
	w.open("", '{')
	w.text("offer_id", binary(o.ID))
	w.description("offer", o.SDP)
	w.close('}')
	return w.buf
}

func encodeAnswer(me id.ID, a Answer, trackerID string) []byte {
	var w writer
	w.begin("announce", a.InfoHash)
	w.text("peer_id", binary(me))
	w.text("to_peer_id", binary(a.To))
	w.description("answer", a.SDP)
	w.text("offer_id", binary(a.OfferID))
	return w.end(trackerID)
}

// begin writes what every message about a torrent begins with.
func (w *writer) begin(action string, infoHash id.ID) {
	w.open("", '{')
	w.text("action", action)
	w.text("info_hash", binary(infoHash))
}

func (w *writer) end(trackerID string) []byte {
	if trackerID != "" {
		w.text("trackerid", trackerID)
	}
	w.close('}')
	return w.buf
}

// description writes an offer or an answer; kind says which, twice.
func (w *writer) description(kind, sdp string) {
	w.open(kind, '{')
	w.text("type", kind)
	w.text("sdp", sdp)
	w.close('}')
}

// description reads an offer or an answer, which a peer wrote.
func (v value) description(kind string) (sdp string, ok bool) {
	fields, _ := v.object()
	is, _ := get(fields, "type").text()
	sdp, _ = get(fields, "sdp").text()
	if is != kind || sdp == "" || len(sdp) > maxSDP {
		return "", false
	}
	return sdp, true
}

// id reads a binary string.
func (v value) id() (id.ID, bool) {
	text, ok := v.text()
	if !ok {
		return id.ID{}, false
	}
	return parseBinary(text)
}

// binary is an id as a string of one code point for each byte.
func binary(a id.ID) string {
	text := make([]byte, 0, 2*id.Size)
	for _, b := range a {
		text = utf8.AppendRune(text, rune(b))
	}
	return string(text)
}

// parseBinary is the way back from binary.
func parseBinary(text string) (id.ID, bool) {
	var a id.ID
	n := 0
	for _, r := range text {
		if n == id.Size || r > 0xff {
			return id.ID{}, false
		}
		a[n] = byte(r)
		n++
	}
	if n != id.Size {
		return id.ID{}, false
	}
	return a, true
}
