package blame

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

var (
	t0       = time.Unix(1e9, 0)
	someAddr = netip.MustParseAddr("192.0.2.1")
)

// at is a peer with an address.
func at(who Who, addr string) Who {
	who.Addr = netip.MustParseAddr(addr)
	return who
}

func TestBanBindsTheIdentity(t *testing.T) {
	b := NewBook()
	liar := at(shoal(1), "192.0.2.1")
	b.Ban(t0, liar)

	renamed := at(liar, "198.51.100.7")
	renamed.Peer = id.ID{7}
	if !b.Banned(t0.Add(time.Hour), liar) || !b.Banned(t0.Add(time.Hour), renamed) {
		t.Error("it has the banned identity and is let in")
	}
	if b.Banned(t0, at(shoal(2), "192.0.2.1")) || b.Banned(t0, at(stock(2), "192.0.2.1")) {
		t.Error("a ban binds an address, which others share")
	}
	impostor := shoal(2)
	impostor.Peer = liar.Peer
	if b.Banned(t0, impostor) {
		t.Error("a peer with an identity of its own is banned for a peer id")
	}
}

func TestBanBindsThePeerIDOfOneWithoutIdentity(t *testing.T) {
	b := NewBook()
	b.Ban(t0, stock(1))
	if !b.Banned(t0, at(stock(1), "192.0.2.1")) {
		t.Error("it has the banned peer id and is let in")
	}
	victim := shoal(1)
	victim.Peer = stock(1).Peer
	if b.Banned(t0, victim) {
		t.Error("an honest identity is banned for a peer id that anyone may take")
	}
	b.Ban(t0, Who{Addr: someAddr})
	if b.Banned(t0, Who{Addr: someAddr}) {
		t.Error("an address is banned")
	}
}

func TestProofIsHistory(t *testing.T) {
	b := NewBook()
	if b.Proven(shoal(1)) || b.Proven(Who{}) {
		t.Error("nobody has a history yet")
	}
	b.Proved(t0, shoal(1))
	b.Proved(t0, Who{Addr: someAddr})
	renamed := at(shoal(1), "192.0.2.1")
	renamed.Peer = id.ID{7}
	if !b.Proven(renamed) {
		t.Error("a right piece has proved nothing")
	}
	thief := shoal(2)
	thief.Peer = shoal(1).Peer
	if b.Proven(thief) || b.Proven(Who{Peer: shoal(1).Peer}) || b.Proven(Who{Addr: someAddr}) || b.Proven(Who{}) {
		t.Error("another's proof is taken for one's own")
	}
}

func TestNobodyInheritsTheProofOfAPeerID(t *testing.T) {
	b := NewBook()
	b.Proved(t0, stock(1))
	if b.Proven(stock(1)) {
		t.Error("whoever comes under a peer id has the history of whoever had it before")
	}
}

func TestBanEndsProof(t *testing.T) {
	b := NewBook()
	b.Proved(t0, shoal(1))
	b.Ban(t0, shoal(1))
	b.Proved(t0, shoal(1)) // of a piece that was under way
	if b.Proven(shoal(1)) {
		t.Error("it is banned and proven")
	}
}

// untilDropped counts the violations, one at a time, until the peer is dropped.
func untilDropped(b *Book, now time.Time, who Who, v Violation, every time.Duration) (n int) {
	for n = 1; n < 10_000; n++ {
		if b.Charge(now, who, v) {
			return n
		}
		now = now.Add(every)
	}
	return n
}

func TestViolationsComeTogether(t *testing.T) {
	const never = 10_000
	for _, tt := range []struct {
		name  string
		v     Violation
		every time.Duration
		want  int
	}{
		{"unasked blocks at once", Unasked, 0, 17},
		{"broken vows at once", BrokenVow, 0, 25},
		{"floods at once", Flood, 0, 5},
		{"malformed messages at once", Malformed, 0, 2},
		{"messages in the wrong state at once", WrongState, 0, 5},
		{"a block that crossed a Cancel, now and then", Unasked, 30 * time.Second, never},
		{"a store that fails now and then", BrokenVow, 20 * time.Second, never},
		{"a vow broken every ten seconds", BrokenVow, 10 * time.Second, 44},
		{"a flood every half-life", Flood, halfLife, never},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, who := range []Who{shoal(1), stock(1), at(stock(1), "192.0.2.1")} {
				if got := untilDropped(NewBook(), t0, who, tt.v, tt.every); got != tt.want {
					t.Errorf("%v: dropped at the %dth, want the %dth", who, got, tt.want)
				}
			}
		})
	}
}

