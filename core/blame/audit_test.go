package blame

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

var seed = flag.Uint64("seed", 1, "of the random tests")

func random(t *testing.T) *rand.Rand {
	t.Helper()
	t.Logf("-seed=%d", *seed)
	return rand.New(rand.NewPCG(*seed, 0))
}

// stock is a peer without an identity, shoal one that has proved its own.
func stock(n int) Who { return Who{Peer: id.ID{'s', byte(n >> 8), byte(n), 1}} }
func shoal(n int) Who {
	return Who{Peer: id.ID{'i', byte(n >> 8), byte(n), 1}, Identity: id.Identity{byte(n >> 8), byte(n), 1}}
}

// The piece of the stories has three blocks, the last one short.
const pieceLength = 2*metainfo.BlockSize + 100

func rightPiece() []byte { return bytes.Repeat([]byte("right"), pieceLength/5+1)[:pieceLength] }

// blockOf is a block of a piece as it was fetched.
func blockOf(piece metainfo.PieceIndex, data []byte, n int) (metainfo.Block, []byte) {
	begin := n * metainfo.BlockSize
	block := data[begin:min(begin+metainfo.BlockSize, len(data))]
	return metainfo.Block{Piece: piece, Begin: begin, Length: len(block)}, block
}

// spoilt is a piece with other bytes in some of its blocks.
func spoilt(piece []byte, blocks ...int) []byte {
	piece = bytes.Clone(piece)
	for _, n := range blocks {
		_, block := blockOf(0, piece, n)
		block[len(block)-1] ^= 0xff
	}
	return piece
}

func TestWhoSentTheCorruptBlocks(t *testing.T) {
	right := rightPiece()
	a, b, c, nobody := shoal(1), stock(2), shoal(3), Who{}
	again := a
	again.Peer, again.Addr = id.ID{9}, someAddr
	type failure struct {
		bad     []int
		senders []Who
	}
	for _, tt := range []struct {
		name     string
		failures []failure
		want     []Who
	}{
		{"one bad block of three", []failure{{[]int{1}, []Who{a, b, c}}}, []Who{b}},
		{"one bad block of many from the liar", []failure{{[]int{2}, []Who{a, b, b}}}, []Who{b}},
		{"all from one", []failure{{[]int{0, 2}, []Who{a, a, a}}}, []Who{a}},
		{"two liars in one piece", []failure{{[]int{0, 2}, []Who{c, a, b}}}, []Who{c, b}},
		{"nobody knows who sent it", []failure{{[]int{1}, []Who{a, nobody, c}}}, nil},
		{"an address without a name is nobody", []failure{{[]int{1}, []Who{a, {Addr: someAddr}, c}}}, nil},
		{"it failed for a block that is not known of", []failure{{[]int{2}, []Who{a, b}}}, nil},
		{"more senders than blocks", []failure{{[]int{1}, []Who{a, b, c, a, a}}}, []Who{b}},
		{"the same block from several", []failure{
			{[]int{1}, []Who{a, b, c}}, {[]int{1}, []Who{a, c, b}}, {[]int{1}, []Who{a, nobody, b}}}, []Who{b, c}},
		{"a liar that told the truth later", []failure{{[]int{1}, []Who{a, b, c}}, {[]int{0}, []Who{c, b, a}}}, []Who{c, b}},
		{"one that came back under its identity", []failure{{[]int{0}, []Who{a, b, c}}, {[]int{1}, []Who{b, again, c}}}, []Who{a}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			audit := NewAudit()
			for _, f := range tt.failures {
				audit.Failed(7, spoilt(right, f.bad...), f.senders)
			}
			if !audit.Open(7) || audit.Open(6) {
				t.Errorf("open: %v, and of another piece %v", audit.Open(7), audit.Open(6))
			}
			if got := audit.Judge(7, right); !slices.Equal(got, tt.want) {
				t.Errorf("accused %v, want %v", got, tt.want)
			}
			if audit.Open(7) || audit.evidence != 0 || audit.Judge(7, right) != nil {
				t.Error("it is judged, but not forgotten")
			}
		})
	}
}

