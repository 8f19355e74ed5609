package wire

import (
	"errors"
	"strings"
	"testing"
)

func TestLaneMessagesBothWays(t *testing.T) {
	token := [TokenSize]byte([]byte("0123456789abcdef"))
	for _, c := range []struct {
		name, payload string
		value         Lane
	}{
		{"an offer", "d1:k16:0123456789abcdef1:ni3e3:sdp3:v=01:ti1ee", Lane{LaneOffer, 3, token, "v=0"}},
		{"an answer", "d1:ni3e3:sdp3:v=01:ti2ee", Lane{Kind: LaneAnswer, Number: 3, SDP: "v=0"}},
		{"a refusal", "d1:ni3e1:ti3ee", Lane{Kind: LaneRefuse, Number: 3}},
		{"a hello", "d1:k16:0123456789abcdef1:ni3e1:ti4ee", Lane{Kind: LaneHello, Number: 3, Token: token}},
		{"an invitation", "d1:ni7e1:ti5ee", Lane{Kind: LaneInvite, Number: 7}},
		{"of a kind to come", "d1:ni3e1:ti9ee", Lane{Kind: 9, Number: 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if m := c.value.Message(7); m.ID != 7 || string(m.Payload) != c.payload {
				t.Errorf("encoded as %d %q, want 7 %q", m.ID, m.Payload, c.payload)
			}
			if got, err := ParseLane([]byte(c.payload)); err != nil || got != c.value {
				t.Errorf("decoded as %+v, %v, want %+v", got, err, c.value)
			}
		})
	}
}

func TestLaneMessagesThatBreakTheirForm(t *testing.T) {
	long := strings.Repeat("x", maxLaneSDP+1)
	for _, c := range []struct {
		name, payload string
		want          error
	}{
		{"nothing", "", ErrMalformed},
		{"a list", "le", ErrMalformed},
		{"bytes after the end", "d1:ni3e1:ti3eex", ErrMalformed},
		{"an offer without a description", "d1:k16:0123456789abcdef1:ni3e1:ti1ee", ErrMalformed},
		{"an offer without a token", "d1:ni3e3:sdp3:v=01:ti1ee", ErrMalformed},
		{"a hello with a token too short", "d1:k15:0123456789abcde1:ni3e1:ti4ee", ErrMalformed},
		{"a description too long", "d1:ni3e3:sdp16385:" + long + "1:ti2ee", ErrMalformed},
		{"a message too long", "d1:ni3e3:sdp16385:" + long + "1:ti2e1:x999:" + strings.Repeat("y", 999) + "e", ErrTooLong},
	} {
		if _, err := ParseLane([]byte(c.payload)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestALaneBeginsWithoutAHandshake(t *testing.T) {
	d := NewLaneDecoder()
	d.Write(Append(nil, Request{1, 2, 3}))
	if m, err := d.Next(); m != (Request{1, 2, 3}) || err != nil {
		t.Errorf("read as %v, %v", m, err)
	}
}

func FuzzLane(f *testing.F) {
	f.Add([]byte("d1:k16:0123456789abcdef1:ni3e3:sdp3:v=01:ti1ee"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, err := ParseLane(payload)
		if err != nil {
			return
		}
		if got, err := ParseLane(m.Message(1).Payload); err != nil || got != m {
			t.Fatalf("%+v came back as %+v, %v", m, got, err)
		}
	})
}
