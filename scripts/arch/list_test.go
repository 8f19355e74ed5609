package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/shoal-p2p/shoal"

// listed is a package as "go list" tells it.
type listed struct {
	ImportPath     string
	Dir            string
	Export         string // the file of its compiled types
	GoFiles        []string
	IgnoredGoFiles []string // for another platform
	TestGoFiles    []string
	XTestGoFiles   []string
	Imports        []string // of GoFiles
	Deps           []string // what it imports, directly or not
}

// local returns the path of a package of the module, below the module.
func (p listed) local() (string, bool) {
	if strings.Contains(p.ImportPath, "/node_modules/") {
		return "", false
	}
	return strings.CutPrefix(p.ImportPath, module+"/")
}

// tree is what one platform builds.
type tree struct {
	name string
	own  []listed          // the packages of the module
	all  map[string]listed // with everything that they import
}

var (
	nativeOnce  = sync.OnceValues(func() (*tree, error) { return list("native", "-export") })
	browserOnce = sync.OnceValues(func() (*tree, error) { return list("js/wasm", "", "GOOS=js", "GOARCH=wasm") })
)

// native is the tree for this machine, with compiled types.
func native(t *testing.T) *tree { return must(t, nativeOnce) }

// browser is the tree for js/wasm.
func browser(t *testing.T) *tree { return must(t, browserOnce) }

func must(t *testing.T, once func() (*tree, error)) *tree {
	t.Helper()
	result, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func list(name, flag string, env ...string) (*tree, error) {
	args := []string{"list", "-e", "-deps", "-json=ImportPath,Dir,Export,GoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles,Imports,Deps"}
	if flag != "" {
		args = append(args, flag)
	}
	cmd := exec.Command("go", append(args, module+"/...")...)
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.New("go list: " + stderr.String())
	}
	result := &tree{name: name, all: make(map[string]listed)}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); err == io.EOF {
			return result, nil
		} else if err != nil {
			return nil, err
		}
		result.all[p.ImportPath] = p
		if _, own := p.local(); own {
			result.own = append(result.own, p)
		}
	}
}

// files are a package's files for every platform; tests says whether with its
// tests. Of another platform's files the names tell which are tests.
func (p listed) files(tests bool) []string {
	var files []string
	for _, name := range join(p.GoFiles, p.IgnoredGoFiles, p.TestGoFiles, p.XTestGoFiles) {
		if tests || !strings.HasSuffix(name, "_test.go") {
			files = append(files, name)
		}
	}
	return files
}

func TestTheTreeIsThere(t *testing.T) {
	for _, platform := range []*tree{native(t), browser(t)} {
		for _, path := range []string{"core/id", "core/client"} {
			if p, ok := platform.all[module+"/"+path]; !ok || len(p.files(false)) == 0 {
				t.Errorf("%s: %s is not listed; the other locks would see nothing", platform.name, path)
			}
		}
	}
}
