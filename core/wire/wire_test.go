package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/shoal-p2p/shoal/core/id"
)

var seed = flag.Uint64("seed", 1, "seed of the random tests")

// newRand prints the seed of a random test when it fails.
func newRand(t *testing.T) *rand.Rand {
	t.Helper()
	t.Logf("-seed=%d", *seed)
	return rand.New(rand.NewPCG(*seed, 0))
}

var (
	testHash   = id.ID([]byte("hhhhhhhhhhhhhhhhhhhh"))
	testPeer   = id.ID([]byte("-SH0010-abcdefghijkl"))
	handshakes = []struct {
		name     string
		reserved string // hex
		value    Handshake
	}{
		{"plain", "0000000000000000", Handshake{false, false, testHash, testPeer}},
		{"fast", "0000000000000004", Handshake{true, false, testHash, testPeer}},
		{"extended", "0000000000100000", Handshake{false, true, testHash, testPeer}},
		{"both", "0000000000100004", Handshake{true, true, testHash, testPeer}},
	}
	messages = []struct {
		name  string
		bytes string // hex
		value Message
	}{
		{"keep-alive", "00000000", KeepAlive{}},
		{"choke", "00000001 00", Choke{}},
		{"unchoke", "00000001 01", Unchoke{}},
		{"interested", "00000001 02", Interested{}},
		{"not interested", "00000001 03", NotInterested{}},
		{"have", "00000005 04 01020304", Have{0x01020304}},
		{"bitfield", "00000003 05 80c0", Bitfield{[]byte{0x80, 0xc0}}},
		{"empty bitfield", "00000001 05", Bitfield{[]byte{}}},
		{"request", "0000000d 06 00000001 00004000 00004000", Request{1, 16 << 10, 16 << 10}},
		{"piece", "0000000c 07 00000001 00004000 616263", Piece{1, 16 << 10, []byte("abc")}},
		{"cancel", "0000000d 08 00000001 00004000 00004000", Cancel{1, 16 << 10, 16 << 10}},
		{"port", "00000003 09 1ae1", Port{6881}},
		{"suggest", "00000005 0d 00000007", Suggest{7}},
		{"have all", "00000001 0e", HaveAll{}},
		{"have none", "00000001 0f", HaveNone{}},
		{"reject", "0000000d 10 00000001 00004000 00004000", Reject{1, 16 << 10, 16 << 10}},
		{"allowed fast", "00000005 11 ffffffff", AllowedFast{0xffffffff}},
		{"extended", "00000004 14 03 6465", Extended{3, []byte("de")}},
	}
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// opening is a handshake, so that what follows it is read as messages.
func opening() []byte { return Append(nil, Handshake{InfoHash: testHash}) }

// decode gives the stream in the chunks that cut makes and returns all messages.
func decode(d *Decoder, stream []byte, cut func(left int) int) ([]Message, error) {
	var all []Message
	for len(stream) > 0 {
		n := cut(len(stream))
		d.Write(bytes.Clone(stream[:n]))
		stream = stream[n:]
		for {
			m, err := d.Next()
			if err != nil {
				return all, err
			}
			if m == nil {
				break
			}
			all = append(all, m)
		}
	}
	return all, nil
}

func whole(left int) int    { return left }
func oneByOne(int) int      { return 1 }
func inSevens(left int) int { return min(left, 7) }

func TestHandshakeBothWays(t *testing.T) {
	for _, c := range handshakes {
		t.Run(c.name, func(t *testing.T) {
			raw := append([]byte("\x13BitTorrent protocol"), unhex(c.reserved)...)
			raw = append(append(raw, testHash[:]...), testPeer[:]...)
			if got := Append(nil, c.value); !bytes.Equal(got, raw) {
				t.Errorf("encoded as %x, want %x", got, raw)
			}
			got, err := decode(new(Decoder), raw, inSevens)
			if err != nil || !reflect.DeepEqual(got, []Message{c.value}) {
				t.Errorf("decoded as %v, %v, want %v", got, err, c.value)
			}
		})
	}
}

func TestUnknownReservedBitsAreIgnored(t *testing.T) {
	raw := opening()
	copy(raw[20:], "\xff\xff\xff\xff\xff\xff\xff\xff")
	got, err := decode(new(Decoder), raw, whole)
	want := []Message{Handshake{Fast: true, Extended: true, InfoHash: testHash}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestMessagesBothWays(t *testing.T) {
	for _, c := range messages {
		t.Run(c.name, func(t *testing.T) {
			raw := unhex(c.bytes)
			if got := Append([]byte("before"), c.value); string(got) != "before"+string(raw) {
				t.Errorf("encoded as %x, want %x", got, raw)
			}
			if Size(c.value) != len(raw) {
				t.Errorf("Size is %d, want %d", Size(c.value), len(raw))
			}
			got, err := decode(new(Decoder), append(opening(), raw...), whole)
			if err != nil || len(got) != 2 || !reflect.DeepEqual(got[1], c.value) {
				t.Errorf("decoded as %v, %v, want %v", got, err, c.value)
			}
		})
	}
}

func TestHandshakeSize(t *testing.T) {
	if n := len(opening()); n != 68 || Size(Handshake{}) != n {
		t.Errorf("handshake has %d bytes, Size says %d, want 68", n, Size(Handshake{}))
	}
}

func TestAnyChunkingGivesTheSameMessages(t *testing.T) {
	stream := opening()
	var want []Message
	for _, c := range messages {
		stream = append(stream, unhex(c.bytes)...)
		want = append(want, c.value)
	}
	block := Piece{9, 0, bytes.Repeat([]byte("0123456789abcdef"), 1<<10)}
	long := Piece{9, 0, bytes.Repeat([]byte("0123456789abcdef"), 8<<10)}
	stream, want = Append(Append(stream, block), long), append(want, block, long)

	rng := newRand(t)
	random := func(left int) int { return min(left, 1+rng.IntN(1<<rng.IntN(16))) }
	for name, cut := range map[string]func(int) int{"one by one": oneByOne, "random": random, "whole": whole} {
		got, err := decode(new(Decoder), stream, cut)
		if err != nil || !reflect.DeepEqual(got[1:], want) {
			t.Errorf("%s: %v, %d messages, want %d", name, err, len(got)-1, len(want))
		}
	}
}

func TestBlockWithinAChunkIsNotCopied(t *testing.T) {
	chunk := Append(opening(), Piece{0, 0, []byte("block")})
	var d Decoder
	d.Write(chunk)
	if _, err := d.Next(); err != nil {
		t.Fatal(err)
	}
	m, err := d.Next()
	if err != nil {
		t.Fatal(err)
	}
	if block := m.(Piece).Block; &block[0] != &chunk[len(chunk)-5] || cap(block) != 5 {
		t.Error("the block does not alias the chunk, or reaches beyond itself")
	}
}

func TestUnknownIDsAreSkipped(t *testing.T) {
	for _, cut := range []func(int) int{whole, oneByOne} {
		stream := append(opening(), unhex("00000004 63 616263 00000001 12 00000001 01")...)
		got, err := decode(new(Decoder), stream, cut)
		if err != nil || !reflect.DeepEqual(got[1:], []Message{Unchoke{}}) {
			t.Errorf("got %v, %v, want an unchoke alone", got, err)
		}
	}
}

func TestTooLongOrMalformedEndsTheStream(t *testing.T) {
	length := func(n int, id byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(n)), id)
	}
	for _, c := range []struct {
		name   string
		stream []byte
		want   error
	}{
		{"piece", length(9+MaxBlock+1, idPiece), ErrTooLong},
		{"bitfield", length(1+maxBitfield+1, idBitfield), ErrTooLong},
		{"extended", length(2+maxPayload+1, idExtended), ErrTooLong},
		{"unknown id", length(1<<32-1, 99), ErrTooLong},
		{"short have", unhex("00000004 04 000000"), ErrMalformed},
		{"long choke", unhex("00000002 00 00"), ErrMalformed},
		{"piece without begin", unhex("00000005 07 00000000"), ErrMalformed},
		{"extended without number", unhex("00000001 14"), ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, cut := range []func(int) int{whole, oneByOne} {
				var d Decoder
				got, err := decode(&d, append(opening(), c.stream...), cut)
				if !errors.Is(err, c.want) || len(got) != 1 {
					t.Errorf("got %v after %d messages, want %v", err, len(got), c.want)
				}
				d.Write(unhex("00000000"))
				if m, again := d.Next(); m != nil || again != err {
					t.Errorf("then %v, %v, want the same error", m, again)
				}
			}
		})
	}
}

