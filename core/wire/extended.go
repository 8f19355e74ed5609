package wire

import (
	"fmt"

	"github.com/shoal-p2p/shoal/core/bencode"
	"github.com/shoal-p2p/shoal/core/id"
)

// HandshakeID is the extension number of the extended handshake (BEP 10).
const HandshakeID = 0

// The names of the extensions that we speak.
const (
	NameMetadata = "ut_metadata" // BEP 9
	NameDontHave = "lt_donthave" // BEP 54
	NameExchange = "sh_meet"     // ours: peers introduce each other (package exchange)
)

// ExtendedHandshake is the payload of extension message 0 (BEP 10):
//
//	d 1:m d 11:lt_donthave i2e 7:sh_meet i3e 11:ut_metadata i1e e
//	  13:metadata_size i12345e 4:reqq i500e 5:sh_id 32:… 6:sh_sig 64:…
//	  11:upload_only i1e 1:v 9:Shoal 0.1 e
//
// It may be sent again when something has changed. An extension that M does
// not name then stays as it was; 0 takes it away. Stock peers skip the keys
// that they do not know.
type ExtendedHandshake struct {
	M            map[string]uint8 // the numbers under which the sender takes extensions
	MetadataSize int64            // bytes of the info dictionary; 0 where not known
	Reqq         int64            // requests that the sender queues; 0 where not said
	Client       string           // name and version of the sender's program
	UploadOnly   bool             // wants nothing more, though it may lack pieces (BEP 21); false where not said
	Identity     id.Identity      // "sh_id", ours: who the sender is; zero where not said
	Proof        id.Signature     // "sh_sig", ours: of what package swarm says; zero where not said
}

// extendedDict is the handshake as bencode sees it. Of a field with the wrong
// type only that field is lost.
type extendedDict struct {
	M            map[string]int64 `bencode:"m,ignore_unmarshal_type_error"`
	MetadataSize int64            `bencode:"metadata_size,omitempty,ignore_unmarshal_type_error"`
	Reqq         int64            `bencode:"reqq,omitempty,ignore_unmarshal_type_error"`
	Identity     string           `bencode:"sh_id,omitempty,ignore_unmarshal_type_error"`
	Proof        string           `bencode:"sh_sig,omitempty,ignore_unmarshal_type_error"`
	UploadOnly   int64            `bencode:"upload_only,omitempty,ignore_unmarshal_type_error"`
	Client       string           `bencode:"v,omitempty,ignore_unmarshal_type_error"`
}

// Message returns the handshake as a message.
func (h ExtendedHandshake) Message() (Extended, error) {
	dict := extendedDict{M: make(map[string]int64, len(h.M)), MetadataSize: h.MetadataSize, Reqq: h.Reqq, Client: h.Client}
	for name, number := range h.M { // order-free: fills a map
		dict.M[name] = int64(number)
	}
	if h.UploadOnly {
		dict.UploadOnly = 1
	}
	if !h.Identity.IsZero() {
		dict.Identity = string(h.Identity[:])
	}
	if h.Proof != (id.Signature{}) {
		dict.Proof = string(h.Proof[:])
	}
	payload, err := bencode.Marshal(dict)
	if err != nil {
		return Extended{}, fmt.Errorf("extended handshake: %w", err)
	}
	return Extended{HandshakeID, payload}, nil
}

// ParseExtendedHandshake reads the payload of extension message 0. Numbers out
// of range and keys and signatures of another length are read as not said.
func ParseExtendedHandshake(payload []byte) (ExtendedHandshake, error) {
	var dict extendedDict
	if _, err := bencode.UnmarshalPrefix(payload, &dict); err != nil {
		return ExtendedHandshake{}, fmt.Errorf("%w: extended handshake: %w", ErrMalformed, err)
	}
	h := ExtendedHandshake{
		M:            make(map[string]uint8, len(dict.M)),
		MetadataSize: max(dict.MetadataSize, 0),
		Reqq:         max(dict.Reqq, 0),
		Client:       dict.Client,
		UploadOnly:   dict.UploadOnly == 1,
	}
	if len(dict.Identity) == len(h.Identity) {
		h.Identity = id.Identity([]byte(dict.Identity))
	}
	if len(dict.Proof) == len(h.Proof) {
		h.Proof = id.Signature([]byte(dict.Proof))
	}
	for name, number := range dict.M { // order-free: fills a map
		if number >= 0 && number <= 255 {
			h.M[name] = uint8(number)
		}
	}
	return h, nil
}
