//go:build !js

package rtc

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestGathering(t *testing.T) {
	reflexive := func(n *news) { n.reflexive = true }
	tests := []struct {
		name string
		news map[time.Duration]func(*news)
		want time.Duration
		err  error
	}{
		{"complete", map[time.Duration]func(*news){20 * time.Millisecond: func(n *news) { n.gathered = true }},
			20 * time.Millisecond, nil},
		{"one server answers, another never does", map[time.Duration]func(*news){50 * time.Millisecond: reflexive,
			200 * time.Millisecond: reflexive}, 350 * time.Millisecond, nil},
		{"both answer", map[time.Duration]func(*news){50 * time.Millisecond: reflexive,
			90 * time.Millisecond: func(n *news) { n.gathered = true }}, 90 * time.Millisecond, nil},
		{"none answers", nil, gatherLimit, nil},
		{"closed meanwhile", map[time.Duration]func(*news){time.Second: func(n *news) { n.over = true }},
			time.Second, errOver},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newConn(nil, newTold().events())
				for at, record := range tt.news {
					time.AfterFunc(at, func() { c.note(record) })
				}
				begun := time.Now()
				if err := c.gather(); !errors.Is(err, tt.err) {
					t.Errorf("error %v, want %v", err, tt.err)
				}
				if took := time.Since(begun); took != tt.want {
					t.Errorf("took %v, want %v", took, tt.want)
				}
			})
		})
	}
}

func TestDisconnectedTooLongIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConn(nil, newTold().events())
		time.AfterFunc(1*time.Second, func() { c.changed("disconnected") })
		time.AfterFunc(9*time.Second, func() { c.changed("connected") })
		time.AfterFunc(20*time.Second, func() { c.changed("disconnected") })
		begun := time.Now()
		if err := c.serve(); !errors.Is(err, ErrLost) {
			t.Errorf("error %v, want ErrLost", err)
		}
		if took := time.Since(begun); took != 20*time.Second+patience {
			t.Errorf("lost after %v", took)
		}
	})
}

func TestFailedIsLost(t *testing.T) {
	c := newConn(nil, newTold().events())
	c.changed("failed")
	if err := c.serve(); !errors.Is(err, ErrLost) {
		t.Errorf("error %v, want ErrLost", err)
	}
}
