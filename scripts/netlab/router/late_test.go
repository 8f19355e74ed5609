//go:build linux

package router

import (
	"testing"
	"time"
)

func TestLatenessIsKnownByShares(t *testing.T) {
	var l Lateness
	// Given nine packets in time, one of ten late, and one later than counted
	for range 9 {
		l.note(10 * time.Microsecond)
	}
	l.note(3 * time.Millisecond)
	for share, want := range map[float64]time.Duration{ // order-free: each stands alone
		0.5: lateStep, 0.9: lateStep, 0.99: 3050 * time.Microsecond,
	} {
		if got := l.Share(share); got != want {
			t.Errorf("%v of them by %v, want %v", share, got, want)
		}
	}
	l.note(time.Second)
	if l.Share(1) != lateSteps*lateStep || l.Most() != time.Second {
		t.Errorf("%v, at most %v", l.Share(1), l.Most())
	}
}