func TestChargeDecaysByHalf(t *testing.T) {
	b := NewBook()
	b.Charge(t0, shoal(1), Malformed)
	if got := b.balance(t0.Add(halfLife), shoal(1)); got != costs[Malformed]/2 {
		t.Errorf("after a half-life %v is left", got)
	}
	b.Charge(t0.Add(halfLife), shoal(1), Flood)
	if got, want := b.balance(t0.Add(2*halfLife), shoal(1)), costs[Malformed]/4+costs[Flood]/2; got != want {
		t.Errorf("after two it is %v, want %v", got, want)
	}
	if got, want := b.balance(t0, shoal(1)), costs[Malformed]/2+costs[Flood]; got != want {
		t.Errorf("a clock that went back makes it %v, want %v", got, want)
	}
}

func TestNewNameAtAChargedAddressHasLessCredit(t *testing.T) {
	fresh := untilDropped(NewBook(), t0, at(shoal(2), "192.0.2.1"), BrokenVow, 0)
	for _, liars := range []int{1, 2, 50} {
		b := NewBook()
		for n := range liars {
			b.Ban(t0, at(shoal(100+n), "192.0.2.1"))
		}
		newcomer := at(shoal(2), "::ffff:192.0.2.1")
		if b.balance(t0, newcomer) != limit/2 {
			t.Errorf("after %d bans a newcomer there begins with %v", liars, b.balance(t0, newcomer))
		}
		if b.Charge(t0, newcomer, Flood) || b.Charge(t0, at(stock(2), "192.0.2.1"), Flood) {
			t.Error("dropped at its first violation for what others have done")
		}
		if got := untilDropped(b, t0.Add(20*halfLife), at(shoal(3), "192.0.2.1"), BrokenVow, 0); got != fresh {
			t.Errorf("long after the bans a newcomer is dropped at the %dth broken vow, want the %dth", got, fresh)
		}
		if b.balance(t0, at(shoal(2), "198.51.100.7")) > costs[Flood] {
			t.Error("another address is charged too")
		}
	}
}

func TestNewNameBeginsWithPartOfWhatTheOldOneDid(t *testing.T) {
	b := NewBook()
	for range 3 {
		b.Charge(t0, at(stock(1), "192.0.2.1"), Flood)
	}
	if got, want := b.balance(t0, at(stock(1), "192.0.2.1")), 3*costs[Flood]; got != want {
		t.Errorf("its own violations count %v, want %v: once", got, want)
	}
	if got, want := b.balance(t0, at(stock(2), "192.0.2.1")), 3*costs[Flood]/2; got != want {
		t.Errorf("under a new name it begins with %v, want %v", got, want)
	}
}

func TestHolderOfAnIPv6NetworkHasOneAddress(t *testing.T) {
	b := NewBook()
	b.Ban(t0, at(stock(1), "2001:db8:0:1::1"))
	if b.balance(t0, at(stock(2), "2001:db8:0:1:ffff::2")) == 0 {
		t.Error("another address of the same /64 has no charge")
	}
	if b.balance(t0, at(stock(2), "2001:db8:0:2::1")) != 0 {
		t.Error("the neighbouring /64 is charged")
	}
}

func TestNamelessPeerHasNoCredit(t *testing.T) {
	b := NewBook()
	if !b.Charge(t0, Who{Addr: someAddr}, BrokenVow) {
		t.Error("it has no account, and may go on")
	}
	if b.sites.charge(t0, Who{Addr: someAddr}.site()) == 0 || len(b.accounts.entries) != 0 {
		t.Error("its address is not charged, or nobody has an account")
	}
}

