package sim

import (
	"slices"
	"testing"
	"time"
)

// run carries a scenario out and reports what is not as expected.
func run(t *testing.T, name, text string, seed uint64) *Result {
	t.Helper()
	s, err := Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	result, err := s.Run(seed, nil)
	if err != nil {
		t.Fatal(err)
	}
	verdicts, err := s.Judge(result, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range verdicts {
		if !v.Pass {
			t.Errorf("%s with seed %d: %s: got %.3g, want %.3g", name, seed, v.Text, v.Got, v.Want)
		}
	}
	return result
}

const small = `
file 2MiB pieces 64KiB
latency 10ms 60ms
until 5m
expect finished honest >= 100%
expect wrong honest <= 0
expect framed <= 0
group seed 1 up 512KiB/s seeds
`

// Each is a small world of one kind, with what must hold in it whatever the
// policies are; scripts/sim has the large ones, and how fast they must be.
func TestSmallWorldsComeToTheirEnd(t *testing.T) {
	for name, more := range map[string]string{
		"peace":          ``,
		"mixed links":    `group others 5 links mixed`,
		"free riders":    `group enemies 3 up 512KiB/s down 4MiB/s free-rides`,
		"poison":         `group enemies 3 up 512KiB/s down 4MiB/s poisons 0.5`,
		"rejoining":      `group enemies 1 up 512KiB/s seeds rejoins 1`,
		"loris":          `group enemies 3 up 512KiB/s down 4MiB/s trickles`,
		"flappers":       `group enemies 3 up 512KiB/s down 4MiB/s flaps`,
		"boasters":       `group enemies 3 up 512KiB/s down 4MiB/s boasts`,
		"silent":         `group enemies 3 up 512KiB/s down 4MiB/s boasts-silently`,
		"wrong metadata": `group enemies 3 up 512KiB/s seeds forges-metadata`,
		"long metadata":  `group enemies 3 up 512KiB/s seeds forges-metadata 9000000`,
		"requests":       `group enemies 2 up 512KiB/s floods-requests`,
		"keep-alives":    `group enemies 1 floods-keepalives`,
		"big talk":       `group enemies 2 up 512KiB/s talks-big`,
		"churn":          `group others 6 up 512KiB/s stay 20s away 20s`,
		"late tracker":   "at 3s tracker dies\nat 20s tracker revives\ngroup others 3 up 512KiB/s joins 5s",
		"bad web server": "web up 1MiB/s bad\ngroup others 3 up 512KiB/s web",
	} {
		if testing.Short() && name != "poison" && name != "churn" {
			continue
		}
		run(t, name, small+"group honest 8 up 512KiB/s down 4MiB/s\n"+more, *seed)
	}
}

func TestOneSeedGivesOneTrace(t *testing.T) {
	const text = small + `
group honest 8 up 512KiB/s down 4MiB/s
group others 6 up 512KiB/s stay 10s away 10s
group liars 2 up 512KiB/s poisons 0.5
group flood 1 floods-requests
`
	first, again := run(t, "once", text, *seed), run(t, "again", text, *seed)
	if first.Trace != again.Trace {
		t.Errorf("two runs of one seed: %s and %s", first.Trace, again.Trace)
	}
	if other := run(t, "other", text, *seed+1); other.Trace == first.Trace {
		t.Error("two seeds have one trace")
	}
}

func TestTheFluidBoundIsTheScarcestOfThree(t *testing.T) {
	const file = "file 1MiB pieces 64KiB\nuntil 5m\n"
	for _, c := range []struct {
		name, groups string
		want         float64 // seconds
	}{
		{"the seed's uplink", "group seed 1 up 128KiB/s seeds\ngroup l 2 up 1MiB/s", 8},
		{"the slowest downlink", "group seed 1 up 1MiB/s seeds\ngroup l 2 up 1MiB/s down 64KiB/s", 16},
		{"none where an uplink has no limit", "group seed 1 up 1MiB/s seeds\ngroup l 3 up 0B/s", 0},
		{"all uplinks together", "group seed 1 up 1MiB/s seeds\ngroup l 8 up 128KiB/s", 4},
		{"an enemy's uplink does not count", "group seed 1 up 1MiB/s seeds\ngroup l 8 up 128KiB/s\ngroup e 8 up 1MiB/s free-rides", 4},
	} {
		result := run(t, c.name, file+c.groups, *seed)
		if got := result.Figures["bound"]; got != c.want {
			t.Errorf("%s: %v s, want %v", c.name, got, c.want)
		}
		if last := result.Figures["last l"]; last < c.want {
			t.Errorf("%s: done after %v s", c.name, last)
		}
	}
}

func TestExpectationsAreJudged(t *testing.T) {
	s, err := Parse("x", small+"group honest 2 up 1MiB/s\nexpect last honest <= 2 of first honest in y\nexpect last honest >= 50%")
	if err != nil {
		t.Fatal(err)
	}
	s.Expect = s.Expect[3:]
	here := &Result{Figures: map[string]float64{"last honest": 10}}
	there := map[string]*Result{"y": {Figures: map[string]float64{"first honest": 4}}}
	verdicts, err := s.Judge(here, there)
	if err != nil {
		t.Fatal(err)
	}
	if verdicts[0].Pass || verdicts[0].Want != 8 || !verdicts[1].Pass {
		t.Errorf("%+v", verdicts)
	}
	if _, err := s.Judge(here, nil); err == nil {
		t.Error("compared with a scenario that was not run")
	}
}

func TestAWatchSeesTheSwarmFill(t *testing.T) {
	s, err := Parse("x", small+"group honest 4 up 512KiB/s down 4MiB/s")
	if err != nil {
		t.Fatal(err)
	}
	var done []float64
	_, err = s.Run(*seed, func(r *Running) {
		for _, m := range r.Moments() {
			if m.Up < 0 || m.Up > 1.1 {
				t.Errorf("%v: %s used %.2f of its uplink", m.At, m.Group, m.Up)
			}
			if m.Group == "honest" && m.At%time.Second == 0 {
				done = append(done, m.Done)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(done); n < 3 || done[n-1] != 1 || done[0] >= 1 {
		t.Errorf("from second to second: %.2f", done)
	}
}

func TestGroupsBehindOneNATShareItsAddresses(t *testing.T) {
	s, err := Parse("x", "file 1MiB pieces 64KiB\nuntil 1m\ngroup a 2 seeds nat 2\ngroup b 4 nat 2\ngroup c 2")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	_, err = s.Run(*seed, func(r *Running) {
		got = nil
		for _, p := range r.World.peers {
			got = append(got, p.addr.String())
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"11.0.0.0", "11.0.0.0", "11.0.0.0", "11.0.0.0", "11.0.0.1", "11.0.0.1", "10.0.6.1", "10.0.7.1"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
