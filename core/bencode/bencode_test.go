package bencode

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

var seed = flag.Uint64("seed", 1, "of the random tests")

func TestValuesInBothDirections(t *testing.T) {
	type pair struct {
		B string `bencode:"b"`
		A int    `bencode:"a,omitempty"`
	}
	for _, c := range []struct {
		name  string
		data  string
		value any
	}{
		{"string", "4:spam", "spam"},
		{"empty string", "0:", ""},
		{"bytes", "2:\x00\xff", []byte{0, 255}},
		{"integer", "i42e", int64(42)},
		{"zero", "i0e", 0},
		{"negative", "i-7e", -7},
		{"the greatest", "i9223372036854775807e", int64(math.MaxInt64)},
		{"the least", "i-9223372036854775808e", int64(math.MinInt64)},
		{"list", "l1:a1:be", []string{"a", "b"}},
		{"empty list", "le", []string{}},
		{"list of lists", "ll1:aelee", [][]string{{"a"}, {}}},
		{"map", "d1:ai1e1:bi2ee", map[string]int{"b": 2, "a": 1}},
		{"struct", "d1:ai1e1:b1:xe", pair{"x", 1}},
		{"struct without an empty field", "d1:b0:e", pair{}},
		{"raw values", "d1:ai1e1:bli1e0:ee", map[string]Bytes{"a": Bytes("i1e"), "b": Bytes("li1e0:e")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, err := Marshal(c.value)
			if err != nil || string(data) != c.data {
				t.Errorf("encoded: %q, %v", data, err)
			}
			got := reflect.New(reflect.TypeOf(c.value))
			if err := Unmarshal([]byte(c.data), got.Interface()); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Elem().Interface(), c.value) {
				t.Errorf("decoded: %#v", got.Elem())
			}
			if !Canonical([]byte(c.data)) {
				t.Error("not canonical")
			}
		})
	}
}

// broken is what is no bencoding at all, by what is wrong.
var broken = map[string]string{
	"nothing":                      "",
	"an unknown kind":              "x",
	"an end alone":                 "e",
	"white space":                  " i1e",
	"an integer without digits":    "ie",
	"a sign alone":                 "i-e",
	"a plus":                       "i+1e",
	"a leading zero":               "i01e",
	"two zeros":                    "i00e",
	"minus zero":                   "i-0e",
	"a leading zero after a minus": "i-01e",
	"a fraction":                   "i1.5e",
	"a hexadecimal integer":        "i0x1e",
	"an underscore":                "i1_000e",
	"an integer beyond 64 bits":    "i9223372036854775808e",
	"an integer of many digits":    "i" + strings.Repeat("1", 100_000) + "e",
	"an integer without an end":    "i1",
	"a string cut short":           "4:spa",
	"a length without a colon":     "4",
	"a length with a leading zero": "04:spam",
	"a length of two zeros":        "00:",
	"a negative length":            "-1:a",
	"a length beyond 64 bits":      "9223372036854775808:",
	"a list without an end":        "l1:a",
	"a dictionary without an end":  "d1:ai1e",
	"a key without a value":        "d1:ae",
	"a key that is an integer":     "di1e1:ae",
	"a key that is a list":         "dlei1ee",
}

func TestBrokenBytesAreRefused(t *testing.T) {
	for name, data := range broken {
		for _, v := range targets() {
			if err := Unmarshal([]byte(data), v); !errors.Is(err, ErrSyntax) {
				t.Errorf("%s into %T: %v", name, v, err)
			}
		}
		if Canonical([]byte(data)) {
			t.Errorf("%s is canonical", name)
		}
	}
}

func TestWhatFollowsTheValue(t *testing.T) {
	var d map[string]int
	data := []byte("d8:msg_typei1e5:piecei0ee\x00raw e")
	rest, err := UnmarshalPrefix(data, &d)
	if err != nil || string(rest) != "\x00raw e" || d["msg_type"] != 1 {
		t.Errorf("%q, %v, %v", rest, d, err)
	}
	if err := Unmarshal(data, &d); !errors.Is(err, ErrSyntax) {
		t.Errorf("as the whole: %v", err)
	}
	if Canonical(data) {
		t.Error("canonical as the whole")
	}
}

