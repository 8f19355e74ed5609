package dht

import "time"

// allowance is a token bucket: perSecond on average, burst at once. It is full
// at first.
type allowance struct {
	perSecond, burst float64
	spent            float64
	at               time.Time
}

// take takes a token, false where there is none.
func (a *allowance) take(now time.Time) bool {
	if passed := now.Sub(a.at); passed > 0 {
		a.spent = max(0, a.spent-passed.Seconds()*a.perSecond)
		a.at = now
	}
	if a.spent+1 > a.burst {
		return false
	}
	a.spent++
	return true
}
