// Package webrtc stands in for the files of pion/webrtc that scripts/build
// leaves out of the .wasm: certificates, statistics, media, and the agents that
// the browser has itself. What is here are the types that the other files name;
// it is compiled with them and not alone.
package webrtc

import (
	"errors"

	"github.com/pion/ice/v4"
)

var errPage = errors.New("webrtc: not in a page")

// Certificate: the browser makes and holds them.
type Certificate struct{}

// DTLSRole is the end that begins; the browser decides.
type DTLSRole byte

// SCTPTransportMetadata is what pion's own SCTP would tell.
type SCTPTransportMetadata struct{}

// ICECandidateType is where a candidate comes from, in the browser's word.
type ICECandidateType string

// NewICECandidateType takes the browser's word for it.
func NewICECandidateType(raw string) (ICECandidateType, error) { return ICECandidateType(raw), nil }

// ICECandidate is a candidate as a page sees it.
type ICECandidate struct {
	statsID        string
	Foundation     string
	Priority       uint32
	Address        string
	Protocol       ICEProtocol
	Port           uint16
	Typ            ICECandidateType
	Component      uint16
	RelatedAddress string
	RelatedPort    uint16
}

// newICECandidateFromICE would read what Firefox says; whoever wants it asks the
// browser's own event.
func newICECandidateFromICE(ice.Candidate, string, uint16) (ICECandidate, error) {
	return ICECandidate{}, errPage
}