func TestBlockBesideTheOneThatWasKept(t *testing.T) {
	right := rightPiece()
	audit := NewAudit()
	audit.Suspect(blockIn(3, right, 0, shoal(1)))
	audit.Suspect(blockIn(3, spoilt(right, 2), 2, shoal(2)))
	audit.Suspect(blockIn(3, spoilt(right, 1), 1, Who{}))
	if got := audit.Judge(3, right); !slices.Equal(got, []Who{shoal(2)}) {
		t.Errorf("accused %v, want the one whose block differs", got)
	}
	audit.Suspect(blockIn(4, spoilt(right, 1), 1, Who{}))
	if audit.Open(4) {
		t.Error("a block from nobody is evidence against nobody, yet the piece is to be read")
	}
}

// TestSameBytesElsewhereAreOtherEvidence: ranges that are not blocks as we ask
// for them, of a piece whose bytes repeat in some places and not in others.
func TestSameBytesElsewhereAreOtherEvidence(t *testing.T) {
	audit, zeros := NewAudit(), make([]byte, 10)
	right := append(make([]byte, 10), "no zeros here"...)
	audit.Suspect(metainfo.Block{Begin: 0, Length: 10}, zeros, shoal(1))
	audit.Suspect(metainfo.Block{Begin: 10, Length: 10}, zeros, shoal(1))
	if got := audit.Judge(0, right); !slices.Equal(got, []Who{shoal(1)}) {
		t.Errorf("accused %v, want the one that sent zeros for what is none", got)
	}
}

func blockIn(piece metainfo.PieceIndex, data []byte, n int, who Who) (metainfo.Block, []byte, Who) {
	b, block := blockOf(piece, data, n)
	return b, block, who
}

func TestPieceThatCannotBeReadAccusesNobody(t *testing.T) {
	right := rightPiece()
	for _, read := range [][]byte{nil, right[:10]} {
		audit := NewAudit()
		audit.Failed(0, spoilt(right, 1), []Who{{}, shoal(1), shoal(2)})
		if got := audit.Judge(0, read); got != nil || audit.Open(0) {
			t.Errorf("%d bytes accuse %v; still open: %v", len(read), got, audit.Open(0))
		}
	}
}

func TestOldestEvidenceOfABlockIsForgottenFirst(t *testing.T) {
	right, audit := rightPiece(), NewAudit()
	var want []Who
	for n := range maxPerBlock + 3 {
		bad := bytes.Clone(right)
		bad[0] ^= byte(n + 1)
		audit.Suspect(blockIn(0, bad, 0, stock(n)))
		audit.Suspect(blockIn(0, bad, 0, stock(n))) // once more is the same evidence
		if n >= 3 {
			want = append(want, stock(n))
		}
	}
	if audit.evidence != maxPerBlock {
		t.Errorf("%d pieces of evidence for one block, want %d", audit.evidence, maxPerBlock)
	}
	if got := audit.Judge(0, right); !slices.Equal(got, want) {
		t.Errorf("accused %v, want the last %d: %v", got, maxPerBlock, want)
	}
}

func TestPieceThatWasLeftLongestIsForgottenFirst(t *testing.T) {
	right, audit := rightPiece(), NewAudit()
	for piece := range metainfo.PieceIndex(maxPieces) {
		audit.Suspect(blockIn(piece, spoilt(right, 0), 0, stock(1)))
	}
	audit.Suspect(blockIn(0, spoilt(right, 1), 1, stock(2))) // piece 0 is in our minds again
	audit.Suspect(blockIn(maxPieces, spoilt(right, 0), 0, stock(3)))
	if !audit.Open(0) || audit.Open(1) || !audit.Open(2) || !audit.Open(maxPieces) {
		t.Error("what was forgotten is not what was left longest")
	}
	if len(audit.cases) != maxPieces {
		t.Errorf("%d pieces are open, want %d", len(audit.cases), maxPieces)
	}
}

