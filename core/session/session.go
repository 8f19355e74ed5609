// Package session is the form in which a client keeps what it must know again
// after it has ended, by a reload or by a crash: who it is (Self), and of each
// torrent what it is (Torrent) and which pieces lie in its store (Pieces). In
// come values, out come bencoded records, and back. What a record says of pieces
// changes with every piece and is small, so it is a record of its own.
//
// A record begins with the version of its form. One of another version is left
// alone, by whoever reads it, with ErrVersion. All else that is not right is
// ErrInvalid: bytes may have come from anywhere by the time they are read again.
// The package keeps nothing and knows no place where records lie.
package session

import (
	"errors"
	"fmt"

	"github.com/shoal-p2p/shoal/core/bencode"
)

// Version is the version of the form of all records.
const Version = 1

var (
	// ErrVersion says that a record is of a version that we do not know.
	ErrVersion = errors.New("session: a record of an unknown version")
	// ErrInvalid says that a record is damaged.
	ErrInvalid = errors.New("session: a damaged record")
)

// open decodes a record of our version into what v points to.
func open(data []byte, v any) error {
	var head struct {
		Version int64 `bencode:"version"`
	}
	if len(data) == 0 || data[0] != 'd' {
		return fmt.Errorf("%w: no dictionary", ErrInvalid)
	}
	if err := bencode.Unmarshal(data, &head); err != nil {
		return invalid(err)
	}
	if head.Version <= 0 {
		return fmt.Errorf("%w: no version", ErrInvalid)
	}
	if head.Version != Version {
		return fmt.Errorf("%w: %d", ErrVersion, head.Version)
	}
	if err := bencode.Unmarshal(data, v); err != nil {
		return invalid(err)
	}
	return nil
}

func invalid(err error) error { return fmt.Errorf("%w: %w", ErrInvalid, err) }

// encode is for values of our own making, which bencode knows how to write.
func encode(v any) []byte {
	data, err := bencode.Marshal(v)
	if err != nil {
		panic("session: " + err.Error())
	}
	return data
}
