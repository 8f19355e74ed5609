//go:build !js

package rtc

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestGathering(t *testing.T) {
	type happens map[time.Duration]func(*conn)
	host, reflexive := func(c *conn) { c.found(false) }, func(c *conn) { c.found(true) }
	complete := func(c *conn) { c.note(func(n *news) { n.gathered = true }) }
	over := func(c *conn) { c.note(func(n *news) { n.over = true }) }
	stun := []ICEServer{{URLs: []string{"stun:192.0.2.1"}}}
	const ms = time.Millisecond
	tests := []struct {
		name    string
		servers []ICEServer
		news    happens
		want    time.Duration
		err     error
	}{
		{"complete", stun, happens{20 * ms: complete}, 20 * ms, nil},
		{"one server answers, another never does", stun, happens{2 * ms: host, 50 * ms: reflexive, 200 * ms: reflexive}, 350 * ms, nil},
		{"both answer", stun, happens{50 * ms: reflexive, 90 * ms: complete}, 90 * ms, nil},
		{"none answers", stun, happens{2 * ms: host}, gatherLimit, nil},
		{"no server is asked", nil, happens{2 * ms: host, 100 * ms: complete}, 12 * ms, nil},
		{"a second address is a little late", nil, happens{2 * ms: host, 9 * ms: host, 100 * ms: complete}, 19 * ms, nil},
		{"no server is asked, and gathering is quick", nil, happens{2 * ms: host, 3 * ms: complete}, 3 * ms, nil},
		{"no server is asked, and there is no address", nil, nil, gatherLimit, nil},
		{"closed meanwhile", stun, happens{time.Second: over}, time.Second, errOver},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newConn(&Dialer{servers: tt.servers}, newTold().events())
				for at, happen := range tt.news {
					time.AfterFunc(at, func() { happen(c) })
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
