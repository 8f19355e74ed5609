package tracker

import "encoding/json"

// The messages once more as encoding/json reads and writes them, so that our own
// JSON is not its own judge.
type (
	description struct {
		Type string `json:"type"`
		SDP  string `json:"sdp"`
	}
	offerMessage struct {
		OfferID string      `json:"offer_id"`
		Offer   description `json:"offer"`
	}
	announceMessage struct {
		Action     string         `json:"action"`
		InfoHash   string         `json:"info_hash"`
		PeerID     string         `json:"peer_id"`
		Uploaded   int64          `json:"uploaded"`
		Downloaded int64          `json:"downloaded"`
		Left       int64          `json:"left"`
		Event      string         `json:"event"`
		NumWant    int            `json:"numwant"`
		Offers     []offerMessage `json:"offers"`
	}
	answerMessage struct {
		Action    string      `json:"action"`
		InfoHash  string      `json:"info_hash"`
		PeerID    string      `json:"peer_id"`
		ToPeerID  string      `json:"to_peer_id"`
		Answer    description `json:"answer"`
		OfferID   string      `json:"offer_id"`
		TrackerID string      `json:"trackerid"`
	}
)

func encode(message any) []byte {
	data, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	return data
}