func TestLongestMessagesAreTaken(t *testing.T) {
	for _, m := range []Message{
		Piece{0, 0, make([]byte, MaxBlock)},
		Bitfield{make([]byte, maxBitfield)},
		Extended{1, make([]byte, maxPayload)},
	} {
		got, err := decode(new(Decoder), Append(opening(), m), func(left int) int { return min(left, 60<<10) })
		if err != nil || !reflect.DeepEqual(got[1], m) {
			t.Errorf("%T: %v", m, err)
		}
	}
}

func TestOtherProtocolIsRefused(t *testing.T) {
	raw := opening()
	raw[3] = 'x'
	if _, err := decode(new(Decoder), raw, oneByOne); err != ErrProtocol {
		t.Errorf("got %v, want ErrProtocol", err)
	}
}

func TestLengthIsNoReasonToAllocate(t *testing.T) {
	// A peer that announces the longest message and sends no more than its head
	// makes us hold one block's worth.
	got := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			var d Decoder
			d.Write(opening())
			for m, _ := d.Next(); m != nil; m, _ = d.Next() {
			}
			d.Write(unhex("00080001 05 ff"))
			if m, err := d.Next(); m != nil || err != nil {
				b.Fatal(m, err)
			}
		}
	}).AllocedBytesPerOp()
	if got > 2*reserve {
		t.Errorf("allocated %d bytes for 6 received", got)
	}
}

func FuzzDecoder(f *testing.F) {
	all := opening()
	for _, c := range messages {
		f.Add(append(opening(), unhex(c.bytes)...), uint64(len(c.name)))
		all = append(all, unhex(c.bytes)...)
	}
	f.Add(all, uint64(1))
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 0))
		random := func(left int) int { return 1 + rng.IntN(left) }
		one, errOne := decode(new(Decoder), stream, whole)
		cut, errCut := decode(new(Decoder), stream, random)
		if !reflect.DeepEqual(one, cut) || (errOne == nil) != (errCut == nil) {
			t.Fatalf("whole: %v, %v\ncut: %v, %v", one, errOne, cut, errCut)
		}
		var again []byte
		for _, m := range one {
			again = Append(again, m)
		}
		back, err := decode(new(Decoder), again, whole)
		if err != nil || !reflect.DeepEqual(back, one) {
			t.Fatalf("encoded and decoded again: %v, %v, want %v", back, err, one)
		}
	})
}
