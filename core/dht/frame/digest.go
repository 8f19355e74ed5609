package frame

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// MaxDigest is how many neighbours a digest may tell of: the budget of a native
// node.
const MaxDigest = 255

// Class is what a digest says of a node: whether it is native (the first bit),
// and the class of its age (the others).
type Class uint8

// Native is the bit of a Class that says that a node is public and lasting.
const Native Class = 0x80

// Entry is a neighbour as a digest tells of it.
type Entry struct {
	Key   Key
	Class Class
}

// Digest tells a neighbour of one's other neighbours, as far as they are
// announced, and is the heartbeat of a link:
//
//	3 | flags: 1 | class: 1 | sum: 4 | count: 1 | count * (key: 8 | class: 1) | keys that are gone: 8 each
//
// Flags are 1 for a whole list, not a change, and 2 for a sender that is
// announced. Class is the sender's own. Sum is that of the whole list, so that
// who missed a change knows it.
type Digest struct {
	Whole     bool
	Announced bool
	Class     Class
	Sum       uint32
	Added     []Entry // new, or of another class now
	Dropped   []Key
}

const (
	wholeFlag     = 1
	announcedFlag = 2
	entrySize     = KeySize + 1
	digestHeader  = 8
)

// Sum is that of a list, in order of its keys. It finds what was lost, not what
// was forged.
func Sum(list []Entry) uint32 {
	sum := uint32(0)
	for _, e := range list {
		sum = crc32.Update(sum, crc32.IEEETable, appendEntry(nil, e))
	}
	return sum
}

// Sort puts a list into order of its keys.
func Sort(list []Entry) {
	slices.SortFunc(list, func(a, b Entry) int { return cmp.Compare(a.Key, b.Key) })
}

// Append appends the frame to b. It panics beyond MaxDigest.
func (d Digest) Append(b []byte) []byte {
	if len(d.Added) > MaxDigest || len(d.Dropped) > MaxDigest {
		panic("frame: a digest of more neighbours than there may be")
	}
	flags := byte(0)
	if d.Whole {
		flags |= wholeFlag
	}
	if d.Announced {
		flags |= announcedFlag
	}
	b = append(b, byte(KindDigest), flags, byte(d.Class))
	b = binary.BigEndian.AppendUint32(b, d.Sum)
	b = append(b, byte(len(d.Added)))
	for _, e := range d.Added {
		b = appendEntry(b, e)
	}
	for _, k := range d.Dropped {
		b = binary.BigEndian.AppendUint64(b, uint64(k))
	}
	return b
}

func appendEntry(b []byte, e Entry) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(e.Key)), byte(e.Class))
}

// ParseDigest reads a frame of KindDigest.
func ParseDigest(b []byte) (Digest, error) {
	if KindOf(b) != KindDigest || len(b) < digestHeader || b[1]&^(wholeFlag|announcedFlag) != 0 {
		return Digest{}, short("a digest", b)
	}
	d := Digest{
		Whole:     b[1]&wholeFlag != 0,
		Announced: b[1]&announcedFlag != 0,
		Class:     Class(b[2]),
		Sum:       binary.BigEndian.Uint32(b[3:]),
	}
	count, rest := int(b[7]), b[digestHeader:]
	dropped := len(rest) - count*entrySize
	if dropped < 0 || dropped%KeySize != 0 || dropped > MaxDigest*KeySize || d.Whole && dropped > 0 {
		return Digest{}, short("a digest", b)
	}
	for ; count > 0; count-- {
		d.Added = append(d.Added, Entry{Key(binary.BigEndian.Uint64(rest)), Class(rest[KeySize])})
		rest = rest[entrySize:]
	}
	for ; len(rest) > 0; rest = rest[KeySize:] {
		d.Dropped = append(d.Dropped, Key(binary.BigEndian.Uint64(rest)))
	}
	return d, nil
}
