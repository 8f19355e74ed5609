package session

import (
	"fmt"

	"github.com/shoal-p2p/shoal/core/bitfield"
)

// Pieces is what lies in a torrent's store.
type Pieces struct {
	Have    *bitfield.Bitfield // verified
	Writing *bitfield.Bitfield // begun and not verified: they may be whole by now
	Time    int64              // when it was so, in seconds since 1970
}

// piecesForm is how Pieces lie in their record.
type piecesForm struct {
	Version int64  `bencode:"version"`
	Count   int64  `bencode:"count"` // of the torrent's pieces
	Have    []byte `bencode:"have"`
	Writing []byte `bencode:"writing"`
	Time    int64  `bencode:"time"`
}

// Encode returns the record. Both sets are of the same length.
func (p Pieces) Encode() []byte {
	return encode(piecesForm{Version, int64(p.Have.Len()), p.Have.Bytes(), p.Writing.Bytes(), p.Time})
}

// ParsePieces reads a record that Encode has made, of a torrent of so many
// pieces. No piece is both had and being written.
func ParsePieces(data []byte, count int) (Pieces, error) {
	var form piecesForm
	if err := open(data, &form); err != nil {
		return Pieces{}, err
	}
	if form.Count != int64(count) {
		return Pieces{}, fmt.Errorf("%w: %d pieces of a torrent of %d", ErrInvalid, form.Count, count)
	}
	have, err := bitfield.FromBytes(form.Have, count)
	if err != nil {
		return Pieces{}, invalid(err)
	}
	writing, err := bitfield.FromBytes(form.Writing, count)
	if err != nil {
		return Pieces{}, invalid(err)
	}
	for i := range count {
		if have.Has(i) && writing.Has(i) {
			return Pieces{}, fmt.Errorf("%w: piece %d is had and is being written", ErrInvalid, i)
		}
	}
	return Pieces{have, writing, form.Time}, nil
}
