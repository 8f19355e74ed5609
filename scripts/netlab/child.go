//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// child is a lab in a process of its own, as other programs use it.
type child struct {
	hosts map[string]place
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *json.Decoder
}

// startChild brings a lab up.
func startChild(specs ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command(self, append([]string{"run"}, specs...)...)}
	c.cmd.Stderr = os.Stderr
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	c.lines = json.NewDecoder(bufio.NewReader(stdout))
	var up upLine
	if err := c.lines.Decode(&up); err != nil {
		return nil, fmt.Errorf("start a lab: %w", c.cmd.Wait())
	}
	c.hosts = up.Hosts
	return c, nil
}

// close ends the lab as the end of its parent would.
func (c *child) close() error {
	c.stdin.Close()
	return c.cmd.Wait()
}

// stats asks the lab what it has done.
func (c *child) stats() (line statsLine, err error) {
	if _, err := c.stdin.Write([]byte("\n")); err != nil {
		return line, err
	}
	err = c.lines.Decode(&line)
	return line, err
}

// probe is this program's probe in a host.
func (c *child) probe(host string, args ...string) *exec.Cmd {
	within := []string{"netns", "exec", c.hosts[host].Namespace, c.cmd.Path, "probe"}
	cmd := exec.Command("ip", append(within, args...)...)
	cmd.Stderr = os.Stderr
	return cmd
}

// serve starts a host that answers probes; it ends with the lab.
func (c *child) serve(host string) error {
	cmd := c.probe(host, "serve")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	_, err = bufio.NewReader(stdout).ReadString('\n')
	go cmd.Wait()
	return err
}

// measure runs a probe and reads its result.
func measure[T any](c *child, host string, args ...string) (result T, err error) {
	out, err := c.probe(host, args...).Output()
	if err != nil {
		return result, fmt.Errorf("probe %v: %w", args, err)
	}
	return result, json.Unmarshal(out, &result)
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
