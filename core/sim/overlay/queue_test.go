package overlay

import (
	"slices"
	"testing"
	"time"
)

func TestThingsHappenInOrder(t *testing.T) {
	w := New(world(1, 0, 0))
	var got []string
	say := func(s string) func() { return func() { got = append(got, s) } }
	w.after(2*time.Second, say("second"))
	w.after(2*time.Second, say("with it"))
	w.after(time.Second, func() { say("first")(); w.after(time.Second, say("after both")) })
	w.after(time.Hour, say("too late"))
	w.runUntil(epoch.Add(time.Minute))
	if want := []string{"first", "second", "with it", "after both"}; !slices.Equal(got, want) || !w.now.Equal(epoch.Add(time.Minute)) {
		t.Errorf("%v at %v", got, w.now)
	}
}
