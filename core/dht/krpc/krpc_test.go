package krpc

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/shoal-p2p/shoal/core/bencode"
	"github.com/shoal-p2p/shoal/core/id"
)

func letters(c string) id.ID { return id.ID([]byte(strings.Repeat(c, id.Size))) }

func text(s string) id.ID { return id.ID([]byte(s)) }

func number(n int64) *int64 { return &n }

var (
	asker    = text("abcdefghij0123456789")
	answerer = text("mnopqrstuvwxyz123456")
	aKey     = id.Identity([]byte(strings.Repeat("k", 32)))
	aSig     = id.Signature([]byte(strings.Repeat("s", 64)))
)

func ask(q Query) Message         { q.ID = asker; return Message{Transaction: "aa", Query: &q} }
func answer(r Answer) Message     { return Message{Transaction: "aa", Answer: &r} }
func sixtyFour(c string) string   { return strings.Repeat(c, 64) }
func thirtyTwo(c string) string   { return strings.Repeat(c, 32) }
func twentyOf(c string) string    { return strings.Repeat(c, 20) }
func cut(s, old, n string) string { return strings.Replace(s, old, n, 1) }

// golden are messages and their bytes: those of BEP 5 first, word by word.
var golden = []struct {
	name  string
	m     Message
	bytes string
}{
	{"ping", ask(Query{Method: Ping}), "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"},
	{"pong", answer(Answer{ID: answerer}), "d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re"},
	{"find_node", ask(Query{Method: FindNode, Target: answerer}),
		"d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:qe"},
	{"get_peers", ask(Query{Method: GetPeers, InfoHash: answerer}),
		"d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe"},
	{"get_peers answered by peers", answer(Answer{ID: asker, Token: "aoeusnth", Values: []string{"axje.u", "idhtnm"}}),
		"d1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re"},
	{"announce_peer", ask(Query{Method: AnnouncePeer, InfoHash: answerer, ImpliedPort: true, Port: 6881, Token: "aoeusnth"}),
		"d1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe"},
	{"error", Message{Transaction: "aa", Error: &Error{Generic, "A Generic Error Ocurred"}},
		"d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee"},
	{"a question of a read-only node", Message{Transaction: "aa", ReadOnly: true, Query: &Query{Method: Ping, ID: asker}},
		"d1:ad2:id20:abcdefghij0123456789e1:q4:ping2:roi1e1:t2:aa1:y1:qe"},
	{"put of a mutable item", ask(Query{Method: Put, Token: "aoeusnth", Cas: number(0), Age: 60,
		Item: Item{V: bencode.Bytes("12:Hello World!"), K: aKey, Seq: number(1), Sig: aSig, Salt: "foobar"}}),
		"d1:ad3:agei60e3:casi0e2:id20:abcdefghij01234567891:k32:" + thirtyTwo("k") +
			"4:salt6:foobar3:seqi1e3:sig64:" + sixtyFour("s") + "5:token8:aoeusnth1:v12:Hello World!e1:q3:put1:t2:aa1:y1:qe"},
	{"get answered", answer(Answer{ID: answerer, Item: Item{V: bencode.Bytes("i7e")}, Near: []id.ID{letters("a"), letters("b")}}),
		"d1:rd2:id20:mnopqrstuvwxyz1234562:rn40:" + twentyOf("a") + twentyOf("b") + "1:vi7ee1:t2:aa1:y1:re"},
	{"get_peers answered by records", answer(Answer{ID: answerer, Peers: [][]byte{[]byte("one"), []byte("two")}}),
		"d1:rd2:id20:mnopqrstuvwxyz1234562:rpl3:one3:twoee1:t2:aa1:y1:re"},
	{"announce of a record", ask(Query{Method: AnnouncePeer, InfoHash: answerer, Peer: []byte("one")}),
		"d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234562:rp3:onee1:q13:announce_peer1:t2:aa1:y1:qe"},
	{"an ask for a connection", ask(Query{Method: RTC, Op: "ask", Why: "leaf"}),
		"d1:ad2:id20:abcdefghij01234567892:op3:ask3:why4:leafe1:q3:rtc1:t2:aa1:y1:qe"},
}

