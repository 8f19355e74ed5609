// What Go's runtime still does in a .wasm without its lines.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { unlined } from '../../scripts/unlined.mjs'

const program = `package main

import ("fmt"; "os"; "reflect"; "runtime"; "time")

type list struct { next *list; pad [1000]byte }

func try() (said any) {
	defer func() { said = recover() }()
	var l *list
	return l.next.pad[0]
}

// A wrapper of two methods is deferred: one recovers itself, and one calls what
// would, which Go does not allow.
type method struct{}
type wrapped struct{ method }
type deferred interface { direct(); indirect() }

var caught any

func (method) direct() { caught = recover() }
func (method) indirect() { help() }
func help() { caught = recover() }

func rescue(direct bool) (said string) {
	var d deferred = &wrapped{}
	caught = nil
	defer func() { said = fmt.Sprint(caught, recover()) }()
	if direct { defer d.direct() } else { defer d.indirect() }
	panic("p")
}

func deep(n int) int {
	if n == 0 { panic("on purpose") }
	return deep(n-1) + 1
}

// lookups is how long it takes to find a function by its place, many times.
func lookups() time.Duration {
	began := time.Now()
	for range 100_000 {
		if runtime.FuncForPC(reflect.ValueOf(main).Pointer()).Name() != "main.main" { panic("main is lost") }
	}
	return time.Since(began)
}

func main() {
	if len(os.Args) > 1 {
		fmt.Println(lookups().Microseconds())
		return
	}
	keep := &list{}
	for range 20_000 { keep.next = &list{next: &list{}} }
	runtime.GC()
	grown := make(chan int)
	go func() { grown <- sum(10_000) }()
	fmt.Println(<-grown, try())
	fmt.Println(rescue(true), rescue(false))
	deep(3)
}

func sum(n int) int {
	var room [64]int
	room[n%64] = n
	if n == 0 { return 0 }
	return sum(n-1) + room[n%64]
}
`

// build makes a .wasm of the program, and returns how to run one.
function build (t) {
  const folder = mkdtempSync(join(tmpdir(), 'unlined-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'main.wasm')
  writeFileSync(join(folder, 'main.go'), program)
  execFileSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', file, join(folder, 'main.go')], { env: { ...process.env, GOOS: 'js', GOARCH: 'wasm' } })
  const goroot = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim()
  const run = (wasm, ...args) => {
    writeFileSync(file, wasm)
    return spawnSync(join(goroot, 'lib/wasm/go_js_wasm_exec'), [file, ...args], { encoding: 'utf8' })
  }
  return { wasm: readFileSync(file), run }
}

test('a program without its lines collects, grows its stacks, recovers, and names functions when it dies', t => {
  const { wasm, run } = build(t)
  const { stdout, stderr, status } = run(unlined(wasm))
  assert.equal(stdout, '50005000 runtime error: invalid memory address or nil pointer dereference\np<nil> <nil>p\n')
  assert.equal(status, 2)
  assert.match(stderr, /panic: on purpose/)
  assert.match(stderr, /main\.deep\(.*\)\n\t\?:0 \+0x/)
  assert.doesNotMatch(stderr, /main\.go:/)
})

test('it finds its functions as fast as one that has its lines', t => {
  const { wasm, run } = build(t)
  const [before, after] = [wasm, unlined(wasm)].map(one => Number(run(one, 'lookups').stdout))
  assert.ok(before > 0 && after > 0)
  // Without the table that it finds them by it was thirty times as long.
  assert.ok(after < 10 * before, `100,000 take ${after} µs, and with the lines ${before}`)
})

test('what is no .wasm that Go has linked is refused', () => {
  assert.throws(() => unlined(Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])), /not as Go/)
})
