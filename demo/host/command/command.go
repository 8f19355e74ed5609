//go:build !js

// Package command reads command lines: flags anywhere among the arguments, each
// of which the environment may set too, and help that documents both. In come
// arguments, out come values and usage errors; it does nothing with them.
package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// ErrUsage is wrapped by what is wrong with a command line.
var ErrUsage = errors.New("usage")

// ErrHelp says that help was asked for and has been given.
var ErrHelp = flag.ErrHelp

// Command is one command with its flags. Flags are defined on the FlagSet before
// Parse; a flag -some-name is also read from SHOAL_SOME_NAME.
type Command struct {
	*flag.FlagSet
	synopsis string
	about    string
	help     io.Writer
}

// New makes a command without flags. synopsis is its first line of help,
// "host seed [flags] FILE...".
func New(synopsis, about string, help io.Writer) *Command {
	c := &Command{flag.NewFlagSet("", flag.ContinueOnError), synopsis, about, help}
	c.SetOutput(io.Discard)
	c.Usage = func() {}
	return c
}

// Parse reads the environment, then the arguments, and returns those that are
// no flags. After "--" nothing is a flag.
func (c *Command) Parse(args []string) ([]string, error) {
	if err := c.readEnvironment(); err != nil {
		return nil, err
	}
	var rest, literal []string
	if i := slices.Index(args, "--"); i >= 0 {
		args, literal = args[:i], args[i+1:]
	}
	for {
		err := c.FlagSet.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			c.writeHelp()
			return nil, ErrHelp
		}
		if err != nil {
			return nil, c.Wrong("%v", err)
		}
		if c.NArg() == 0 {
			return append(rest, literal...), nil
		}
		rest, args = append(rest, c.Arg(0)), c.Args()[1:]
	}
}

// Wrong makes a usage error.
func (c *Command) Wrong(format string, values ...any) error {
	name, _, _ := strings.Cut(c.synopsis, " [")
	return fmt.Errorf("%w: %s (%s -help says more)", ErrUsage, fmt.Sprintf(format, values...), name)
}

func (c *Command) readEnvironment() error {
	var failed error
	c.VisitAll(func(f *flag.Flag) {
		value, ok := os.LookupEnv(variable(f.Name))
		if !ok || value == "" || failed != nil {
			return
		}
		if err := f.Value.Set(value); err != nil {
			failed = c.Wrong("%s=%q: %v", variable(f.Name), value, err)
		}
		if list, ok := f.Value.(*List); ok {
			list.given = false // the command line says it anew
		}
	})
	return failed
}

// variable is the name of the variable for a flag.
func variable(flag string) string {
	return "SHOAL_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func (c *Command) writeHelp() {
	fmt.Fprintf(c.help, "Usage: %s\n\n%s\n\nFlags, and the environment variables that set them:\n", c.synopsis, c.about)
	c.VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		fmt.Fprintf(c.help, "\n  %s  (%s)\n", strings.TrimSpace("-"+f.Name+" "+value), variable(f.Name))
		fmt.Fprintf(c.help, "      %s\n", strings.ReplaceAll(usage, "\n", "\n      "))
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "0s" {
			fmt.Fprintf(c.help, "      Default: %s\n", f.DefValue)
		}
	})
}

// List is the value of a flag that may be given several times, or with values
// separated by commas. What is given replaces the default, and nothing is a
// value too: Values is nil only where nothing was said and there is no default.
type List struct {
	Values []string
	given  bool
}

// String returns the values separated by commas.
func (l *List) String() string { return strings.Join(l.Values, ",") }

// Set adds values.
func (l *List) Set(text string) error {
	if !l.given {
		l.Values, l.given = []string{}, true
	}
	for value := range strings.SplitSeq(text, ",") {
		if value = strings.TrimSpace(value); value != "" {
			l.Values = append(l.Values, value)
		}
	}
	return nil
}
