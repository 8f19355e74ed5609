package sim

import "time"

// Scenario is a world as it is described: who is there, what happens, and what
// is expected. Parse reads one.
type Scenario struct {
	Name         string
	Seed         uint64
	Runs, Passes int  // how many seeds are tried, and in how many of them all must hold
	Mean         bool // all must hold of the mean of their figures instead
	Length       int64
	PieceLength  int64
	Torrents     int // beside the one that is fetched: as many that nobody else has
	Latency      [2]time.Duration
	Tracker      TrackerSpec
	Web          *WebSpec
	Groups       []Group
	Happenings   []Happening
	Until        time.Duration
	Expect       []Expectation
}

// TrackerSpec is the tracker of a scenario.
type TrackerSpec struct {
	Latency  time.Duration
	Interval time.Duration // between a peer's announces; 0 means the usual
	Offers   int           // that it relays of one announce; 0 means the usual
}

// WebSpec is the web server of a scenario.
type WebSpec struct {
	Up    int64 // bytes per second
	Fault WebFault
}

// Group is peers that have everything in common but their links' rates.
type Group struct {
	Name        string
	Count       int
	Link        Link
	Mixed       bool // links drawn from accessLinks
	Seeds       bool // they have everything
	Web         bool // they know the metadata and the web server
	Joins       time.Duration
	Over        time.Duration // they join spread over this time
	Behaviour   string        // as in newBehaviour; empty for honest peers
	Strength    float64
	Connections int
	NAT         int           // so many share one address, with those of other groups too; 0 for each its own
	Stay, Away  time.Duration // medians; 0 for who stays
	Goes        time.Duration // how long after it has everything; 0 for who stays
}

// Happening is something that happens to a world, at a time or when something
// is so.
type Happening struct {
	At     time.Duration
	When   Condition
	Number float64 // of the condition
	Who    string  // a group, or "tracker"
	What   Deed
}

// Condition is what a Happening waits for.
type Condition uint8

// The conditions.
const (
	AtTime     Condition = iota
	WhenCopied           // every piece is held, verified, by somebody who did not seed it
	WhenMet              // every honest peer knows Number others
)

// Deed is what happens.
type Deed uint8

// The deeds.
const (
	Leaves   Deed = iota // says so
	Vanishes             // does not
	Dies                 // the tracker
	Revives
)

// Expectation compares a figure with a number, or with so many times another
// figure.
type Expectation struct {
	Line   int
	Text   string
	Figure FigureName
	AtMost bool // else at least
	Number float64
	Of     *FigureName
}

// FigureName names a figure: of a group where it is one, of another scenario
// where In says so.
type FigureName struct {
	Name, Group, In string
}

func (f FigureName) key() string {
	if f.Group == "" {
		return f.Name
	}
	return f.Name + " " + f.Group
}

// Needs lists the other scenarios that the expectations refer to.
func (s *Scenario) Needs() []string {
	var names []string
	for _, e := range s.Expect {
		if e.Of != nil && e.Of.In != "" {
			names = append(names, e.Of.In)
		}
	}
	return names
}

func (s *Scenario) group(name string) *Group {
	for i := range s.Groups {
		if s.Groups[i].Name == name {
			return &s.Groups[i]
		}
	}
	return nil
}
