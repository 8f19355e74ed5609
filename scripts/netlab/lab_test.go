//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/scripts/netlab/probe"
)

// TestMain lets this program be netlab too: a lab is a process of its own.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{"run", "probe"}, os.Args[1]) {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// given brings up a lab of which host b serves, or skips the test where there
// can be none.
func given(t *testing.T, specs ...string) *child {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip("no TUN devices here: ", err)
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("no iproute2 here: ", err)
	}
	c, err := startChild(specs...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.close() })
	if _, some := c.hosts["b"]; some {
		if err := c.serve("b"); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// when runs a probe in host a against b.
func when[T any](t *testing.T, c *child, args ...string) T {
	t.Helper()
	result, err := measure[T](c, "a", append(args, c.hosts["b"].IP)...)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// namespaces are those there are of this lab.
func (c *child) namespaces(t *testing.T) (names []string) {
	t.Helper()
	out, err := exec.Command("ip", "netns", "list").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if name := strings.Fields(line)[0]; strings.HasPrefix(name, fmt.Sprintf("netlab-%d-", c.cmd.Process.Pid)) {
			names = append(names, name)
		}
	}
	return names
}

func TestDelaysAddUp(t *testing.T) {
	c := given(t, "a,delay=30ms", "b,delay=20ms")
	trip := when[probe.Trip](t, c, "ping", "-count", "20")
	// A busy machine makes it longer, nothing makes it shorter.
	if trip.Received < 19 || trip.Least < 100*time.Millisecond || trip.Least > 110*time.Millisecond {
		t.Errorf("twice 50 ms: %+v", trip)
	}
}

func TestTwoHostsSpeakWithoutDelayAndRate(t *testing.T) {
	c := given(t, "a", "b")
	bulk := when[probe.Bulk](t, c, "stream", "-for", "1s")
	if bulk.Rate() < 20e6 {
		t.Errorf("%.1f MB/s, where 100 and more are usual", bulk.Rate()/1e6)
	}
	stats, err := c.stats()
	if err != nil {
		t.Fatal(err)
	}
	up, down := stats.Hosts["a"].Up, stats.Hosts["b"].Down
	if up.Bytes < bulk.Bytes || up.Packets*1500 < up.Bytes || down.Packets > up.Packets {
		t.Errorf("of %d bytes of payload, a has sent %+v and b got %+v", bulk.Bytes, up, down)
	}
	t.Logf("%.0f MB/s, router %.1f s per GB, late by %+v ms", bulk.Rate()/1e6, stats.CPUSeconds/float64(bulk.Bytes)*1e9, stats.LateMs)
}

func TestANarrowLinkCarriesItsRate(t *testing.T) {
	c := given(t, "a,up=1MB,queue=32KiB", "b,down=100MB")
	flood := when[probe.Bulk](t, c, "flood", "-rate", "3000000", "-for", "2s")
	// Of 1228 bytes with their headers 1200 are payload.
	if rate := flood.Rate(); rate < 0.85e6 || rate > 1.05e6 {
		t.Errorf("%.2f MB/s of a link of 1", rate/1e6)
	}
	if stats, err := c.stats(); err != nil || stats.Hosts["a"].Up.Full < flood.Sent/3 {
		t.Errorf("of %d datagrams %+v was dropped: %v", flood.Sent, stats.Hosts["a"].Up, err)
	}
	// The other way there is no limit, and the queue of this one does not grow.
	trip := when[probe.Trip](t, c, "ping", "-count", "20")
	if trip.Received < 19 || trip.Median > 50*time.Millisecond {
		t.Errorf("in an idle network: %+v", trip)
	}
}

func TestPacketsAreLostAtBothLinks(t *testing.T) {
	c := given(t, "a,loss=10%", "b,loss=20%")
	trip := when[probe.Bulk](t, c, "flood", "-rate", "2000000", "-for", "3s")
	if share := 1 - float64(trip.Received)/float64(trip.Sent); share < 0.22 || share > 0.34 {
		t.Errorf("%.3f lost of %d, want 0.28", share, trip.Sent)
	}
}

func TestALabEndsWithItsParentAndTakesItsProcessesAlong(t *testing.T) {
	c := given(t, "a", "b")
	if names := c.namespaces(t); len(names) != 2 {
		t.Fatalf("namespaces %v", names)
	}
	inside := exec.Command("ip", "netns", "exec", c.hosts["a"].Namespace, "sleep", "600")
	if err := inside.Start(); err != nil {
		t.Fatal(err)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
	if names := c.namespaces(t); len(names) != 0 {
		t.Errorf("%v are still there", names)
	}
	if err := inside.Wait(); err == nil {
		t.Error("a program in the lab came to its own end")
	}
}

func TestWhatAKilledLabLeavesTheNextOneRemoves(t *testing.T) {
	c := given(t, "a")
	c.cmd.Process.Kill()
	c.cmd.Wait()
	if names := c.namespaces(t); len(names) != 1 {
		t.Fatalf("namespaces %v", names)
	}
	other := given(t, "a")
	if names := c.namespaces(t); len(names) != 0 {
		t.Errorf("%v are still there", names)
	}
	if names := other.namespaces(t); len(names) != 1 {
		t.Errorf("the other lab has namespaces %v", names)
	}
}

func TestTwoLabsAreStrangers(t *testing.T) {
	one, two := given(t, "a", "b"), given(t, "a", "b")
	if one.hosts["a"] == two.hosts["a"] {
		t.Fatalf("both are %+v", one.hosts["a"])
	}
	if err := one.close(); err != nil {
		t.Error(err)
	}
	if trip := when[probe.Trip](t, two, "ping", "-count", "5"); trip.Received == 0 {
		t.Error("the end of one was that of the other")
	}
}

func TestABrowserWouldFindTheAddressOfItsHost(t *testing.T) {
	c := given(t, "a")
	out, err := exec.Command("ip", "-n", c.hosts["a"].Namespace, "route", "get", "198.51.100.1").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "src "+c.hosts["a"].IP) {
		t.Errorf("%s: %v", out, err)
	}
}

func TestALabThatCannotBeLeavesNothing(t *testing.T) {
	given(t, "a") // so that it is known that there can be labs
	var errors strings.Builder
	c := &child{cmd: exec.Command(os.Args[0], "run", "a", "a")}
	c.cmd.Stderr = &errors
	if err := c.cmd.Run(); err == nil || !strings.Contains(errors.String(), "two hosts are called a") {
		t.Errorf("%s: %v", errors.String(), err)
	}
	if names := c.namespaces(t); len(names) != 0 {
		t.Errorf("%v are still there", names)
	}
}
