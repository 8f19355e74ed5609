//go:build linux

// Package netns makes network namespaces by the program ip of iproute2, and
// removes them with every process that runs in them. The namespaces of one lab
// begin with a name that holds the id of the lab's process, so that those of a
// dead one can be told.
package netns

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// folder is where ip keeps the names.
const folder = "/run/netns"

// mark begins the name of every namespace of a lab; the process's id follows.
const mark = "netlab-"

// Name is the name of a host's namespace in the lab of a process.
func Name(pid int, host string) string { return mark + strconv.Itoa(pid) + "-" + host }

// IP runs lines of ip's own commands, in a namespace if one is named.
func IP(namespace string, lines ...string) error {
	args := []string{"-batch", "-"}
	if namespace != "" {
		args = append([]string{"-n", namespace}, args...)
	}
	cmd := exec.Command("ip", args...)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %s: %w: %s", strings.Join(lines, "; "), err, bytes.TrimSpace(out))
	}
	return nil
}

// Sweep removes the namespaces of labs whose process is gone, and what a former
// process of this id has left.
func Sweep() {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // there is no namespace at all
	}
	for _, entry := range entries {
		if pid, ok := owner(entry.Name()); ok && (pid == os.Getpid() || !alive(pid)) {
			Remove(entry.Name())
		}
	}
}

// owner is the id of the process whose lab a namespace is part of.
func owner(namespace string) (pid int, ok bool) {
	rest, ok := strings.CutPrefix(namespace, mark)
	if !ok {
		return 0, false
	}
	number, _, ok := strings.Cut(rest, "-")
	pid, err := strconv.Atoi(number)
	return pid, ok && err == nil && pid > 0
}

func alive(pid int) bool { return syscall.Kill(pid, 0) != syscall.ESRCH }

// Remove kills what runs in a namespace, and removes its name; the kernel
// removes the rest when the last process has gone.
func Remove(namespace string) {
	pids, _ := exec.Command("ip", "netns", "pids", namespace).Output()
	for _, field := range strings.Fields(string(pids)) {
		if pid, err := strconv.Atoi(field); err == nil && pid != os.Getpid() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	exec.Command("ip", "netns", "del", namespace).Run()
}