func TestValuesOutOfOrder(t *testing.T) {
	for data, canonical := range map[string]bool{
		"d1:a0:1:b0:e":                true,
		"d1:b0:1:a0:e":                false,
		"d1:a0:1:a0:e":                false,
		"d1:a0:2:aa0:1:b0:e":          true,
		"d2:aa0:1:a0:e":               false,
		"d1:Z0:1:a0:e":                true,
		"ld1:b0:1:a0:ee":              false,
		"d0:0:e":                      true,
		"d1:ad1:x0:1:x0:e1:b0:e":      false,
		"d1:a1:x1:b1:a1:cd1:a0:ee":    true,
		"d1:\x7f0:1:\x800:2:\x80a0:e": true,
	} {
		if got := Canonical([]byte(data)); got != canonical {
			t.Errorf("%q: canonical is %v", data, got)
		}
		var d map[string]Bytes
		if data[0] == 'd' {
			if err := Unmarshal([]byte(data), &d); err != nil {
				t.Errorf("%q: %v", data, err)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	nested := func(depth int) string { return strings.Repeat("l", depth) + strings.Repeat("e", depth) }
	long := func(n int) string { return fmt.Sprintf("%d:%s", n, strings.Repeat("x", n)) }
	head := len(fmt.Sprint(MaxSize)) + 1
	for _, c := range []struct {
		name string
		data string
		ok   bool
	}{
		{"as deep as may be", nested(MaxDepth + 1), true},
		{"too deep", nested(MaxDepth + 2), false},
		{"far too deep", strings.Repeat("l", 1_000_000), false},
		{"far too deep dictionaries", strings.Repeat("d1:a", 1_000_000), false},
		{"as long as may be", long(MaxSize - head), true},
		{"too long", long(MaxSize - head + 1), false},
		{"too long, and not there", fmt.Sprint(math.MaxInt64, ":"), false},
		{"as many as may be", "l" + strings.Repeat("0:", MaxValues-1) + "e", true},
		{"too many", "l" + strings.Repeat("0:", MaxValues) + "e", false},
		{"too many keys", "d" + strings.Repeat("0:0:", MaxValues/2) + "e", false},
	} {
		var raw Bytes
		err := Unmarshal([]byte(c.data), &raw)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Where the type of a field is wrong and its tag ignores that, the decoder
// loses its place in the nesting; what it makes of the rest is an error.
func TestAFieldOfTheWrongKindIsNoWayOut(t *testing.T) {
	type handshake struct {
		M map[string]int64 `bencode:"m,ignore_unmarshal_type_error"`
		V string           `bencode:"v"`
	}
	var h handshake
	if err := Unmarshal([]byte("d1:md1:al1:x1:v3:abceee"), &h); err == nil {
		t.Errorf("taken as %+v", h)
	}
}

func TestTheScannerAllocatesNothing(t *testing.T) {
	data := []byte("d1:ai-123456789e1:bl4:spamd1:xi0eee3:ccc100000:" + strings.Repeat("x", 100_000) + "e")
	if n := testing.AllocsPerRun(100, func() {
		if !Canonical(data) {
			t.Error("not canonical")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestARandomValueSurvives(t *testing.T) {
	t.Logf("-seed=%d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 0))
	for range 2000 {
		want := map[string]any{"v": randomValue(rng, 4)}
		data, err := Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got any
		if err := Unmarshal(data, &got); err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		if !reflect.DeepEqual(got, any(want)) || !Canonical(data) {
			t.Fatalf("%q: got %v, want %v", data, got, want)
		}
	}
}

func randomValue(rng *rand.Rand, depth int) any {
	switch kind := rng.IntN(4); {
	case kind == 0 || depth == 0:
		return rng.Int64() >> rng.IntN(64) * int64(1-2*rng.IntN(2))
	case kind == 1:
		return randomText(rng)
	case kind == 2:
		list := make([]any, rng.IntN(5))
		for i := range list {
			list[i] = randomValue(rng, depth-1)
		}
		return list
	default:
		dict := make(map[string]any)
		for range rng.IntN(5) {
			dict[randomText(rng)] = randomValue(rng, depth-1)
		}
		return dict
	}
}

func randomText(rng *rand.Rand) string {
	b := make([]byte, rng.IntN(12))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return string(b)
}

// targets is one of each kind of thing that the house decodes into.
func targets() []any {
	type inner struct {
		N uint32 `bencode:"n"`
		L []byte `bencode:"l"`
	}
	type outer struct {
		A    int            `bencode:"a"`
		B    string         `bencode:"b"`
		C    Bytes          `bencode:"c"`
		D    map[string]int `bencode:"d"`
		E    *inner         `bencode:"e"`
		F    []inner        `bencode:"f"`
		G    [20]byte       `bencode:"g"`
		Flag bool           `bencode:"h"`
	}
	type lenient struct {
		M map[string]int64 `bencode:"m,ignore_unmarshal_type_error"`
		V string           `bencode:"v,ignore_unmarshal_type_error"`
		N int64            `bencode:"n,ignore_unmarshal_type_error"`
	}
	return []any{
		new(any), new(Bytes), new(string), new([]byte), new(int64), new(uint8), new(bool),
		new([]string), new([][]string), new(map[string]Bytes), new(map[string]any), new([]any), new(outer), new([]outer), new(lenient),
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte("d1:ai1e1:b1:x1:cl0:e1:dd1:xi-1ee1:ed1:l2:xx1:ni7ee1:fldee1:g20:aaaaaaaaaaaaaaaaaaaa1:hi1ee"))
	f.Add([]byte("d1:md1:ai1ee1:ni7e1:v1:xe"))
	f.Add([]byte("d1:md1:a22:i1e1:v99999999:x1:y1:ze1:nli1el1:aee1:vi1ee"))
	f.Add([]byte("ll1:ae1:be"))
	f.Add([]byte("d1:mld1:zde1:a0:eee raw"))
	for _, data := range broken {
		if len(data) < 100 {
			f.Add([]byte(data))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var raw Bytes
		rest, err := UnmarshalPrefix(data, &raw)
		valid := err == nil
		if valid && string(raw)+string(rest) != string(data) {
			t.Errorf("%q was cut into %q and %q", data, raw, rest)
		}
		for _, v := range targets() {
			if _, err := UnmarshalPrefix(data, v); !valid && err == nil {
				t.Errorf("%T took what is no value", v)
			}
		}
		var v any
		if !Canonical(data) || Unmarshal(data, &v) != nil {
			return
		}
		if again, err := Marshal(v); err != nil || string(again) != string(data) {
			t.Errorf("canonical, and encoded again as %q, %v", again, err)
		}
	})
}
