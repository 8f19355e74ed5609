//go:build linux

package router

import "time"

const (
	lateStep  = 50 * time.Microsecond
	lateSteps = 400
)

// Lateness is a histogram of how long after their time packets were written: by
// it one can tell whether the machine was too busy for what was measured.
type Lateness struct {
	steps [lateSteps]int // the last one has all that were later, too
	all   int
	most  time.Duration
}

func (l *Lateness) note(late time.Duration) {
	l.steps[min(int(late/lateStep), lateSteps-1)]++
	l.all++
	l.most = max(l.most, late)
}

// Share is the time by which a share of the packets was not later, to 50 µs and
// up to 20 ms.
func (l *Lateness) Share(share float64) time.Duration {
	seen := 0
	for i, n := range l.steps {
		if seen += n; float64(seen) >= share*float64(l.all) {
			return time.Duration(i+1) * lateStep
		}
	}
	return lateSteps * lateStep
}

// Most is the latest of all.
func (l *Lateness) Most() time.Duration { return l.most }
