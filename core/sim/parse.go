package sim

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// What a scenario may at most ask for: no typing error shall take all memory.
const (
	maxGroup    = 10_000
	maxLength   = 1 << 30
	maxTorrents = 10_000
	maxRuns     = 1000
	maxTime     = 24 * time.Hour
)

// ErrScenario is wrapped by what is wrong with the text of a scenario.
var ErrScenario = errors.New("not a scenario")

// Parse reads a scenario. A line is a word and what it wants; "#" begins a
// comment. Sizes are 64KiB or 32MiB, rates the same and "/s", links in Mbit/s
// too; durations are Go's.
//
//	seed N                                      the world's seed, 1 if not said
//	runs N passes M | runs N mean               N seeds from there on; M must pass,
//	                                            or what is judged is their mean
//	file SIZE pieces SIZE                       what is spread
//	torrents N                                  in every peer, beside that one
//	latency FROM TO                             one way between two peers
//	tracker latency D | tracker interval D | tracker offers N
//	web up RATE [missing|short|bad|no-ranges|no-cors]
//	group NAME COUNT PROPERTY...                peers:
//	   up RATE, down RATE, window SIZE, links mixed, seeds, web, joins D, over D,
//	   connections N, nat N, stay D, away D, goes D, BEHAVIOUR [STRENGTH]
//	at D WHO DEED                               WHO is a group or "tracker"
//	when copied WHO DEED                        DEED: leaves, vanishes; dies, revives
//	when met N WHO DEED
//	until D                                     when it ends at the latest
//	expect FIGURE [GROUP] <= NUMBER [of FIGURE [GROUP] [in SCENARIO]]
//	expect FIGURE [GROUP] >= NUMBER [of FIGURE [GROUP] [in SCENARIO]]
func Parse(name, text string) (*Scenario, error) {
	s := &Scenario{Name: name, Seed: 1, Runs: 1, Passes: 1}
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		r := &reader{scenario: s, line: i + 1, words: words}
		if err := r.statement(); err != nil {
			return nil, fmt.Errorf("%w: %s:%d: %w", ErrScenario, name, i+1, err)
		}
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrScenario, name, err)
	}
	return s, nil
}

// reader takes the words of a line.
type reader struct {
	scenario *Scenario
	line     int
	words    []string
}

var errEnd = errors.New("the line ends too soon")

func (r *reader) word() string {
	if len(r.words) == 0 {
		return ""
	}
	word := r.words[0]
	r.words = r.words[1:]
	return word
}

// peek is the next word, which stays.
func (r *reader) peek() string {
	if len(r.words) == 0 {
		return ""
	}
	return r.words[0]
}

func (r *reader) statement() error {
	verb := r.word()
	read := map[string]func() error{
		"seed": r.seed, "runs": r.runs, "file": r.file, "torrents": r.torrents,
		"latency": r.latency, "tracker": r.tracker, "web": r.web, "group": r.group,
		"at": r.at, "when": r.when, "until": r.until, "expect": r.expect,
	}[verb]
	if read == nil {
		return fmt.Errorf("unknown word %q", verb)
	}
	if err := read(); err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	if len(r.words) > 0 {
		return fmt.Errorf("%s: %q is too much", verb, strings.Join(r.words, " "))
	}
	return nil
}

func (r *reader) seed() (err error) {
	r.scenario.Seed, err = strconv.ParseUint(r.word(), 10, 64)
	return err
}

func (r *reader) runs() (err error) {
	s := r.scenario
	if err := r.count(&s.Runs, maxRuns); err != nil {
		return err
	}
	if how := r.word(); how == "mean" {
		s.Mean = true
		return nil
	} else if how != "passes" {
		return fmt.Errorf("%q is neither passes nor mean", how)
	}
	return r.count(&s.Passes, s.Runs)
}

func (r *reader) file() error {
	s := r.scenario
	return first(r.size(&s.Length), r.expectWord("pieces"), r.size(&s.PieceLength))
}

func (r *reader) torrents() error { return r.count(&r.scenario.Torrents, maxTorrents) }

func (r *reader) latency() error {
	s := r.scenario
	if err := first(r.duration(&s.Latency[0]), r.duration(&s.Latency[1])); err != nil {
		return err
	}
	if s.Latency[1] < s.Latency[0] {
		return errors.New("the second is the longer one")
	}
	return nil
}

