package exchange

import "time"

// bucket is a token bucket: perSecond on average, burst at once. It is full at
// first.
type bucket struct {
	perSecond, burst float64
	spent            float64
	at               time.Time
}

// take takes a token, false where there is none.
func (b *bucket) take(now time.Time) bool {
	if passed := now.Sub(b.at); passed > 0 {
		b.spent = max(0, b.spent-passed.Seconds()*b.perSecond)
		b.at = now
	}
	if b.spent+1 > b.burst {
		return false
	}
	b.spent++
	return true
}
