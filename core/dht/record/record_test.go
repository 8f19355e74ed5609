package record

import (
	"encoding/hex"
	"errors"
	"flag"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/bencode"
	"github.com/shoal-p2p/shoal/core/id"
)

var seed = flag.Uint64("seed", 1, "of the random tests")

func random(t *testing.T) *rand.Rand {
	t.Helper()
	t.Logf("-seed=%d", *seed)
	return rand.New(rand.NewPCG(*seed, 0))
}

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return start.Add(d) }

// pair is one of 256 key pairs.
func pair(n byte) id.KeyPair { return id.NewKeyPair([32]byte{n}) }

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func expect(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestVectorsOfBEP44(t *testing.T) {
	key := id.Identity(unhex(t, "77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548"))
	value := bencode.Bytes("12:Hello World!")
	for _, v := range []struct {
		name      string
		item      Item
		statement string
		target    string
	}{
		{"mutable", Item{V: value, Key: key, Seq: 1, Sig: id.Signature(unhex(t,
			"305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01"))},
			"3:seqi1e1:v12:Hello World!", "4a533d47ec9c7d95b1ad75f576cffc641853b750"},
		{"mutable with salt", Item{V: value, Key: key, Seq: 1, Salt: "foobar", Sig: id.Signature(unhex(t,
			"6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17ddf9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08"))},
			"4:salt6:foobar3:seqi1e1:v12:Hello World!", "411eba73b6f087ca51a3795d9c8c938d365e32c1"},
		{"immutable", Item{V: value}, "", "e5f96f6f38320f0f33959cb4d3d656452117aadb"},
	} {
		if got := v.item.Target().String(); got != v.target {
			t.Errorf("%s: the target is %s, want %s", v.name, got, v.target)
		}
		if got := string(v.item.statement()); v.statement != "" && got != v.statement {
			t.Errorf("%s: signed is %q, want %q", v.name, got, v.statement)
		}
		expect(t, v.name, v.item.Check(), nil)
	}
}

func TestTargetsOfBEP46(t *testing.T) {
	key := id.Identity(unhex(t, "8543d3e6115f0f98c944077a4493dcd543e49c739fd998550a1f614ab36ed63e"))
	for salt, want := range map[string]string{"": "cc3f9d90b572172053626f9980ce261a850d050b", "n": "59ee7c2cb9b4f7eb1986ee2d18fd2fdb8a56554f"} {
		if got := MutableTarget(key, salt).String(); got != want {
			t.Errorf("salt %q: %s, want %s", salt, got, want)
		}
	}
	if MutableTarget(key, "") != key.ID() {
		t.Error("an item without salt is not at its publisher's own id")
	}
}

func TestItemsThatAreNone(t *testing.T) {
	good := SignItem(pair(1), "salt", 4, bencode.Bytes("i1e"))
	expect(t, "a good one", good.Check(), nil)
	long := bencode.Bytes("997:" + strings.Repeat("x", 997))
	for name, c := range map[string]struct {
		item Item
		want error
	}{
		"a value of 1,000 bytes":       {SignItem(pair(1), "", 0, long[:0:0]), ErrForm},
		"a value of 1,001 bytes":       {Item{V: long}, ErrTooBig},
		"a salt of 65 bytes":           {SignItem(pair(1), strings.Repeat("s", 65), 0, good.V), ErrSalt},
		"keys out of order":            {Item{V: bencode.Bytes("d1:bi1e1:ai1ee")}, ErrForm},
		"nothing":                      {Item{}, ErrForm},
		"more behind it":               {Item{V: bencode.Bytes("i1ei2e")}, ErrForm},
		"an immutable one with a salt": {Item{V: good.V, Salt: "salt"}, ErrForm},
		"an immutable one with a seq":  {Item{V: good.V, Seq: 1}, ErrForm},
		"a negative seq":               {SignItem(pair(1), "", -1, good.V), ErrForm},
		"another's signature":          {Item{V: good.V, Key: pair(2).Identity(), Seq: 4, Salt: "salt", Sig: good.Sig}, ErrSignature},
		"another seq":                  {Item{V: good.V, Key: good.Key, Seq: 5, Salt: "salt", Sig: good.Sig}, ErrSignature},
		"another salt":                 {Item{V: good.V, Key: good.Key, Seq: 4, Sig: good.Sig}, ErrSignature},
	} {
		expect(t, name, c.item.Check(), c.want)
	}
	expect(t, "a value of exactly 1,000 bytes", Item{V: bencode.Bytes("996:" + strings.Repeat("x", 996))}.Check(), nil)
}

func TestAPeerInBothDirections(t *testing.T) {
	infoHash := id.ID{7}
	for _, seeds := range []bool{true, false} {
		p := SignPeer(pair(3), infoHash, seeds, start)
		expect(t, "a peer", p.Check(), nil)
		got, err := ParsePeer(infoHash, p.Bytes())
		if err != nil || got != p || len(p.Bytes()) != PeerSize {
			t.Errorf("%+v, %v, want %+v", got, err, p)
		}
	}
	if p := SignPeer(pair(3), infoHash, true, start); p.ID() != pair(3).Identity().ID() || p.Target() != infoHash {
		t.Errorf("it is %v at %v", p.ID(), p.Target())
	}
}

func TestAnyFlippedBitOfAPeerIsRejected(t *testing.T) {
	infoHash := id.ID{7}
	b := SignPeer(pair(3), infoHash, true, start).Bytes()
	for bit := range 8 * len(b) {
		b[bit/8] ^= 1 << (bit % 8)
		if p, err := ParsePeer(infoHash, b); err == nil && p.Check() == nil {
			t.Errorf("bit %d does not matter", bit)
		}
		b[bit/8] ^= 1 << (bit % 8)
	}
	if p, _ := ParsePeer(id.ID{8}, b); p.Check() == nil {
		t.Error("it is good for another swarm")
	}
}

func TestAnyFlippedBitOfAnItemIsRejected(t *testing.T) {
	good := SignItem(pair(3), "s", 9, bencode.Bytes("3:abc"))
	for bit := range 8 * len(good.Sig) {
		bad := good
		bad.Sig[bit/8] ^= 1 << (bit % 8)
		expect(t, "the signature", bad.Check(), ErrSignature)
	}
	for bit := range 8 * len(good.Key) {
		bad := good
		bad.Key[bit/8] ^= 1 << (bit % 8)
		expect(t, "the key", bad.Check(), ErrSignature)
	}
	for bit := range 8 * 3 {
		bad := good
		bad.V = append(bencode.Bytes(nil), good.V...)
		bad.V[2+bit/8] ^= 1 << (bit % 8)
		expect(t, "the value", bad.Check(), ErrSignature)
	}
}

func FuzzPeer(f *testing.F) {
	f.Add(SignPeer(pair(1), id.ID{7}, true, start).Bytes())
	f.Add(make([]byte, PeerSize))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := ParsePeer(id.ID{7}, b); err == nil && string(p.Bytes()) != string(b) {
			t.Fatalf("%+v became %x, and was %x", p, p.Bytes(), b)
		}
	})
}
