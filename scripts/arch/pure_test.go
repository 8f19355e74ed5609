package arch

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/build/constraint"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// banned is what a pure package may not import, and why. A path with "/..." is
// a whole folder.
var banned = []struct{ path, why string }{
	{"sync/...", "one goroutine owns a machine; there is nothing to lock"},
	{"context", "a machine is never interrupted; an event says that something is over"},
	{"os/...", "the world is reached by effects"},
	{"io/...", "the world is reached by effects"},
	{"bufio", "the world is reached by effects"},
	{"net", "the world is reached by effects"},
	{"net/http/...", "the world is reached by effects, and visitors would download it"},
	{"log/...", "one log line per fact, in the shell"},
	{"crypto/rand", "randomness is a *rand.Rand given to New"},
	{"math/rand", "randomness is a *rand.Rand of math/rand/v2 given to New"},
	{"runtime/...", "the scheduler and the collector must not matter"},
	{"syscall/...", "the world is reached by effects"},
	{"unsafe", "bytes of strangers are handled here"},
	{"testing/...", "tests are for test files"},
}

// clocks are the functions of package time that read or wait for the clock.
var clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}

// makers are the functions of math/rand/v2 that take their source.
var makers = []string{"New", "NewPCG", "NewChaCha8", "NewZipf"}

// iterators are the functions of package maps whose order is that of a map.
var iterators = []string{"All", "Keys", "Values"}

// scan looks at the files of one pure package.
type scan struct {
	fset   *token.FileSet
	info   types.Info
	free   map[string]bool // "file:line" of what an order-free comment covers
	faults []string
}

func newScan(fset *token.FileSet) *scan {
	return &scan{
		fset: fset,
		info: types.Info{
			Types: make(map[ast.Expr]types.TypeAndValue),
			Uses:  make(map[*ast.Ident]types.Object),
		},
		free: make(map[string]bool),
	}
}

// run resolves the types of the files and walks over them.
func (s *scan) run(path string, files []*ast.File, from types.Importer) {
	// The scan goes on where something does not compile, but cannot be trusted:
	// the first such error stands for all.
	config := types.Config{Importer: from, Error: func(error) {}}
	if _, err := config.Check(path, s.fset, files, &s.info); err != nil {
		s.faults = append(s.faults, err.Error())
	}
	for _, file := range files {
		s.comments(file)
		for _, spec := range file.Imports {
			s.imported(spec)
		}
		ast.Inspect(file, s.node)
	}
}

func (s *scan) fault(at token.Pos, format string, args ...any) {
	s.faults = append(s.faults, fmt.Sprintf("%s: %s", s.fset.Position(at), fmt.Sprintf(format, args...)))
}

// comments finds build tags, and the lines that are said to be free of order.
func (s *scan) comments(file *ast.File) {
	for _, group := range file.Comments {
		for _, c := range group.List {
			if c.Pos() < file.Package && (constraint.IsGoBuild(c.Text) || constraint.IsPlusBuild(c.Text)) {
				s.fault(c.Pos(), "a build tag: the pure core is the same everywhere")
			}
			if _, why, found := strings.Cut(c.Text, "order-free:"); found && strings.TrimSpace(why) != "" {
				// A comment of several lines covers what comes after its last.
				for line := s.line(c.Pos()); line <= s.line(group.End())+1; line++ {
					s.free[s.key(c.Pos(), line)] = true
				}
			}
		}
	}
}

func (s *scan) line(at token.Pos) int { return s.fset.Position(at).Line }

func (s *scan) key(at token.Pos, line int) string {
	return s.fset.Position(at).Filename + ":" + strconv.Itoa(line)
}

func (s *scan) imported(spec *ast.ImportSpec) {
	path, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		s.fault(spec.Pos(), "import %s", spec.Path.Value)
		return
	}
	for _, b := range banned {
		if within(path, []string{b.path}) {
			s.fault(spec.Pos(), "import %q: %s", path, b.why)
		}
	}
}

