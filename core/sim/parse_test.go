package sim

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// scenarios reads those that are carried out by scripts/sim.
func scenarios(t testing.TB) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatal("no scenarios", err)
	}
	all := make(map[string]string)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".txt")] = string(text)
	}
	return all
}

func TestEveryScenarioCanBeReadAndWhatItIsComparedWithIsThere(t *testing.T) {
	all := scenarios(t)
	for name, text := range all {
		s, err := Parse(name, text)
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.HasPrefix(text, "# ") {
			t.Errorf("%s does not say what it is about", name)
		}
		for _, need := range s.Needs() {
			if all[need] == "" {
				t.Errorf("%s is compared with %s", name, need)
			}
		}
	}
}

const whole = `
seed 9
runs 5 passes 4   # a comment
file 1.5MiB pieces 64KiB
latency 10ms 60ms
tracker interval 1m
web up 1MiB/s short
group seed 1 up 8Mbit/s seeds
group liars 2 up 64KiB/s down 1MiB/s poisons 50% nat 2 joins 1s over 2s connections 8 stay 2m away 1m
at 30s tracker dies
when met 2 seed leaves
until 1h
expect last liars <= 1.2 of median liars in other
`

func TestRunsAreJudgedByTheirMean(t *testing.T) {
	s, err := Parse("mean", "runs 3 mean\n"+strings.ReplaceAll(whole, "runs 5 passes 4", ""))
	if err != nil || s.Runs != 3 || !s.Mean {
		t.Fatal(s, err)
	}
	// Given three runs, in one of which the liars finish late, and in another not
	// at all
	runs := []*Result{
		{Name: "mean", Seed: 4, Figures: map[string]float64{"framed": 0, "last liars": 10}},
		{Name: "mean", Seed: 5, Figures: map[string]float64{"framed": 0, "last liars": 17}},
		{Name: "mean", Seed: 6, Figures: map[string]float64{"framed": 3}},
	}
	// Then a figure is that of the two, and of all three there is none
	if m := Mean(runs[:2]); m.Figures["last liars"] != 13.5 || m.MeanOf != 2 || m.Seed != 4 {
		t.Errorf("%+v", m)
	}
	m := Mean(runs)
	if _, has := m.Figures["last liars"]; has || m.Figures["framed"] != 1 {
		t.Errorf("%+v", m)
	}
}

func TestAScenarioIsRead(t *testing.T) {
	s, err := Parse("whole", whole)
	if err != nil {
		t.Fatal(err)
	}
	liars := Group{
		Name: "liars", Count: 2, Link: Link{Up: 64 << 10, Down: 1 << 20}, Behaviour: "poisons", Strength: 0.5,
		NAT: 2, Joins: time.Second, Over: 2 * time.Second, Connections: 8, Stay: 2 * time.Minute, Away: time.Minute,
	}
	switch {
	case s.Seed != 9 || s.Runs != 5 || s.Passes != 4:
		t.Error("the seeds", s.Seed, s.Runs, s.Passes)
	case s.Length != 1.5*(1<<20) || s.PieceLength != 64<<10:
		t.Error("the file", s.Length, s.PieceLength)
	case s.Web == nil || *s.Web != WebSpec{1 << 20, WebShort}:
		t.Error("the web server", s.Web)
	case len(s.Groups) != 2 || s.Groups[0].Link.Up != 1_000_000 || s.Groups[1] != liars:
		t.Errorf("the groups %+v", s.Groups)
	case len(s.Happenings) != 2 || s.Happenings[1] != Happening{When: WhenMet, Number: 2, Who: "seed", What: Leaves}:
		t.Errorf("what happens: %+v", s.Happenings)
	case len(s.Expect) != 1 || !s.Expect[0].AtMost || *s.Expect[0].Of != FigureName{"median", "liars", "other"}:
		t.Errorf("what is expected: %+v", s.Expect)
	case s.Until != time.Hour:
		t.Error("the end", s.Until)
	}
}

func TestWhatIsWrongWithAScenarioIsSaidWithItsLine(t *testing.T) {
	const rest = "file 1MiB pieces 64KiB\nuntil 1m\ngroup seed 1 seeds\n"
	for _, c := range []struct{ text, want string }{
		{"", "there is no file"},
		{"file 1MiB pieces 64KiB\ngroup a 1", "there is no until"},
		{"fiel 1MiB", `x:1: unknown word "fiel"`},
		{"file 1MiB", `"" where "pieces" is wanted`},
		{"file 1XB pieces 64KiB", `"1XB" is no size`},
		{"file 1000GiB pieces 64KiB", "is no size"},
		{rest + "group seed 1", "x:4: group: a group has a name of its own"},
		{rest + "group many 1000000", "is not from 0 to"},
		{rest + "group a 1 dances", `no enemy behaves like "dances"`},
		{rest + "group a 1 up 64KiB", `"64KiB" is no rate`},
		{rest + "latency 60ms 10ms", "the second is the longer one"},
		{rest + "at 5s nobody leaves", `there is no group "nobody"`},
		{rest + "at 5s tracker leaves", "tracker cannot do that"},
		{rest + "at 5s seed sleeps", `unknown deed "sleeps"`},
		{rest + "when bored seed leaves", `unknown condition "bored"`},
		{rest + "expect beauty seed <= 1", `unknown figure "beauty"`},
		{rest + "expect last seed < 1", `where <= or >= is wanted`},
		{rest + "expect last others <= 1", `there is no group "others"`},
		{rest + "expect last seed <= much", `"much" is no number`},
		{rest + "until 1m today", `"today" is too much`},
	} {
		_, err := Parse("x", c.text)
		if !errors.Is(err, ErrScenario) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("fuzz", text)
		if err != nil {
			if !errors.Is(err, ErrScenario) {
				t.Errorf("an error of another kind: %v", err)
			}
			return
		}
		if s.Length <= 0 || s.Length > maxLength || s.Until <= 0 || s.Until > maxTime || len(s.Groups) == 0 {
			t.Errorf("taken: %+v", s)
		}
		for _, g := range s.Groups {
			if g.Count > maxGroup {
				t.Errorf("taken: %+v", g)
			}
		}
	})
}