// TestNamesPushOutNamesOnly is an attacker with endless names: memory stays
// bounded, and who was proven or banned stays so.
func TestNamesPushOutNamesOnly(t *testing.T) {
	b := NewBook()
	b.Proved(t0, shoal(1))
	b.Ban(t0, stock(2))
	for n := range 3 * maxEntries {
		name := Who{Identity: numbered(n), Addr: netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})}
		b.Charge(t0, name, Flood)
		_, _ = b.Banned(t0, name), b.Proven(name)
	}
	if !b.Proven(shoal(1)) || !b.Banned(t0, stock(2)) {
		t.Error("names that cost nothing have pushed out a proof or a ban")
	}
	checkBounds(t, b)
}

// TestWhoIsNotHeardOfIsForgottenFirst: proofs push out proofs, from who proved
// himself longest ago; an honest peer at work does so all the time.
func TestWhoIsNotHeardOfIsForgottenFirst(t *testing.T) {
	b := NewBook()
	b.Proved(t0, shoal(1))
	b.Proved(t0, shoal(2))
	for n := range 3 * maxEntries {
		if n%1000 == 0 {
			if !b.Proven(shoal(1)) {
				t.Fatalf("one who proves himself all the time is forgotten after %d others", n)
			}
			b.Proved(t0, shoal(1))
		}
		b.Proved(t0, Who{Identity: numbered(n)})
	}
	if !b.Proven(shoal(1)) || b.Proven(shoal(2)) || !b.Proven(Who{Identity: numbered(3*maxEntries - 1)}) {
		t.Error("it remembers others than those who proved themselves last")
	}
	checkBounds(t, b)
}

func numbered(n int) id.Identity { return id.Identity{byte(n >> 16), byte(n >> 8), byte(n), 1} }

func checkBounds(t *testing.T, b *Book) {
	t.Helper()
	for _, table := range []*table{&b.banned, &b.proven, &b.accounts, &b.sites} {
		if len(table.entries) > maxEntries || len(table.entries) != table.order.Len() {
			t.Fatalf("a table of %d entries, %d in order", len(table.entries), table.order.Len())
		}
	}
}

// TestBookAgainstAModel: whatever happens in whatever order, who is banned is who
// lied, who is proven is who was right since, and nobody is dropped for others.
func TestBookAgainstAModel(t *testing.T) {
	rng := random(t)
	for range 50 {
		b := NewBook()
		now := t0
		banned, proven, charged := map[Who]bool{}, map[Who]bool{}, map[Who]bool{}
		for range 200 {
			now = now.Add(time.Duration(rng.Int64N(int64(time.Minute))))
			who, name := anyone(rng)
			switch rng.IntN(8) {
			case 0:
				b.Ban(now, who)
				banned[name] = true
				delete(proven, name)
			case 1, 2, 3:
				b.Proved(now, who)
				if !banned[name] && !name.Identity.IsZero() {
					proven[name] = true
				}
			default:
				if b.Charge(now, who, BrokenVow) && !charged[name] {
					t.Fatalf("%v is dropped for its first broken vow", who)
				}
				charged[name] = true
			}
			who, name = anyone(rng)
			if b.Banned(now, who) != banned[name] || b.Proven(who) != proven[name] {
				t.Fatalf("%v: banned %v, proven %v; want %v, %v", who,
					b.Banned(now, who), b.Proven(who), banned[name], proven[name])
			}
		}
	}
}

// anyone is one of a few peers at one of few addresses over one of few
// connections, under one of its peer ids if it has an identity; name is what it
// goes by.
func anyone(rng *rand.Rand) (who, name Who) {
	if rng.IntN(2) == 0 {
		name = stock(rng.IntN(5))
		who = name
	} else {
		name = Who{Identity: numbered(rng.IntN(5))}
		who = name
		who.Peer = stock(rng.IntN(5)).Peer
	}
	if n := rng.IntN(3); n > 0 {
		who.Addr = netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})
	}
	who.Conn = rng.Uint64N(3)
	return who, name
}

func BenchmarkProved(b *testing.B) {
	book := NewBook()
	for n := range maxEntries {
		book.Proved(t0, Who{Identity: numbered(n)})
	}
	for n := 0; b.Loop(); n++ {
		book.Proved(t0, Who{Identity: numbered(n % (2 * maxEntries))})
	}
}
