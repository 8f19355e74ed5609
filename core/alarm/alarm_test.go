package alarm

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var seed = flag.Uint64("seed", 1, "of the random tests")

var start = time.Unix(1e9, 0)

func at(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

func due(a *Alarms[string], seconds int) (all []string) {
	for what, ok := a.Due(at(seconds)); ok; what, ok = a.Due(at(seconds)) {
		all = append(all, what)
	}
	return all
}

func TestWhatIsDueComesInTheOrderOfItsTime(t *testing.T) {
	var a Alarms[string]
	a.Set("late", at(9))
	a.Set("soon", at(3))
	a.Set("soon too", at(3))
	a.Set("never", at(5))
	a.Set("never", time.Time{})
	a.Set("moved", at(1))
	a.Set("moved", at(4))
	if next, ok := a.Next(); !ok || !next.Equal(at(3)) {
		t.Errorf("next is %v, %v", next, ok)
	}
	if got := due(&a, 2); got != nil {
		t.Errorf("too early: %v", got)
	}
	if got := due(&a, 8); !slices.Equal(got, []string{"soon", "soon too", "moved"}) {
		t.Errorf("due are %v", got)
	}
	if got := due(&a, 9); !slices.Equal(got, []string{"late"}) {
		t.Errorf("at the end %v", got)
	}
	if _, ok := a.Next(); ok {
		t.Error("an alarm is left")
	}
}

func TestManyAlarmsAgreeWithAList(t *testing.T) {
	t.Logf("-seed=%d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 0))
	var a Alarms[int]
	model := make(map[int]time.Time)
	for now := range 2000 {
		what := rng.IntN(50)
		when := at(now + rng.IntN(40))
		if rng.IntN(4) == 0 {
			when = time.Time{}
			delete(model, what)
		} else {
			model[what] = when
		}
		a.Set(what, when)
		last := time.Time{}
		for {
			first, _ := a.Next()
			what, ok := a.Due(at(now))
			if !ok {
				break
			}
			if !model[what].Equal(first) || first.Before(last) {
				t.Fatalf("%d rings at %v, want %v", what, first, model[what])
			}
			last = first
			delete(model, what)
		}
		for what, when := range model {
			if !when.After(at(now)) {
				t.Fatalf("%d did not ring at %v", what, when)
			}
		}
	}
}