func (s *scan) node(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		s.fault(n.Pos(), "a go statement: a machine has one thread, its caller's")
	case *ast.SelectStmt:
		s.fault(n.Pos(), "a select statement: a machine waits for nothing")
	case *ast.ChanType:
		s.fault(n.Pos(), "a channel: events come in by Handle, effects go out by Poll")
	case *ast.RangeStmt:
		s.ranged(n)
	case *ast.Ident:
		s.used(n)
	}
	return true
}

func (s *scan) ranged(n *ast.RangeStmt) {
	t := s.info.TypeOf(n.X)
	if t == nil {
		return
	}
	switch t.Underlying().(type) {
	case *types.Map:
		s.order(n.Pos(), "a range over a map")
	case *types.Chan:
		s.fault(n.Pos(), "a range over a channel: a machine waits for nothing")
	}
}

// order faults what is in the order of a map, unless a comment says why that
// does not matter.
func (s *scan) order(at token.Pos, what string) {
	if !s.free[s.key(at, s.line(at))] {
		s.fault(at, `%s: its order is another one in each run; sort first, or say "// order-free: why"`, what)
	}
}

func (s *scan) used(n *ast.Ident) {
	f, ok := s.info.Uses[n].(*types.Func)
	if !ok || f.Pkg() == nil || f.Signature().Recv() != nil {
		return
	}
	name := f.Name()
	switch path := f.Pkg().Path(); {
	case path == "time" && slices.Contains(clocks, name):
		s.fault(n.Pos(), "time.%s: time is a parameter", name)
	case path == "math/rand/v2" && !slices.Contains(makers, name):
		s.fault(n.Pos(), "rand.%s: randomness is a *rand.Rand given to New", name)
	case path == "maps" && slices.Contains(iterators, name):
		s.order(n.Pos(), "maps."+name)
	}
}

// compiled imports the types that "go list -export" left in the build cache.
func compiled(t *testing.T, fset *token.FileSet) types.Importer {
	t.Helper()
	all := native(t).all
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		p, ok := all[path]
		if !ok || p.Export == "" {
			return nil, fmt.Errorf("%s is not compiled", path)
		}
		return os.Open(p.Export)
	})
}

func TestThePureCoreIsPure(t *testing.T) {
	fset := token.NewFileSet()
	from := compiled(t, fset)
	for _, p := range native(t).own {
		path, _ := p.local()
		if l, known := layerOf(path); !known || l.kind != pure {
			continue
		}
		for _, fault := range scanPackage(t, fset, from, p) {
			t.Error(fault)
		}
	}
}

func scanPackage(t *testing.T, fset *token.FileSet, from types.Importer, p listed) []string {
	t.Helper()
	s := newScan(fset)
	var files []*ast.File
	for _, name := range p.files(false) {
		path := filepath.Join(p.Dir, name)
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			continue
		}
		files = append(files, file)
		if named(t, p.Dir, name) {
			s.fault(file.Package, "the file's name is a build tag: the pure core is the same everywhere")
		}
	}
	s.run(p.ImportPath, files, from)
	return s.faults
}

// named reports whether a file's name alone ties it to a platform.
func named(t *testing.T, dir, name string) bool {
	t.Helper()
	nowhere := build.Context{GOOS: "nowhere", GOARCH: "none", Compiler: "gc", OpenFile: func(string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("package p\n")), nil
	}}
	match, err := nowhere.MatchFile(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	return !match
}

