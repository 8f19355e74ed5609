package picker

import "math/bits"

// set is a set of numbers below a bound in which the next one after any place
// is found without a walk over those that are not in it: above the words there
// is a bit for each word that is not empty.
type set struct {
	words []uint64
	full  []uint64 // bit w: words[w] is not zero
	count int
}

func newSet(n int) set {
	words := (n + 63) / 64
	return set{words: make([]uint64, words), full: make([]uint64, (words+63)/64)}
}

func (s *set) has(i int) bool { return i/64 < len(s.words) && s.words[i/64]&(1<<(i%64)) != 0 }
func (s *set) add(i int)      { s.put(i/64, s.words[i/64]|1<<(i%64)) }
func (s *set) remove(i int)   { s.put(i/64, s.words[i/64]&^(1<<(i%64))) }

// put replaces the numbers from 64w on.
func (s *set) put(w int, word uint64) {
	s.count += bits.OnesCount64(word) - bits.OnesCount64(s.words[w])
	s.words[w] = word
	if word != 0 {
		s.full[w/64] |= 1 << (w % 64)
	} else {
		s.full[w/64] &^= 1 << (w % 64)
	}
}

// next returns the first number from a place on, -1 where none is.
func (s *set) next(from int) int {
	own := s.shared()
	return own.next(from)
}

// shared is the set as what it shares with itself.
func (s *set) shared() shared { return shared{s.words, s.words, s.full, s.count} }

// shared is what two sets have in common. Nothing but full and count is kept of
// it: the words are those of the two, so that what both know lies there once.
type shared struct {
	a, b  []uint64
	full  []uint64 // bit w: a[w]&b[w] is not zero
	count int
}

// next returns the first number from a place on, -1 where none is. In a
// hundred thousand it looks at 27 words at most.
func (s *shared) next(from int) int {
	w := from / 64
	if w >= len(s.a) {
		return -1
	}
	if rest := (s.a[w] & s.b[w]) >> (from % 64); rest != 0 {
		return from + bits.TrailingZeros64(rest)
	}
	w++
	for f, skip := w/64, w%64; f < len(s.full); f, skip = f+1, 0 {
		if rest := s.full[f] >> skip << skip; rest != 0 {
			w = f*64 + bits.TrailingZeros64(rest)
			return w*64 + bits.TrailingZeros64(s.a[w]&s.b[w])
		}
	}
	return -1
}

// around is next, going on at the start where nothing follows.
func (s *shared) around(from int) int {
	if i := s.next(from); i >= 0 {
		return i
	}
	return s.next(0)
}
