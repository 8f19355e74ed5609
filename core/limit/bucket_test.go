package limit

import (
	"testing"
	"time"
)

func TestABucketGivesItsBurstAndThenItsRate(t *testing.T) {
	b := Bucket{PerSecond: 2, Burst: 5}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	taken := func() (n int) {
		for b.Take(now) {
			n++
		}
		return n
	}
	// Given a bucket that is full, when all is taken then that is the burst;
	if n := taken(); n != 5 {
		t.Errorf("%d at first", n)
	}
	// after a second and a half there are three more,
	now = now.Add(1500 * time.Millisecond)
	if n := taken(); n != 3 {
		t.Errorf("%d after 1.5 s", n)
	}
	// and never more than the burst.
	now = now.Add(time.Hour)
	if n := taken(); n != 5 {
		t.Errorf("%d after an hour", n)
	}
}
