package record

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"strconv"

	"github.com/shoal-p2p/shoal/core/bencode"
	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// MaxValue and MaxSalt bound an item, in bytes (BEP 44).
	MaxValue = 1000
	MaxSalt  = 64
)

// Item is a value of BEP 44: immutable and named by its hash, or mutable and
// named by a key and a salt.
type Item struct {
	V    bencode.Bytes // as it is encoded
	Key  id.Identity   // zero for an immutable one, as are the next three
	Seq  int64
	Salt string
	Sig  id.Signature
}

// SignItem makes a mutable item of a value that is already bencoded.
func SignItem(key id.KeyPair, salt string, seq int64, v bencode.Bytes) Item {
	i := Item{V: v, Key: key.Identity(), Seq: seq, Salt: salt}
	i.Sig = key.Sign(i.statement())
	return i
}

// Mutable reports whether it may have another value later.
func (i Item) Mutable() bool { return !i.Key.IsZero() }

// statement is what is signed (BEP 44): salt, seq and v as they would stand in a
// dictionary, the salt only where there is one.
func (i Item) statement() []byte {
	var b []byte
	if i.Salt != "" {
		b = append(b, "4:salt"+strconv.Itoa(len(i.Salt))+":"+i.Salt...)
	}
	b = append(b, "3:seqi"+strconv.FormatInt(i.Seq, 10)+"e1:v"...)
	return append(b, i.V...)
}

// Target is the SHA-1 of the value, or of key and salt (BEP 44).
func (i Item) Target() id.ID {
	if i.Mutable() {
		return MutableTarget(i.Key, i.Salt)
	}
	return sha1.Sum(i.V)
}

// MutableTarget is where the items of a key and salt are. Without salt it is the
// id of the node that has the key.
func MutableTarget(key id.Identity, salt string) id.ID {
	return sha1.Sum(append(key[:], salt...))
}

// Check says what is wrong with an item, in the order of what is cheap to see.
func (i Item) Check() error {
	switch {
	case len(i.V) > MaxValue:
		return fmt.Errorf("%w: %d bytes", ErrTooBig, len(i.V))
	case len(i.Salt) > MaxSalt:
		return fmt.Errorf("%w: %d bytes", ErrSalt, len(i.Salt))
	case !bencode.Canonical(i.V):
		return fmt.Errorf("%w: a value that is not canonical", ErrForm)
	case !i.Mutable() && (i.Salt != "" || i.Seq != 0 || i.Sig != id.Signature{}):
		return fmt.Errorf("%w: half a mutable item", ErrForm)
	case i.Mutable() && i.Seq < 0:
		return fmt.Errorf("%w: seq %d", ErrForm, i.Seq)
	case i.Mutable() && !i.Key.Verify(i.statement(), i.Sig):
		return ErrSignature
	}
	return nil
}

// itemOverhead is what an item takes in memory beside its value, about.
const itemOverhead = 160

func (i Item) sub() id.ID { return id.ID{} }
func (i Item) seq() int64 { return i.Seq }
func (i Item) size() int  { return len(i.V) + len(i.Salt) + itemOverhead }
func (i Item) same(o Record) bool {
	other, is := o.(Item)
	return is && bytes.Equal(i.V, other.V)
}