func TestTheScannerFindsFaults(t *testing.T) {
	for _, c := range []struct{ name, source, fault string }{
		{"nothing", `type T struct{}`, ""},
		{"a go statement", `func f() { go f() }`, "p.go:3:12: a go statement"},
		{"a channel", `var c chan int`, "a channel"},
		{"a channel to receive from", `func f(c <-chan int) { <-c }`, "a channel"},
		{"a select statement", `func f() { select {} }`, "a select statement"},
		{"a lock", "import \"sync\"\nvar m sync.Mutex", "nothing to lock"},
		{"an atomic", "import \"sync/atomic\"\nvar n atomic.Int64", "nothing to lock"},
		{"a lock under another name", "import x \"sync\"\nvar m x.Mutex", "nothing to lock"},
		{"a context", "import \"context\"\nvar c context.Context", "never interrupted"},
		{"a file", "import \"os\"\nvar f *os.File", "by effects"},
		{"a stream", "import \"io\"\nvar r io.Reader", "by effects"},
		{"a socket", "import \"net\"\nvar c net.Conn", "by effects"},
		{"an address", "import \"net/netip\"\nvar a netip.Addr", ""},
		{"a URL", "import \"net/url\"\nvar u url.URL", ""},
		{"a log", "import \"log\"\nfunc f() { log.Print() }", "in the shell"},
		{"a global source", "import \"crypto/rand\"\nvar r = rand.Reader", "given to New"},
		{"an old source", "import \"math/rand\"\nvar r *rand.Rand", "given to New"},
		{"a global number", "import \"math/rand/v2\"\nvar n = rand.IntN(3)", "rand.IntN"},
		{"a global shuffle as a value", "import \"math/rand/v2\"\nvar f = rand.Shuffle", "rand.Shuffle"},
		{"a generic global number", "import \"math/rand/v2\"\nvar n = rand.N(3)", "rand.N"},
		{"a number of a given source", "import \"math/rand/v2\"\nfunc f(r *rand.Rand) int { return r.IntN(3) }", ""},
		{"a source of its own", "import \"math/rand/v2\"\nvar r = rand.New(rand.NewPCG(1, 2))", ""},
		{"the clock", "import \"time\"\nvar now = time.Now()", "time.Now"},
		{"the clock under another name", "import x \"time\"\nvar now = x.Now", "time.Now"},
		{"the clock without a name", "import . \"time\"\nvar now = Now()", "time.Now"},
		{"a timer", "import \"time\"\nvar t = time.NewTimer(1)", "time.NewTimer"},
		{"time as a parameter", "import \"time\"\nfunc f(now time.Time) time.Time { return now.Add(time.Second) }", ""},
		{"a method called Now", "type c struct{}\nfunc (c) Now() int { return 0 }\nvar n = c{}.Now()", ""},
		{"a map", "func f(m map[int]int) { for range m {} }", "a range over a map"},
		{"a map of a named type", "type M map[int]int\nfunc f(m M) { for k := range m { _ = k } }", "a range over a map"},
		{"a map of another package", "import \"net/url\"\nfunc f(m url.Values) { for range m {} }", "a range over a map"},
		{"a map from a function", "func g() map[int]int { return nil }\nfunc f() { for range g() {} }", "a range over a map"},
		{"the keys of a map", "import \"maps\"\nfunc f(m map[int]int) { for range maps.Keys(m) {} }", "maps.Keys"},
		{"a slice", "func f(m []int) { for range m {} }", ""},
		{"a map with a reason beside it", "func f(m map[int]int) {\nfor range m { // order-free: a sum\n}\n}", ""},
		{"a map with a reason above it", "func f(m map[int]int) {\n// order-free: a sum\nfor range m {}\n}", ""},
		{"a map with a reason of two lines", "func f(m map[int]int) {\n// order-free: a sum is the same\n// in any order\nfor range m {}\n}", ""},
		{"a map without a reason", "func f(m map[int]int) {\n// order-free:\nfor range m {}\n}", "a range over a map"},
		{"a map with a reason far above", "// order-free: a sum\n\nfunc f(m map[int]int) {\nfor range m {}\n}", "a range over a map"},
		{"unsafe", "import \"unsafe\"\nvar p unsafe.Pointer", "strangers"},
		{"what does not compile", "var x = y", "undefined"},
	} {
		expect(t, c.name, scanSource(t, "package p\n\n"+c.source), c.fault)
	}
	expect(t, "a build tag", scanSource(t, "//go:build !js\n\npackage p"), "a build tag")
	expect(t, "a remark on build tags", scanSource(t, "package p\n\n//go:build is not for us\n"), "")
}

func scanSource(t *testing.T, source string) []string {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	s := newScan(fset)
	s.run("p", []*ast.File{file}, compiled(t, fset))
	return s.faults
}

func TestNamesOfFilesAreTagsToo(t *testing.T) {
	for name, want := range map[string]bool{
		"swarm.go": false, "swarm_js.go": true, "swarm_wasm.go": true, "swarm_linux_amd64.go": true, "js.go": false, "swarm_tick.go": false,
	} {
		if named(t, ".", name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
