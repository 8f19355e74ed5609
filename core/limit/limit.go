// Package limit meters bytes: a rate for a client, and one for each of its
// torrents below it. In come wishes to move so many bytes now, out comes yes,
// or how long to wait. A Bucket meters what is counted, as messages are, and says
// yes or no. It knows no peer and moves nothing.
package limit

import "time"

const (
	// burst is how much of the rate one may save up while nobody takes: enough for
	// timers that are late.
	burst = 100 * time.Millisecond
	// shortWait and longWait bound what one is told to wait. At high rates it does
	// not pay to come back for every block: what has been saved up meanwhile is
	// taken at once. At low rates, who came back no sooner than its turn would
	// miss that the rate has changed, or that those before it have gone.
	shortWait = 5 * time.Millisecond
	longWait  = 250 * time.Millisecond
)

// Limit is a rate in bytes per second, or none. The zero Limit is none.
//
// What is taken is paid for afterwards: one may take when all that was taken
// before has been paid at the rate, whatever the size of the next. So over any
// time no more is taken than the rate allows, a burst, and one take. As long as
// somebody wants more it is also no less.
type Limit struct {
	parent *Limit
	rate   int64
	paid   time.Time // when all that was taken will have been paid
	queue  queue     // those below that wait for this rate
	taker  taker     // this limit as one who waits for its parent's
}

// Under returns a limit of its own that also counts against l. The limits under
// l share its rate alike: each gets the same number of bytes, whatever the sizes
// it asks for, and what one does not ask for, or may not for its own rate, the
// others have.
func (l *Limit) Under() *Limit {
	if l.parent != nil {
		panic("limit: under a limit that is itself under another")
	}
	return &Limit{parent: l}
}

// Set changes the rate, in bytes per second; 0 takes it away. It holds at once,
// also for who waits: nobody is told to wait longer than a quarter of a second.
func (l *Limit) Set(now time.Time, rate int64) {
	rate = max(rate, 0)
	if rate == l.rate {
		return
	}
	owed := max(l.owed(now), 0).Seconds() * float64(l.rate) // bytes
	l.rate = rate
	l.paid = now
	if owed > 0 && rate > 0 {
		l.paid = now.Add(l.cost(int64(owed)))
	}
	if rate == 0 {
		l.queue.clear()
	}
}

// Rate is the rate in bytes per second, 0 for none.
func (l *Limit) Rate() int64 { return l.rate }

// Take takes n bytes and returns 0, or takes nothing and says how long to wait
// before asking again. Who waits has a place in the queue: whoever asks after
// him is not served before, whatever size he asks for. Who does not come back in
// time loses it.
func (l *Limit) Take(now time.Time, n int) (wait time.Duration) {
	from := l.parent
	if from == nil {
		from = l // a client that takes for itself waits like its torrents
	} else if wait := l.owed(now); wait > 0 {
		return bounded(wait)
	}
	if wait := from.turn(now, &l.taker, n); wait > 0 {
		return wait
	}
	from.charge(now, n, 0)
	if from != l {
		l.charge(now, n, now.Sub(l.taker.since))
	}
	return 0
}

// turn serves a taker, or gives it a place and says how long to wait.
func (l *Limit) turn(now time.Time, t *taker, n int) (wait time.Duration) {
	if !t.waiting {
		t.since = now
	}
	if l.rate == 0 {
		return 0
	}
	ahead := l.queue.ahead(now, t)
	if wait := max(l.owed(now), -burst) + l.cost(ahead); wait > 0 {
		wait = bounded(wait)
		l.queue.join(t, n, now.Add(wait))
		return wait
	}
	l.queue.serve(t, n)
	return 0
}

// owed is how long what was taken is still being paid for; below 0, for how long
// nothing has been owed.
func (l *Limit) owed(now time.Time) time.Duration {
	if l.rate == 0 {
		return 0
	}
	return l.paid.Sub(now)
}

// charge takes bytes for one who has waited for another rate than this. What it
// could have had of this one meanwhile is not lost.
func (l *Limit) charge(now time.Time, n int, waited time.Duration) {
	if l.rate == 0 {
		return
	}
	if saved := now.Add(-max(burst, waited)); l.paid.Before(saved) {
		l.paid = saved
	}
	l.paid = l.paid.Add(l.cost(int64(n)))
}

// cost is how long it takes to pay for so many bytes.
func (l *Limit) cost(bytes int64) time.Duration {
	return time.Duration(bytes) * time.Second / time.Duration(l.rate)
}

func bounded(wait time.Duration) time.Duration { return min(max(wait, shortWait), longWait) }
