package frame

import (
	"encoding/hex"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

func letters(c string) id.ID { return id.ID([]byte(strings.Repeat(c, id.Size))) }

var (
	twentyDs = strings.Repeat("44", id.Size)
	twentySs = strings.Repeat("53", id.Size)
)

// envelopes are frames and their bytes in hexadecimal digits.
var envelopes = []struct {
	name  string
	value Envelope
	bytes string
}{
	{"a question", Envelope{TTL: 20, Hops: 1, Number: 7, Dst: letters("D"), Src: letters("S"), Best: 0xff, Expiry: 9, Payload: []byte("de")},
		"01" + "00" + "14" + "01" + "0000000000000007" + twentyDs + twentySs + "00000000000000ff" + "00000009" + "6465"},
	{"a provisional reply", Envelope{Flags: Reply | Provisional, TTL: 3, Number: 7, Dst: letters("D"), Src: letters("S"), Payload: []byte("de")},
		"01" + "09" + "03" + "00" + "0000000000000007" + twentyDs + twentySs + "0000000000000000" + "00000000" + "6465"},
}

var acks = []struct {
	name  string
	value Ack
	bytes string
}{
	{"taken", Ack{Taken, false, 258}, "02" + "00" + "0000000000000102"},
	{"nothing closer", Ack{Nothing, false, 258}, "02" + "01" + "0000000000000102"},
	{"a reply taken", Ack{Taken, true, 258}, "02" + "80" + "0000000000000102"},
}

var digests = []struct {
	name  string
	value Digest
	bytes string
}{
	{"a heartbeat", Digest{Class: 3, Sum: 0x01020304}, "03" + "00" + "03" + "01020304" + "00"},
	{"a whole list", Digest{Whole: true, Announced: true, Class: Native | 1, Added: []Entry{{5, 2}, {6, Native}}},
		"03" + "03" + "81" + "00000000" + "02" + "0000000000000005" + "02" + "0000000000000006" + "80"},
	{"a change", Digest{Added: []Entry{{5, 2}}, Dropped: []Key{9, 8}},
		"03" + "00" + "00" + "00000000" + "01" + "0000000000000005" + "02" + "0000000000000009" + "0000000000000008"},
}

var summaries = []struct {
	name  string
	value Summary
	bytes string
}{
	{"have one", Summary{KindHave, []Holding{{1, 2, 3}}}, "05" + "0000000000000001" + "0000000000000002" + "0000000000000003"},
	{"want nothing", Summary{Kind: KindWant}, "06"},
}

// both compares a value with its bytes in both directions.
func both[T interface{ Append([]byte) []byte }](t *testing.T, name string, value T, digits string, parse func([]byte) (T, error)) {
	t.Helper()
	if got := hex.EncodeToString(value.Append(nil)); got != digits {
		t.Errorf("%s:\n got %s\nwant %s", name, got, digits)
	}
	b, _ := hex.DecodeString(digits)
	if got, err := parse(b); err != nil || !reflect.DeepEqual(got, value) {
		t.Errorf("%s: %+v, %v", name, got, err)
	}
	if got, err := parse(b[:len(b)-1]); len(b) > 1 && err == nil && reflect.DeepEqual(got, value) {
		t.Errorf("%s: the same without its last byte", name)
	}
}

func TestFramesInBothDirections(t *testing.T) {
	for _, c := range envelopes {
		both(t, c.name, c.value, c.bytes, ParseEnvelope)
	}
	for _, c := range acks {
		both(t, c.name, c.value, c.bytes, ParseAck)
	}
	for _, c := range digests {
		both(t, c.name, c.value, c.bytes, ParseDigest)
	}
	for _, c := range summaries {
		both(t, c.name, c.value, c.bytes, ParseSummary)
	}
	if KindOf(Leave()) != KindLeave || KindOf(Resync()) != KindResync || KindOf([]byte("d1:y1:qe")) != KindKRPC {
		t.Error("a frame of another kind")
	}
}

func TestFramesThatAreRefused(t *testing.T) {
	envelope := envelopes[0].value.Append(nil)
	unknown := slices.Clone(envelope)
	unknown[1] = 0x80
	for name, b := range map[string][]byte{
		"nothing":                     {},
		"an envelope without payload": envelope[:header],
		"an envelope that is cut":     envelope[:header-1],
		"an envelope beyond its size": append(slices.Clone(envelope), make([]byte, MaxPayload)...),
		"an envelope of new flags":    unknown,
		"beyond every size":           append([]byte{1}, make([]byte, MaxSize)...),
	} {
		if _, err := ParseEnvelope(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"an ack that is cut":   {2, 0, 1},
		"an ack of two":        make([]byte, 20),
		"an unknown verdict":   {2, 2, 0, 0, 0, 0, 0, 0, 0, 0},
		"a digest for an ack":  {3, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"an ack that goes on ": {2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	} {
		if _, err := ParseAck(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"a digest that is cut":         {3, 0, 0, 0, 0, 0, 0},
		"a digest with too few":        {3, 0, 0, 0, 0, 0, 0, 1, 0},
		"half a key that is gone":      {3, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3},
		"a whole list with one gone":   {3, 1, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8},
		"more gone than there may be":  append([]byte{3, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 256*KeySize)...),
		"a digest of an unknown flag ": {3, 4, 0, 0, 0, 0, 0, 0},
	} {
		if _, err := ParseDigest(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"a summary that is cut": {5, 1},
		"too many records":      append([]byte{5}, make([]byte, (MaxSummary+1)*holdingSize)...),
		"neither have nor want": {7},
	} {
		if _, err := ParseSummary(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnEnvelopeExpires(t *testing.T) {
	e := Envelope{Expiry: 1000}
	if e.Expired(time.Unix(1010, 0), 10*time.Second) || !e.Expired(time.Unix(1011, 0), 10*time.Second) {
		t.Error("not at the second that it names")
	}
}

func TestTheSumIsThatOfTheWholeList(t *testing.T) {
	list := []Entry{{7, 0}, {3, 1}}
	Sort(list)
	if list[0].Key != 3 {
		t.Fatalf("sorted: %v", list)
	}
	sums := []uint32{Sum(nil), Sum(list), Sum(list[:1]), Sum([]Entry{{3, 1}, {7, 1}})}
	slices.Sort(sums)
	if len(slices.Compact(sums)) != 4 {
		t.Errorf("different lists have the sums %x", sums)
	}
}

func TestKeysAreTheBeginningOfIDs(t *testing.T) {
	a := id.ID{0: 1, 7: 2, 8: 3}
	if k := KeyOf(a); k != 0x0100000000000002 || KeyOf(k.ID()) != k || k.ID() != (id.ID{0: 1, 7: 2}) {
		t.Errorf("%x, %v", k, k.ID())
	}
}

// again parses what was parsed and encoded.
func again[T interface{ Append([]byte) []byte }](t *testing.T, b []byte, parse func([]byte) (T, error)) {
	value, err := parse(b)
	if err != nil {
		return
	}
	if got := value.Append(nil); !slices.Equal(got, b) {
		t.Fatalf("%+v became %x, and was %x", value, got, b)
	}
}

func FuzzFrame(f *testing.F) {
	for _, c := range envelopes {
		f.Add(c.value.Append(nil))
	}
	for _, c := range acks {
		f.Add(c.value.Append(nil))
	}
	for _, c := range digests {
		f.Add(c.value.Append(nil))
	}
	for _, c := range summaries {
		f.Add(c.value.Append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		again(t, b, ParseEnvelope)
		again(t, b, ParseAck)
		again(t, b, ParseDigest)
		again(t, b, ParseSummary)
	})
}
