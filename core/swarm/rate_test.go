package swarm

import (
	"testing"
	"time"
)

func TestRateIsThatOfTheWindow(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	var m meter
	if got := m.rate(start, shortWindow); got != 0 {
		t.Errorf("rate of nothing is %d", got)
	}
	// Given 100 bytes every tenth of a second for ten seconds
	for i := range 100 {
		m.add(at(float64(i)/10), 100)
	}
	for _, c := range []struct {
		after       float64 // seconds
		window      int64
		least, most int64
	}{
		{9.9, shortWindow, 950, 1050},
		{9.9, longWindow, 950, 1050},
		{12, shortWindow, 550, 650},  // three of the last five seconds
		{15.5, shortWindow, 0, 0},    // none of them
		{15.5, longWindow, 600, 700}, // all ten, of fifteen
		{1e6, longWindow, 0, 0},
	} {
		if got := m.rate(at(c.after), c.window); got < c.least || got > c.most {
			t.Errorf("after %v s over %d s: %d bytes per second, want %d to %d", c.after, c.window, got, c.least, c.most)
		}
	}
	if m.total != 10000 {
		t.Errorf("total %d", m.total)
	}
	m.add(at(1e6), 500)
	if got := m.rate(at(1e6), shortWindow); got != 100 {
		t.Errorf("after a long pause: %d bytes per second, want 500 over five seconds", got)
	}
}

func TestRateInTheFirstSecond(t *testing.T) {
	var m meter
	start := time.Date(2026, 1, 1, 0, 0, 0, 900e6, time.UTC)
	m.add(start, 1000)
	if got := m.rate(start.Add(200*time.Millisecond), shortWindow); got != 1000 {
		t.Errorf("%d bytes per second, want 1000 over at least a second", got)
	}
}

func TestRateOfTimesBefore1970(t *testing.T) {
	var m meter
	m.add(time.Time{}.Add(time.Hour), 1000)
	if got := m.rate(time.Time{}.Add(time.Hour), shortWindow); got != 1000 {
		t.Errorf("%d bytes per second", got)
	}
}
