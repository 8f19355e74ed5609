package table

import (
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
)

func TestWhoIsAskedAgreesWithinItsBudget(t *testing.T) {
	tab := crowd(12) // of which 1 is reserve
	if !tab.Admit(k(0x80), Bucket, 0) || tab.Admit(k(0x80), Bucket, 4) {
		t.Error("with 8 of 12 links there is room, and with four more under way there is none")
	}
	if tab.Admit(k(0x01), Leaf, 0) || tab.Admit(0, Leaf, 0) {
		t.Error("who is linked, or is ourselves, needs no link")
	}
	for _, far := range []uint8{0x80, 0x81, 0x82, 0x83} {
		connect(tab, far, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b)
	}
	if tab.Admit(k(0x40), Bucket, 0) || tab.Admit(k(0x90), Leaf, 0) {
		t.Error("a full table takes neither for a bucket, nor a leaf from far away")
	}
	if !tab.Admit(k(0x09), Leaf, 0) {
		t.Error("for one that is close it gives up another")
	}
	if c, must, ok := tab.Room(0); !ok || !must || c < 0x80 {
		t.Errorf("given up is %x, %v, %v", c, must, ok)
	}
}

func TestClientsAreAPartOfTheReserve(t *testing.T) {
	tab := newTable(32)
	for c := range maxClients {
		if !tab.Admit(k(0x80), Join, 0) {
			t.Fatalf("with %d clients no more", c)
		}
		tab.Add(start, Neighbour{Conn: Conn(c + 1), Key: frame.Key(c + 1)})
	}
	if tab.Admit(k(0x80), Join, 0) {
		t.Errorf("one more than %d clients", maxClients)
	}
}

func TestWhatIsGivenUp(t *testing.T) {
	far := []uint8{0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7}
	given := func(tab *Table) Conn {
		c, ok := tab.spare()
		if !ok {
			t.Fatal("nothing can be spared")
		}
		return c
	}
	full := func() *Table {
		tab := crowd(16)
		for _, of := range []uint8{0x80, 0x81, 0x82, 0x40} {
			connect(tab, of, far...).class(2)
		}
		tell(tab, 0x40, 2, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48)
		return tab
	}
	// given as many as may be, the youngest of the bucket that has most is given up
	tab := full()
	tab.at(0x81).class = 1
	if c := given(tab); c != 0x81 {
		t.Errorf("the youngest: %x", c)
	}
	// or who is of the same origin as another
	tab = full()
	tab.at(0x80).class = 1
	tab.at(0x81).Group, tab.at(0x82).Group = 7, 7
	if c := given(tab); c != 0x81 && c != 0x82 {
		t.Errorf("of the same origin: %x", c)
	}
	// or of equals the slowest
	tab = full()
	tab.Measured(0x82, 300*time.Millisecond)
	if c := given(tab); c != 0x82 {
		t.Errorf("the slowest: %x", c)
	}
	// but not who would be cut off, nor the last two natives
	tab = full()
	tell(tab, 0x80, 0, 0x81)
	tab.at(0x81).class, tab.at(0x82).class = frame.Native, frame.Native
	if c := given(tab); c != 0x40 {
		t.Errorf("who can do without us: %x", c)
	}
	tell(tab, 0x40, 0)
	if c, ok := tab.spare(); ok {
		t.Errorf("nobody can: %x", c)
	}
}
