package tracker

import (
	"errors"

	"github.com/shoal-p2p/shoal/core/id"
)

// maxScrape is how many torrents one scrape may ask for, as aquatic has it to
// the order of magnitude.
const maxScrape = 100

// request is what a peer sends to a tracker. Action is empty where it could not
// be read.
type request struct {
	Action   string // "announce" or "scrape"
	InfoHash id.ID  // of an announce
	Peer     id.ID
	Event    string // started, completed, stopped or empty
	Seed     bool   // nothing is left
	Offers   []Offer
	Hashes   []id.ID // of a scrape

	// An announce with Answer only carries it.
	Answer  string // the SDP, empty where there is none
	To      id.ID
	OfferID id.ID
}

// What is wrong with a request; told to the peer as "failure reason".
var (
	errJSON     = errors.New("invalid JSON")
	errAction   = errors.New("invalid action")
	errInfoHash = errors.New("invalid info_hash")
	errPeerID   = errors.New("invalid peer_id")
	errEvent    = errors.New("invalid event")
	errOffers   = errors.New("invalid offers")
	errAnswer   = errors.New("invalid answer")
	errScrape   = errors.New("invalid info_hash (one, or a list of up to 100)")
)

// parseRequest reads a message of a peer, of which at most maxOffers offers are
// kept. With an error, the request tells what could be read.
func parseRequest(data []byte, maxOffers int) (request, error) {
	message, ok := parseJSON(data)
	if !ok {
		return request{}, errJSON
	}
	fields, _ := message.object()
	switch action, _ := get(fields, "action").text(); action {
	case "announce":
		return parseAnnounce(fields, maxOffers)
	case "scrape":
		return parseScrape(fields)
	}
	return request{}, errAction
}

func parseAnnounce(fields []field, maxOffers int) (r request, err error) {
	r.Action = "announce"
	var ok bool
	if r.InfoHash, ok = get(fields, "info_hash").id(); !ok {
		return r, errInfoHash
	}
	if r.Peer, ok = get(fields, "peer_id").id(); !ok {
		return r, errPeerID
	}
	if answer := get(fields, "answer"); !answer.absent() {
		return r, r.setAnswer(fields)
	}
	// null, which WebTorrent sends while it knows only a magnet link, is not zero.
	left, isNumber := get(fields, "left").number()
	r.Seed = isNumber && left == 0
	if event := get(fields, "event"); !event.absent() {
		if err := r.setEvent(event); err != nil {
			return r, err
		}
	}
	if offers := get(fields, "offers"); !offers.absent() {
		return r, r.setOffers(offers, maxOffers)
	}
	return r, nil
}

func (r *request) setEvent(event value) error {
	text, ok := event.text()
	switch text {
	case started, completed, stopped:
		r.Event = text
	case "", "update", "empty", "paused":
	default:
		ok = false
	}
	if !ok {
		return errEvent
	}
	return nil
}

func (r *request) setOffers(offers value, most int) error {
	list, ok := offers.list()
	if !ok {
		return errOffers
	}
	for _, offer := range list[:min(len(list), most)] {
		fields, _ := offer.object()
		offerID, isID := get(fields, "offer_id").id()
		sdp, isOffer := get(fields, "offer").description("offer")
		if !isID || !isOffer {
			return errOffers
		}
		r.Offers = append(r.Offers, Offer{ID: offerID, SDP: sdp})
	}
	return nil
}

func (r *request) setAnswer(fields []field) error {
	var isAnswer, isTo, isID bool
	r.Answer, isAnswer = get(fields, "answer").description("answer")
	r.To, isTo = get(fields, "to_peer_id").id()
	r.OfferID, isID = get(fields, "offer_id").id()
	if !isAnswer || !isTo || !isID {
		return errAnswer
	}
	return nil
}

func parseScrape(fields []field) (request, error) {
	r := request{Action: "scrape"}
	hashes := get(fields, "info_hash")
	if one, ok := hashes.id(); ok {
		r.Hashes = []id.ID{one}
		return r, nil
	}
	many, ok := hashes.list()
	if !ok || len(many) > maxScrape {
		return r, errScrape
	}
	for _, text := range many {
		hash, ok := text.id()
		if !ok {
			return r, errScrape
		}
		r.Hashes = append(r.Hashes, hash)
	}
	return r, nil
}
