//go:build !js

package command_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/shoal-p2p/shoal/demo/host/command"
)

type values struct {
	addr  string
	count int
	quiet bool
	list  command.List
}

func parse(t *testing.T, args ...string) (values, []string, string, error) {
	t.Helper()
	var v values
	var help bytes.Buffer
	v.list.Values = []string{"default"}
	c := command.New("host try [flags] FILE...", "Tries.", &help)
	c.StringVar(&v.addr, "addr", ":8080", "`address` to listen on")
	c.IntVar(&v.count, "max-count", 0, "how many")
	c.BoolVar(&v.quiet, "quiet", false, "say nothing")
	c.Var(&v.list, "tracker", "`URL`s of trackers")
	rest, err := c.Parse(args)
	return v, rest, help.String(), err
}

func TestFlagsMayStandAnywhere(t *testing.T) {
	v, rest, _, err := parse(t, "a", "-addr", ":1", "b", "-quiet", "-max-count=7", "--", "-c", "--")
	if err != nil || v.addr != ":1" || !v.quiet || v.count != 7 || strings.Join(rest, " ") != "a b -c --" {
		t.Errorf("%+v, %q, %v", v, rest, err)
	}
}

func TestTheEnvironmentIsBetweenDefaultsAndFlags(t *testing.T) {
	t.Setenv("SHOAL_ADDR", ":2")
	t.Setenv("SHOAL_MAX_COUNT", "5")
	t.Setenv("SHOAL_TRACKER", "x, y")
	v, _, _, err := parse(t, "-max-count", "6")
	if err != nil || v.addr != ":2" || v.count != 6 || v.list.String() != "x,y" {
		t.Errorf("%+v, %v", v, err)
	}
	v, _, _, err = parse(t, "-tracker", "z", "-tracker", "w")
	if err != nil || v.list.String() != "z,w" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestAListHasItsDefaultUntilSomethingIsSaid(t *testing.T) {
	if v, _, _, _ := parse(t); v.list.String() != "default" {
		t.Errorf("%q", v.list.Values)
	}
	if v, _, _, _ := parse(t, "-tracker", ""); v.list.Values == nil || len(v.list.Values) != 0 {
		t.Errorf("said to be none: %q", v.list.Values)
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	for _, args := range [][]string{{"-nonsense"}, {"-max-count", "many"}, {"-addr"}} {
		_, _, _, err := parse(t, args...)
		if !errors.Is(err, command.ErrUsage) || !strings.Contains(err.Error(), "host try -help") {
			t.Errorf("%q: %v", args, err)
		}
	}
	t.Setenv("SHOAL_MAX_COUNT", "many")
	if _, _, _, err := parse(t); !errors.Is(err, command.ErrUsage) || !strings.Contains(err.Error(), "SHOAL_MAX_COUNT") {
		t.Errorf("a bad variable: %v", err)
	}
}

func TestHelpNamesFlagsVariablesAndDefaults(t *testing.T) {
	_, _, help, err := parse(t, "-help")
	if !errors.Is(err, command.ErrHelp) {
		t.Errorf("ended by %v", err)
	}
	for _, part := range []string{"Usage: host try [flags] FILE...", "Tries.", "-addr address  (SHOAL_ADDR)\n      address to listen on\n      Default: :8080", "-quiet  (SHOAL_QUIET)"} {
		if !strings.Contains(help, part) {
			t.Errorf("help lacks %q:\n%s", part, help)
		}
	}
}