func TestEvidenceOfATorrentIsBounded(t *testing.T) {
	audit := NewAudit()
	const blocks = 256
	for failure := range maxEvidence/blocks + 10 {
		for n := range blocks {
			b := metainfo.Block{Piece: metainfo.PieceIndex(failure), Begin: n * metainfo.BlockSize, Length: 1}
			audit.Suspect(b, []byte{0}, stock(failure))
		}
		if kept := count(audit); audit.evidence != kept || kept > maxEvidence {
			t.Fatalf("after %d failures it keeps %d and counts %d, more than %d is too much",
				failure, kept, audit.evidence, maxEvidence)
		}
	}
	if audit.Open(9) || !audit.Open(10) {
		t.Error("the ten oldest should have gone, and no others")
	}
}

func count(a *Audit) (n int) {
	for _, s := range a.cases { // order-free: a sum
		for _, block := range s.blocks { // order-free: a sum
			n += len(block)
		}
	}
	return n
}

// TestLiarsAndNobodyElse lets random peers, of which some lie, fetch pieces until
// they are right, and compares the verdict with who has lied.
func TestLiarsAndNobodyElse(t *testing.T) {
	rng := random(t)
	for range 100 {
		right := make([]byte, (1+rng.IntN(4))*metainfo.BlockSize+1+rng.IntN(metainfo.BlockSize))
		for n := range right {
			right[n] = byte(rng.Uint32())
		}
		people := []Who{{}}
		for n := range 1 + rng.IntN(6) {
			people = append(people, stock(n), shoal(n))
		}
		liars := rng.IntN(len(people)) // people[:liars] lie, half the time
		lied := map[Who]bool{}
		audit := NewAudit()
		for range rng.IntN(maxPerBlock) { // at most so many lies about one block
			piece := bytes.Clone(right)
			var senders []Who
			for n := range (len(right) + metainfo.BlockSize - 1) / metainfo.BlockSize {
				who := rng.IntN(len(people))
				senders = append(senders, people[who])
				if who < liars && rng.IntN(2) == 0 {
					lied[people[who]] = true
					_, block := blockOf(0, piece, n)
					block[rng.IntN(len(block))] ^= 1 << rng.IntN(8)
				}
			}
			audit.Failed(5, piece, senders)
		}
		delete(lied, Who{})
		accused := audit.Judge(5, right)
		for _, who := range accused {
			if !lied[who] {
				t.Fatalf("%v has not lied and is accused", who)
			}
			delete(lied, who) // so that twice is one too many
		}
		if len(lied) > 0 {
			t.Fatalf("%v have lied and are not accused", lied)
		}
	}
}

func TestOneIdentityIsOneSenderUnderAnyPeerID(t *testing.T) {
	renamed := at(shoal(1), "192.0.2.1")
	renamed.Peer, renamed.Conn = stock(2).Peer, 7
	if !shoal(1).Same(renamed) || shoal(1).Same(shoal(2)) || shoal(1).Same(Who{Peer: shoal(1).Peer}) {
		t.Error("senders are not told apart by their identities")
	}
	moved := at(stock(1), "192.0.2.1")
	if !stock(1).Same(moved) || stock(1).Same(stock(2)) {
		t.Error("senders without identity are not told apart by their peer ids")
	}
}

// TestConnectionsUnderOnePeerIDAreAccusedEachForItself: it may be that one has
// taken the other's.
func TestConnectionsUnderOnePeerIDAreAccusedEachForItself(t *testing.T) {
	right := rightPiece()
	var same [3]Who
	for n := range same {
		same[n] = stock(1)
		same[n].Conn = uint64(n)
	}
	audit := NewAudit()
	audit.Failed(0, spoilt(right, 0, 2), same[:])
	if liars := audit.Judge(0, right); !slices.Equal(liars, []Who{same[0], same[2]}) {
		t.Errorf("accused %v, want the first and the last of %v", liars, same)
	}
}
