package metainfo

import (
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"testing"
)

var seed = flag.Uint64("seed", 1, "of the random tests")

// random gives a test its source, and prints the seed if it fails.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	t.Logf("-seed=%d", *seed)
	return rand.New(rand.NewPCG(*seed, 0))
}

func randomLayout(t *testing.T, rng *rand.Rand) Layout {
	t.Helper()
	pieceLength := 1 + rng.Int64N(1<<rng.IntN(27))
	l, err := NewLayout(rng.Int64N(1+rng.Int64N(40)*pieceLength), pieceLength)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestPiecesCoverTheTorrentOnce(t *testing.T) {
	rng := random(t)
	for range 2000 {
		l := randomLayout(t, rng)
		var end int64
		for n := range l.Pieces() {
			i, ok := l.Index(uint32(n))
			if !ok {
				t.Fatalf("%+v: piece %d is refused", l, n)
			}
			p := l.Piece(i)
			if p.Index != i || p.Offset != end || p.Length <= 0 || p.Length > l.PieceLength() {
				t.Fatalf("%+v: piece %d is %+v, the one before it ends at %d", l, n, p, end)
			}
			if n < l.Pieces()-1 && p.Length != l.PieceLength() {
				t.Fatalf("%+v: piece %d of %d is %d bytes long", l, n, l.Pieces(), p.Length)
			}
			end += int64(p.Length)
		}
		if end != l.Length() {
			t.Fatalf("%+v: the pieces end at %d", l, end)
		}
		if _, ok := l.Index(uint32(l.Pieces())); ok {
			t.Fatalf("%+v: a piece after the last is taken", l)
		}
	}
}

func TestBlocksCoverAPieceOnce(t *testing.T) {
	rng := random(t)
	for range 500 {
		l := randomLayout(t, rng)
		if l.Pieces() == 0 {
			continue
		}
		i := PieceIndex(rng.IntN(l.Pieces()))
		end := 0
		for n := range l.Blocks(i) {
			b := l.Block(i, n)
			if b.Piece != i || b.Begin != end || b.Length <= 0 || b.Length > BlockSize {
				t.Fatalf("%+v: block %d is %+v, the one before it ends at %d", l, n, b, end)
			}
			if got, ok := l.Number(b); !ok || got != n {
				t.Fatalf("%+v: %+v has number %d, %v", l, b, got, ok)
			}
			proved, ok := l.Range(uint32(b.Piece), uint32(b.Begin), uint32(b.Length))
			if !ok || proved != b {
				t.Fatalf("%+v: %+v is proved as %+v, %v", l, b, proved, ok)
			}
			end += b.Length
		}
		if end != l.Piece(i).Length {
			t.Fatalf("%+v: the blocks of piece %d end at %d", l, i, end)
		}
	}
}

func TestRangeTakesWhatIsInsideOnePiece(t *testing.T) {
	l, err := NewLayout(100_000, 40_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name                 string
		piece, begin, length uint32
		ok                   bool
	}{
		{"a block", 0, 0, BlockSize, true},
		{"one byte", 1, 39_999, 1, true},
		{"a whole piece", 1, 0, 40_000, true},
		{"the end of the last piece", 2, 19_000, 1_000, true},
		{"beyond the last piece's end", 2, 19_000, 1_001, false},
		{"into the next piece", 0, 39_999, 2, false},
		{"nothing", 0, 0, 0, false},
		{"nothing at the end", 0, 40_000, 0, false},
		{"no such piece", 3, 0, 1, false},
		{"the last piece number there is", math.MaxUint32, 0, 1, false},
		{"a sum beyond 32 bits", 0, math.MaxUint32, math.MaxUint32, false},
	} {
		if b, ok := l.Range(c.piece, c.begin, c.length); ok != c.ok {
			t.Errorf("%s: %+v, %v", c.name, b, ok)
		}
	}
}

func TestNumberKnowsOnlyBlocksAsWeAskForThem(t *testing.T) {
	l, err := NewLayout(100_000, 40_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		b    Block
		n    int
		ok   bool
	}{
		{"first", Block{0, 0, BlockSize}, 0, true},
		{"last of a piece", Block{1, 2 * BlockSize, 40_000 - 2*BlockSize}, 2, true},
		{"last of all", Block{2, BlockSize, 20_000 - BlockSize}, 1, true},
		{"not at a border", Block{0, 1, BlockSize}, 0, false},
		{"too short", Block{0, 0, BlockSize - 1}, 0, false},
		{"too long", Block{1, 0, BlockSize + 1}, 0, false},
		{"behind the piece", Block{0, 3 * BlockSize, BlockSize}, 0, false},
		{"before the piece", Block{0, -BlockSize, BlockSize}, 0, false},
		{"no such piece", Block{3, 0, BlockSize}, 0, false},
	} {
		if n, ok := l.Number(c.b); ok != c.ok || n != c.n {
			t.Errorf("%s: %d, %v", c.name, n, ok)
		}
	}
}

func TestImpossibleLayouts(t *testing.T) {
	for _, c := range []struct {
		name                string
		length, pieceLength int64
		ok                  bool
	}{
		{"no bytes", 0, 16384, true},
		{"one byte", 1, 1, true},
		{"the longest piece", 1, MaxPieceLength, true},
		{"the most pieces", maxPieces, 1, true},
		{"the longest torrent", maxPieces * MaxPieceLength, MaxPieceLength, true},
		{"too many pieces", maxPieces + 1, 1, false},
		{"so many pieces that the count overflows", math.MaxInt64, 1, false},
		{"a length near the end of 64 bits", math.MaxInt64, MaxPieceLength, false},
		{"negative length", -1, 16384, false},
		{"the least length there is", math.MinInt64, 16384, false},
		{"no piece length", 1, 0, false},
		{"negative piece length", 1, -16384, false},
		{"too long a piece", 1, MaxPieceLength + 1, false},
	} {
		_, err := NewLayout(c.length, c.pieceLength)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrLayout) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestTheZeroLayoutHasNoPieces(t *testing.T) {
	var l Layout
	if l.Pieces() != 0 || l.Length() != 0 {
		t.Errorf("%d pieces, %d bytes", l.Pieces(), l.Length())
	}
	if _, ok := l.Range(0, 0, 1); ok {
		t.Error("it has a byte")
	}
}

func TestOurOwnMistakesPanic(t *testing.T) {
	l, err := NewLayout(100_000, 40_000)
	if err != nil {
		t.Fatal(err)
	}
	for name, mistake := range map[string]func(){
		"piece": func() { l.Piece(3) },
		"block": func() { l.Block(0, 3) },
		"minus": func() { l.Block(0, -1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			mistake()
		}()
	}
}
