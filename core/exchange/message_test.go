package exchange

import (
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/shoal-p2p/shoal/core/id"
)

func letters(c string) id.ID { return id.ID([]byte(strings.Repeat(c, id.Size))) }

var (
	aKey = id.Identity([]byte(strings.Repeat("k", 32)))
	aSig = id.Signature([]byte(strings.Repeat("s", 64)))
)

// golden are messages and their bytes.
var golden = []struct {
	name  string
	m     message
	bytes string
}{
	{"tell", message{kind: tell, added: []id.ID{letters("a"), letters("b")}, dropped: []id.ID{letters("c")}},
		"d5:added40:aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb7:dropped20:cccccccccccccccccccc1:ti1ee"},
	{"tell of nothing", message{kind: tell}, "d1:ti1ee"},
	{"offer", message{kind: offer, from: letters("f"), to: letters("t"), offerID: letters("i"), key: aKey, sdp: "v=0", sig: aSig},
		"d4:from20:ffffffffffffffffffff2:id20:iiiiiiiiiiiiiiiiiiii3:key32:kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk3:sdp3:v=0" +
			"3:sig64:ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss1:ti2e2:to20:tttttttttttttttttttte"},
	{"answer", message{kind: answer, from: letters("f"), to: letters("t"), offerID: letters("i"), key: aKey, sdp: "v=0", sig: aSig},
		"d4:from20:ffffffffffffffffffff2:id20:iiiiiiiiiiiiiiiiiiii3:key32:kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk3:sdp3:v=0" +
			"3:sig64:ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss1:ti3e2:to20:tttttttttttttttttttte"},
	{"gone", message{kind: gone, from: letters("f"), to: letters("t"), offerID: letters("i")},
		"d4:from20:ffffffffffffffffffff2:id20:iiiiiiiiiiiiiiiiiiii1:ti4e2:to20:tttttttttttttttttttte"},
	{"busy", message{kind: busy, from: letters("f"), to: letters("t"), offerID: letters("i")},
		"d4:from20:ffffffffffffffffffff2:id20:iiiiiiiiiiiiiiiiiiii1:ti5e2:to20:tttttttttttttttttttte"},
}

func TestMessagesInBothDirections(t *testing.T) {
	for _, c := range golden {
		if got := string(c.m.encode()); got != c.bytes {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.bytes)
		}
		if got, err := parse([]byte(c.bytes)); err != nil || !reflect.DeepEqual(got, c.m) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

func TestWhatIsSigned(t *testing.T) {
	m := golden[2].m
	description := "6b8a9dc1308eebbe905f696791fd14bca92a2ad667dd43ed464390c69a2b1e9c"
	want := "shoal meet 1\x02" + strings.Repeat("h", 20) + strings.Repeat("f", 20) + strings.Repeat("t", 20) + strings.Repeat("i", 20)
	got := string(statement(letters("h"), m, digest{1}))
	if !strings.HasPrefix(got, want) || hex.EncodeToString([]byte(got[len(want):])) != description {
		t.Errorf("an offer: %q", got)
	}
	m.kind = answer
	got = string(statement(letters("h"), m, digest{1}))
	if rest := got[len(want):]; hex.EncodeToString([]byte(rest)) != description+"01"+strings.Repeat("00", 31) {
		t.Errorf("an answer: %q", got)
	}
}

func TestMessagesThatAreRefused(t *testing.T) {
	for name, payload := range map[string]string{
		"nothing":              "",
		"no dictionary":        "i1e",
		"more behind it":       "d1:ti1eex",
		"an id too short":      "d4:from20:ffffffffffffffffffff2:id19:iiiiiiiiiiiiiiiiiii1:ti4e2:to20:tttttttttttttttttttte",
		"nobody":               "d1:ti4ee",
		"half a peer":          "d5:added30:aaaaaaaaaaaaaaaaaaaabbbbbbbbbb1:ti1ee",
		"51 peers":             "d5:added1020:" + strings.Repeat("a", 1020) + "1:ti1ee",
		"an unsigned offer":    "d4:from20:ffffffffffffffffffff2:id20:iiiiiiiiiiiiiiiiiiii3:sdp3:v=01:ti2e2:to20:tttttttttttttttttttte",
		"an empty description": strings.Replace(golden[2].bytes, "3:v=0", "0:", 1),
		"too much":             string(message{kind: offer, sdp: strings.Repeat("x", maxMessage)}.encode()),
		"too long a description": string(message{kind: offer, from: letters("f"), to: letters("t"), offerID: letters("i"),
			key: aKey, sig: aSig, sdp: strings.Repeat("x", maxSDP+1)}.encode()),
	} {
		if m, err := parse([]byte(payload)); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

func TestTheLongestMessageFitsAnExtensionMessage(t *testing.T) {
	m := message{kind: answer, sdp: strings.Repeat("x", maxSDP)}
	if _, err := parse(m.encode()); err != nil {
		t.Error(err)
	}
}

func TestWhatTheFutureBringsIsIgnored(t *testing.T) {
	if m, err := parse([]byte("d4:from3:you1:ti77ee")); err != nil || m.kind != 77 {
		t.Errorf("an unknown kind: %+v, %v", m, err)
	}
	if m, err := parse([]byte("d3:newi1e1:ti1ee")); err != nil || m.kind != tell {
		t.Errorf("an unknown key: %+v, %v", m, err)
	}
}

func FuzzMessage(f *testing.F) {
	for _, c := range golden {
		f.Add([]byte(c.bytes))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, err := parse(payload)
		if err != nil {
			return
		}
		if m.kind < tell || m.kind > busy {
			return
		}
		again, err := parse(m.encode())
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("%+v and again %+v, %v", m, again, err)
		}
		if len(m.added) > maxTold || len(m.dropped) > maxTold || len(m.sdp) > maxSDP {
			t.Fatalf("beyond its bounds: %+v", m)
		}
	})
}