func (r *reader) tracker() error {
	switch word := r.word(); word {
	case "latency":
		return r.duration(&r.scenario.Tracker.Latency)
	case "interval":
		return r.duration(&r.scenario.Tracker.Interval)
	case "offers":
		return r.count(&r.scenario.Tracker.Offers, 100)
	default:
		return fmt.Errorf("%q of a tracker cannot be chosen", word)
	}
}

var webFaults = map[string]WebFault{
	"": WebFine, "missing": WebMissing, "short": WebShort, "bad": WebBad,
	"no-ranges": WebNoRanges, "no-cors": WebNoCORS,
}

func (r *reader) web() error {
	web := new(WebSpec)
	if err := first(r.expectWord("up"), r.rate(&web.Up)); err != nil {
		return err
	}
	word := r.word()
	fault, ok := webFaults[word]
	if !ok {
		return fmt.Errorf("unknown fault %q", word)
	}
	web.Fault = fault
	r.scenario.Web = web
	return nil
}

func (r *reader) until() error { return r.duration(&r.scenario.Until) }

func (r *reader) at() error {
	h := Happening{When: AtTime}
	if err := r.duration(&h.At); err != nil {
		return err
	}
	return r.deed(h)
}

func (r *reader) when() error {
	h := Happening{}
	switch word := r.word(); word {
	case "copied":
		h.When = WhenCopied
	case "met":
		h.When = WhenMet
		if err := r.number(&h.Number); err != nil {
			return err
		}
	default:
		return fmt.Errorf("unknown condition %q", word)
	}
	return r.deed(h)
}

var deeds = map[string]Deed{"leaves": Leaves, "vanishes": Vanishes, "dies": Dies, "revives": Revives}

func (r *reader) deed(h Happening) error {
	h.Who = r.word()
	word := r.word()
	what, ok := deeds[word]
	if !ok {
		return fmt.Errorf("unknown deed %q", word)
	}
	if (h.Who == "tracker") != (what == Dies || what == Revives) {
		return fmt.Errorf("%s cannot do that: %s", h.Who, word)
	}
	h.What = what
	r.scenario.Happenings = append(r.scenario.Happenings, h)
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) expectWord(want string) error {
	if word := r.word(); word != want {
		return fmt.Errorf("%q where %q is wanted", word, want)
	}
	return nil
}

func (r *reader) count(n *int, most int) error {
	word := r.word()
	got, err := strconv.Atoi(word)
	if err != nil {
		return fmt.Errorf("%q is no number", word)
	}
	if got < 0 || got > most {
		return fmt.Errorf("%d is not from 0 to %d", got, most)
	}
	*n = got
	return nil
}

func (r *reader) number(x *float64) error {
	word := r.word()
	percent := strings.HasSuffix(word, "%")
	got, err := strconv.ParseFloat(strings.TrimSuffix(word, "%"), 64)
	if err != nil || got < 0 || got > 1e15 || got != got {
		return fmt.Errorf("%q is no number", word)
	}
	if percent {
		got /= 100
	}
	*x = got
	return nil
}

func (r *reader) duration(d *time.Duration) error {
	word := r.word()
	if word == "" {
		return errEnd
	}
	got, err := time.ParseDuration(word)
	if err != nil || got < 0 || got > maxTime {
		return fmt.Errorf("%q is no duration", word)
	}
	*d = got
	return nil
}

var units = map[string]float64{"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "Mbit": 1e6 / 8, "kbit": 1e3 / 8}

func (r *reader) size(n *int64) error {
	word := r.word()
	if word == "" {
		return errEnd
	}
	at := strings.IndexFunc(word, unicode.IsLetter)
	if at < 0 {
		return fmt.Errorf("%q has no unit", word)
	}
	got, err := strconv.ParseFloat(word[:at], 64)
	unit, ok := units[word[at:]]
	if err != nil || !ok || !(got >= 0 && got*unit <= maxLength) {
		return fmt.Errorf("%q is no size", word)
	}
	*n = int64(got * unit)
	return nil
}

func (r *reader) rate(n *int64) error {
	word := r.peek()
	bare, ok := strings.CutSuffix(word, "/s")
	if !ok {
		return fmt.Errorf("%q is no rate", word)
	}
	r.words[0] = bare
	return r.size(n)
}
