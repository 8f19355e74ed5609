package tracker

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// maxResponse is the longest message taken from a tracker, in bytes: one
	// description, at worst with every other byte escaped.
	maxResponse = 256 << 10
	// maxCount is more peers than a swarm has; a tracker that tells of more lies.
	maxCount = 1e9
	// maxReason bounds what of a tracker's words is shown to people, in bytes.
	maxReason = 120
)

// response is what a tracker sends to a peer, as far as it concerns us: the
// answer to an announce, a refusal, a relayed offer or answer.
type response struct {
	InfoHash id.ID // zero where the tracker named none, in a refusal
	Peer     id.ID // who offers or answers; zero where nobody does
	OfferID  id.ID
	Offer    string // the SDP, empty where there is none
	Answer   string // the SDP, empty where there is none

	Failure   string        // why the tracker refuses, printable; empty where it does not
	Interval  time.Duration // zero where the tracker told none
	Counted   bool          // whether Seeds and Leechers were told
	Seeds     int
	Leechers  int
	TrackerID string
}

// parseResponse reads a message of at most maxResponse bytes. It fails where
// the tracker itself talks nonsense; an offer or an answer that is nonsense is
// its peer's fault and left out. ok is false where the message is none of our
// concern.
func parseResponse(data []byte) (r response, ok bool, err error) {
	if len(data) > maxResponse {
		return r, false, fmt.Errorf("%w: %d bytes", errMessage, len(data))
	}
	message, _ := parseJSON(data)
	fields, ok := message.object()
	if !ok {
		return r, false, errMessage
	}
	hash, isHash := get(fields, "info_hash").id()
	if failure, _ := get(fields, "failure reason").text(); failure != "" {
		return response{InfoHash: hash, Failure: printable(failure)}, true, nil
	}
	switch action, _ := get(fields, "action").text(); {
	case action == "":
		return r, false, errMessage
	case action != "announce":
		return r, false, nil
	case !isHash:
		return r, false, fmt.Errorf("%w: no info hash", errMessage)
	}
	r.InfoHash = hash
	if err := r.setCounts(fields); err != nil {
		return response{}, false, err
	}
	r.setDescriptions(fields)
	return r, true, nil
}

func (r *response) setCounts(fields []field) error {
	interval := get(fields, "interval")
	if interval.absent() {
		interval = get(fields, "min interval")
	}
	complete, incomplete := get(fields, "complete"), get(fields, "incomplete")
	seconds, isInterval := count(interval)
	seeds, isSeeds := count(complete)
	leechers, isLeechers := count(incomplete)
	if !isInterval || !isSeeds || !isLeechers {
		return fmt.Errorf("%w: not a number, or out of range", errMessage)
	}
	if seconds > 0 {
		r.Interval = min(maxInterval, max(minInterval, time.Duration(seconds*float64(time.Second))))
	}
	r.Counted = !complete.absent() || !incomplete.absent()
	r.Seeds, r.Leechers = int(seeds), int(leechers)
	if trackerID, _ := get(fields, "tracker id").text(); len(trackerID) <= maxTrackerID {
		r.TrackerID = trackerID
	}
	return nil
}

// count reads a number in range; what is absent is zero.
func count(v value) (n float64, ok bool) {
	if v.absent() {
		return 0, true
	}
	n, ok = v.number()
	return n, ok && n >= 0 && n <= maxCount
}

func (r *response) setDescriptions(fields []field) {
	r.Peer, _ = get(fields, "peer_id").id()
	offerID, ok := get(fields, "offer_id").id()
	if !ok || r.Peer.IsZero() {
		return
	}
	r.OfferID = offerID
	r.Offer, _ = get(fields, "offer").description("offer")
	r.Answer, _ = get(fields, "answer").description("answer")
}

// printable makes a tracker's words fit to be shown: one short line.
func printable(text string) string {
	kept := strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text[:min(len(text), 4*maxReason)])
	kept = strings.Join(strings.Fields(kept), " ")
	if kept == "" {
		return "for no printable reason"
	}
	if len(kept) > maxReason {
		kept = strings.ToValidUTF8(kept[:maxReason], "") + "…"
	}
	return kept
}
