//go:build linux

// Command netlab is a network in one machine: hosts, each a network namespace
// of Linux behind an access link with a delay, rates, a bounded queue and loss,
// joined by a router in this process. It needs root, /dev/net/tun and iproute2.
//
//	netlab run [-seed N] HOST...     bring a network up until stdin ends or a signal comes
//	netlab self-test                 measure how true it is, and what it costs
//	netlab probe WHAT [ADDRESS]      what self-test measures with: serve, ping, stream, flood
//
// A HOST is a name and its options, with commas between:
//
//	a,delay=10ms,up=2MB,down=10MB,queue=512KiB,loss=1%
//
// delay is from the host to the middle of the network and back alike, so from
// one host to another it is the sum of theirs. up and down are bytes per second
// of IP packets; without one there is no limit. queue is how many bytes may
// wait for up, and for down (512KiB unless said); what finds it full is
// dropped. loss is for up and for down, so a way through two links with 1 %
// loses 1.99 %. What is lost is decided by the seed and the order of packets.
//
// run prints one JSON line when the network is up:
//
//	{"hosts":{"a":{"namespace":"netlab-4711-a","ip":"10.0.0.1"}}}
//
// A program is started in a host by "ip netns exec NAMESPACE". For each line on
// stdin run prints a line of what it has carried, dropped and lost so far, and
// how late it was. At the end the namespaces go, and with them everything that
// still runs in them; what a lab leaves that was killed the next one removes.
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if err := command(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "netlab:", err)
		os.Exit(1)
	}
}

func command(args []string) error {
	if len(args) == 0 {
		return errors.New("run, self-test or probe; see docs/netlab.md")
	}
	switch name, args := args[0], args[1:]; name {
	case "run":
		return runLab(args, os.Stdin, os.Stdout)
	case "self-test":
		return selfTest(os.Stdout)
	case "probe":
		return runProbe(args, os.Stdout)
	default:
		return fmt.Errorf("%s: there are run, self-test and probe", name)
	}
}
