package webseed

import "time"

const (
	// firstWait doubles with every failure in a row, up to longestWait: a server
	// that is down gets few requests, and one that is back is soon found.
	firstWait   = 5 * time.Second
	longestWait = 10 * time.Minute
	// secondTry is how long until an answer that says never is asked for once
	// more: time to put a file where it belongs.
	secondTry = time.Minute
	// maxStrikes is after how many such answers we believe it.
	maxStrikes = 2
)

// Outcome is how a request ended.
type Outcome uint8

// The outcomes.
const (
	Delivered   Outcome = iota // every byte came
	Unreachable                // no answer: offline, no CORS, a broken connection
	Refused                    // a status that says never: 403, 404, 410
	Busy                       // a status that says later: 429, 5xx
	NoRanges                   // answers ranges with whole files; the bytes may have come all the same
	WrongLength                // fewer or more bytes than the range has
	Corrupt                    // the bytes came and are not the torrent's
	Aborted                    // we ended it
	Slow                       // we ended it, as the server gave too little for its time
)

// Ended notes an outcome. Failures of requests that ran side by side count as
// one: while a seed waits, no other makes it worse.
func (s *Seed) Ended(now time.Time, o Outcome) {
	switch o {
	case Delivered:
		s.failures, s.strikes = 0, 0
	case NoRanges:
		s.noRanges = true
	case Unreachable, Busy, Slow:
		s.fail(now, backOff(s.failures))
	case Refused, WrongLength:
		s.strike(now)
	case Corrupt:
		s.over = true
	case Aborted:
	default:
		panic("webseed: unknown outcome")
	}
}

// Ready says when the seed may be asked next, and false if it never may.
func (s *Seed) Ready() (at time.Time, ok bool) { return s.readyAt, !s.over }

// fail has the seed wait, and reports whether it did not already.
func (s *Seed) fail(now time.Time, wait time.Duration) bool {
	if now.Before(s.readyAt) {
		return false
	}
	s.failures++
	s.readyAt = now.Add(wait)
	return true
}

func (s *Seed) strike(now time.Time) {
	if s.fail(now, secondTry) {
		s.strikes++
		s.over = s.over || s.strikes >= maxStrikes
	}
}

// backOff is the wait after so many failures before this one.
func backOff(failures int) time.Duration {
	wait := firstWait
	for range failures {
		if wait *= 2; wait >= longestWait {
			return longestWait
		}
	}
	return wait
}
