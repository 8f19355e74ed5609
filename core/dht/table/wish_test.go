package table

import (
	"slices"
	"testing"

	"github.com/shoal-p2p/shoal/core/dht/frame"
)

func anybody(frame.Key) bool { return true }

func expectWish(t *testing.T, what string, tab *Table, client bool, key uint8, why Why) {
	t.Helper()
	if got, ok := tab.Want(client, false, 0, anybody); !ok || got != (Wish{k(key), why}) {
		t.Errorf("%s: %x for %q, %v, want %x for %q", what, got.Key>>56, got.Why, ok, key, why)
	}
}

// crowd gives node 0 a leaf set and many others to know: 01 to 08 are its
// leaves, who tell of each other.
func crowd(budget int) *Table {
	tab := newTable(budget)
	for leaf := uint8(1); leaf <= 8; leaf++ {
		connect(tab, leaf, 1, 2, 3, 4, 5, 6, 7, 8)
	}
	return tab
}

func TestTheClosestAreWantedFirst(t *testing.T) {
	tab := newTable(32)
	connect(tab, 0x80, 0x90, 0x03, 0x02, 0x20)
	expectWish(t, "at first", tab, false, 0x02, Leaf)
	connect(tab, 0x02)
	expectWish(t, "then", tab, false, 0x03, Leaf)
	if got, _ := tab.Want(false, false, 0, func(key frame.Key) bool { return key != k(0x03) }); got.Key != k(0x20) {
		t.Errorf("who may not be asked is passed over: %x", got.Key)
	}
}

func TestAClientWantsThreeLinks(t *testing.T) {
	tab := newTable(32)
	connect(tab, 0x80, 0x01, 0x02)
	expectWish(t, "with one", tab, true, 0x01, Join)
	connect(tab, 0x01)
	expectWish(t, "with two", tab, true, 0x02, Join)
	connect(tab, 0x90)
	if got, ok := tab.Want(true, false, 0, anybody); ok {
		t.Errorf("with three: %+v", got)
	}
}

func TestWithinABucketAgeComesFirst(t *testing.T) {
	tab := crowd(32)
	tell(tab, 8, 0, 1, 2, 3, 4, 5, 6, 7, 0x80, 0x90, 0xa0)
	list := tab.at(8).list
	list[slices.IndexFunc(list, func(e frame.Entry) bool { return e.Key == k(0x90) })].Class = 3
	expectWish(t, "the oldest", tab, false, 0x90, Bucket)
	list[slices.IndexFunc(list, func(e frame.Entry) bool { return e.Key == k(0xa0) })].Class = frame.Native
	expectWish(t, "a native", tab, false, 0xa0, Bucket)
}

func TestABucketThatIsEmptyComesFirst(t *testing.T) {
	tab := crowd(32)
	connect(tab, 0x80)
	tell(tab, 8, 0, 1, 2, 3, 4, 5, 6, 7, 0x81, 0x40)
	expectWish(t, "40 is alone in its bucket", tab, false, 0x40, Bucket)
	connect(tab, 0x40)
	if got, ok := tab.Want(false, true, 0, anybody); ok {
		t.Errorf("while patient: %+v", got)
	}
	if got, ok := tab.Want(false, false, 32-tab.Len(), anybody); ok {
		t.Errorf("beyond the budget: %+v", got)
	}
	if key, ok := tab.Empty(); !ok || tab.bucket(key) != 2 {
		t.Errorf("nobody is known of bucket 2: %x, %v", key, ok)
	}
}

func TestTheBudgetIsSharedOut(t *testing.T) {
	leaves, buckets, reserve := newTable(32).share()
	if leaves != 8 || buckets != 18 || reserve != 6 {
		t.Errorf("of 32: %d, %d, %d", leaves, buckets, reserve)
	}
	if got := crowd(32).quotas(); !slices.Equal(got, []int{5, 5, 4, 4}) {
		t.Errorf("the buckets' are %v", got)
	}
	for budget := 1; budget < 300; budget++ {
		if l, b, r := newTable(budget).share(); l+b+r != budget || min(l, b+1, r+1) < 1 {
			t.Errorf("of %d: %d, %d, %d", budget, l, b, r)
		}
	}
}

func TestWhenToAnnounceOneself(t *testing.T) {
	ready := func(linked ...uint8) bool {
		tab := newTable(32)
		connect(tab, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9)
		for _, l := range linked {
			connect(tab, l)
		}
		return tab.Ready(false)
	}
	if !newTable(32).Ready(false) {
		t.Error("the first of all")
	}
	if ready() || ready(1) || ready(3, 4, 5) {
		t.Error("too early")
	}
	if !ready(1, 3) || !ready(4, 5, 6, 9) {
		t.Error("two of the closest three, or four of nine, should do")
	}
	tab := newTable(32)
	connect(tab, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	connect(tab, 1)
	if !tab.Ready(true) {
		t.Error("who is announced stays so with half as many")
	}
}

func TestTheRegionOfARecord(t *testing.T) {
	tab := newTable(32)
	connect(tab, 0x41, 0x42, 0x43)
	connect(tab, 0x80)
	if self, links := tab.Region(k(0x40), 3); self || !slices.Equal(links, []Conn{0x41}) {
		t.Errorf("the closest three to 40: %v, %x", self, links)
	}
	if self, links := tab.Region(k(0x40), 4); !self || !slices.Equal(links, []Conn{0x41}) {
		t.Errorf("the closest four: %v, %x", self, links)
	}
	if self, links := tab.Region(k(0x40), 8); !self || len(links) != 2 {
		t.Errorf("all: %v, %x", self, links)
	}
}
