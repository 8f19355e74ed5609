package limit

import "time"

// Bucket is a token bucket: PerSecond on average, Burst at once. It is full at
// first.
type Bucket struct {
	PerSecond, Burst float64
	spent            float64
	at               time.Time
}

// Take takes a token, false where there is none.
func (b *Bucket) Take(now time.Time) bool {
	if passed := now.Sub(b.at); passed > 0 {
		b.spent = max(0, b.spent-passed.Seconds()*b.PerSecond)
		b.at = now
	}
	if b.spent+1 > b.Burst {
		return false
	}
	b.spent++
	return true
}