func TestMessagesInBothDirections(t *testing.T) {
	for _, c := range golden {
		if got := string(c.m.Encode()); got != c.bytes {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.bytes)
		}
		if got, err := Parse([]byte(c.bytes)); err != nil || !reflect.DeepEqual(got, c.m) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

func TestMessagesOfMainlineAreUnderstood(t *testing.T) {
	// BEP 5 itself shows an answer with nodes that are shorter than a node is.
	const nodes = "d1:rd2:id20:0123456789abcdefghij5:nodes26:abcdefghijklmnopqrstuvwxyze1:t2:aa1:y1:re"
	if m, err := Parse([]byte(nodes)); err != nil || m.Answer.Nodes != "abcdefghijklmnopqrstuvwxyz" {
		t.Errorf("%+v, %v", m, err)
	}
	const more = "d2:ip6:axje.u1:rd2:id20:0123456789abcdefghij1:pi6881ee1:t2:aa1:v4:UT011:y1:re"
	if m, err := Parse([]byte(more)); err != nil || m.Answer == nil {
		t.Errorf("keys that are not known: %+v, %v", m, err)
	}
}

func TestMessagesThatAreRefused(t *testing.T) {
	ping, find := golden[0].bytes, golden[2].bytes
	put := golden[8].bytes
	for name, data := range map[string]string{
		"nothing":                    "",
		"no dictionary":              "li1ee",
		"more behind it":             ping + "x",
		"no kind":                    "d1:t2:aae",
		"a question without content": "d1:q4:ping1:t2:aa1:y1:qe",
		"an answer without content":  "d1:t2:aa1:y1:re",
		"no id":                      "d1:ade1:q4:ping1:t2:aa1:y1:qe",
		"a short id":                 cut(ping, "20:abcdefghij0123456789", "19:bcdefghij0123456789"),
		"a long target":              cut(find, "20:mnopqrstuvwxyz123456", "21:mnopqrstuvwxyz1234567"),
		"a short key":                cut(put, "32:"+thirtyTwo("k"), "31:"+strings.Repeat("k", 31)),
		"a short signature":          cut(put, "64:"+sixtyFour("s"), "63:"+strings.Repeat("s", 63)),
		"a negative age":             cut(put, "i60e", "i-1e"),
		"a port beyond ports":        cut(golden[5].bytes, "i6881e", "i65536e"),
		"half a node":                cut(golden[9].bytes, "40:"+twentyOf("a"), "30:aaaaaaaaaa"),
		"half a peer":                cut(golden[4].bytes, "6:idhtnm", "5:idhtn"),
		"an error without text":      "d1:eli201ee1:t2:aa1:y1:ee",
		"an error of two texts":      "d1:el1:a1:be1:t2:aa1:y1:ee",
		"a long transaction":         cut(ping, "2:aa", "33:"+strings.Repeat("a", 33)),
		"a long token":               cut(put, "8:aoeusnth", "65:"+strings.Repeat("a", 65)),
		"too many nodes":             cut(golden[9].bytes, "40:", "440:"+strings.Repeat("n", 400)),
		"too many records":           cut(golden[10].bytes, "l3:one", "l"+strings.Repeat("1:r", 50)),
		"too long a record":          cut(golden[11].bytes, "3:one", "257:"+strings.Repeat("r", 257)),
		"too much":                   cut(ping, "4:ping", "6200:"+strings.Repeat("p", 6200)),
	} {
		if m, err := Parse([]byte(data)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

func TestAMessageIsOneOfThree(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("nothing was encoded")
		}
	}()
	Message{Transaction: "aa"}.Encode()
}

func FuzzMessage(f *testing.F) {
	for _, c := range golden {
		f.Add([]byte(c.bytes))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		again, err := Parse(m.Encode())
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("%+v and again %+v, %v", m, again, err)
		}
	})
}
