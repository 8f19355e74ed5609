package bitfield

import (
	"bytes"
	"errors"
	"flag"
	"math/rand/v2"
	"testing"
)

var seed = flag.Uint64("seed", 1, "of the random tests")

func TestTheWireForm(t *testing.T) {
	for _, c := range []struct {
		name   string
		len    int
		pieces []int
		bytes  []byte
	}{
		{"no room", 0, nil, []byte{}},
		{"none of one", 1, nil, []byte{0}},
		{"one of one", 1, []int{0}, []byte{0x80}},
		{"the first and the last of eight", 8, []int{0, 7}, []byte{0x81}},
		{"the last of nine", 9, []int{8}, []byte{0, 0x80}},
		{"all of ten", 10, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, []byte{0xff, 0xc0}},
		{"some of sixteen", 16, []int{1, 3, 12}, []byte{0x50, 0x08}},
	} {
		t.Run(c.name, func(t *testing.T) {
			built := New(c.len)
			for _, i := range c.pieces {
				built.Set(i)
			}
			if !bytes.Equal(built.Bytes(), c.bytes) {
				t.Errorf("encoded: %x, want %x", built.Bytes(), c.bytes)
			}
			read, err := FromBytes(c.bytes, c.len)
			if err != nil {
				t.Fatal(err)
			}
			if read.Len() != c.len || read.Count() != len(c.pieces) || read.All() != (len(c.pieces) == c.len) {
				t.Errorf("decoded: %d of %d, all: %v", read.Count(), read.Len(), read.All())
			}
			for _, i := range c.pieces {
				if !read.Has(i) {
					t.Errorf("decoded: %d is not there", i)
				}
			}
		})
	}
}

func TestBytesThatDoNotFitAreRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		len   int
		bytes []byte
	}{
		{"a byte for no piece", 0, []byte{0}},
		{"no byte for one piece", 1, nil},
		{"one byte for nine pieces", 9, []byte{0xff}},
		{"two bytes for eight pieces", 8, []byte{0xff, 0}},
		{"a spare bit", 9, []byte{0, 0x40}},
		{"the last spare bit", 9, []byte{0, 0x01}},
		{"seven spare bits", 1, []byte{0xff}},
	} {
		if f, err := FromBytes(c.bytes, c.len); !errors.Is(err, ErrLength) || f != nil {
			t.Errorf("%s: %v, %v", c.name, f, err)
		}
	}
}

func TestItIsASet(t *testing.T) {
	t.Logf("-seed=%d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 0))
	for range 200 {
		f := New(1 + rng.IntN(100))
		model := make(map[int]bool)
		for range 300 {
			i := rng.IntN(f.Len())
			if rng.IntN(2) == 0 {
				if f.Set(i) == model[i] {
					t.Fatalf("piece %d was there: %v, and Set says otherwise", i, model[i])
				}
				model[i] = true
			} else {
				f.Clear(i)
				delete(model, i)
			}
			if f.Has(i) != model[i] || f.Count() != len(model) || f.All() != (len(model) == f.Len()) {
				t.Fatalf("after piece %d: %d of %d, want %d", i, f.Count(), f.Len(), len(model))
			}
		}
		for i := range f.Len() {
			if f.Has(i) != model[i] {
				t.Fatalf("piece %d: %v", i, f.Has(i))
			}
		}
		again, err := FromBytes(f.Bytes(), f.Len())
		if err != nil || again.Count() != f.Count() || !bytes.Equal(again.Bytes(), f.Bytes()) {
			t.Fatalf("%v becomes %v, %v", f, again, err)
		}
	}
}

func TestSetAll(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 64, 1001} {
		f := New(n)
		f.SetAll()
		if !f.All() || f.Count() != n {
			t.Errorf("%d of %d", f.Count(), n)
		}
		if _, err := FromBytes(f.Bytes(), n); err != nil {
			t.Errorf("%d pieces: %v", n, err)
		}
	}
}

func TestCopiesAreTheirOwn(t *testing.T) {
	data := []byte{0x80}
	f, err := FromBytes(data, 8)
	if err != nil {
		t.Fatal(err)
	}
	clone, wire := f.Clone(), f.Bytes()
	data[0], wire[0] = 0, 0
	clone.Set(1)
	if !f.Has(0) || f.Has(1) || f.Count() != 1 || clone.Count() != 2 || !clone.Has(0) {
		t.Error("a copy shares its bits")
	}
}

func TestAPieceThatCannotBePanics(t *testing.T) {
	for _, i := range []int{-1, 9, 16} {
		for name, ask := range map[string]func(*Bitfield){
			"Has":   func(f *Bitfield) { f.Has(i) },
			"Set":   func(f *Bitfield) { f.Set(i) },
			"Clear": func(f *Bitfield) { f.Clear(i) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s(%d) of 9 pieces: no panic", name, i)
					}
				}()
				ask(New(9))
			}()
		}
	}
}

func FuzzFromBytes(f *testing.F) {
	f.Add([]byte{}, uint16(0))
	f.Add([]byte{0x80}, uint16(1))
	f.Add([]byte{0xff, 0xc0}, uint16(10))
	f.Add([]byte{0xff, 0xc1}, uint16(10))
	f.Add([]byte{0x50, 0x08}, uint16(16))
	f.Fuzz(func(t *testing.T, data []byte, pieces uint16) {
		set, err := FromBytes(data, int(pieces))
		if err != nil {
			return
		}
		count := 0
		for i := range int(pieces) {
			if set.Has(i) {
				count++
			}
		}
		if set.Len() != int(pieces) || set.Count() != count || !bytes.Equal(set.Bytes(), data) {
			t.Errorf("%x for %d pieces: %d counted, %d of %d said", data, pieces, count, set.Count(), set.Len())
		}
	})
}
