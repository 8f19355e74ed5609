// What Go's runtime still does in a .wasm without its lines.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { unlined } from '../../scripts/unlined.mjs'

const program = `package main

import ("fmt"; "runtime")

type list struct { next *list; pad [1000]byte }

func try() (said any) {
	defer func() { said = recover() }()
	var l *list
	return l.next.pad[0]
}

func deep(n int) int {
	if n == 0 { panic("on purpose") }
	return deep(n-1) + 1
}

func main() {
	keep := &list{}
	for range 20_000 { keep.next = &list{next: &list{}} }
	runtime.GC()
	grown := make(chan int)
	go func() { grown <- sum(10_000) }()
	fmt.Println(<-grown, try())
	deep(3)
}

func sum(n int) int {
	var room [64]int
	room[n%64] = n
	if n == 0 { return 0 }
	return sum(n-1) + room[n%64]
}
`

test('a program without its lines collects, grows its stacks, recovers, and names functions when it dies', t => {
  const folder = mkdtempSync(join(tmpdir(), 'unlined-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'main.wasm')
  writeFileSync(join(folder, 'main.go'), program)
  execFileSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', file, join(folder, 'main.go')], { env: { ...process.env, GOOS: 'js', GOARCH: 'wasm' } })
  writeFileSync(file, unlined(readFileSync(file)))

  const goroot = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim()
  const { stdout, stderr, status } = spawnSync(join(goroot, 'lib/wasm/go_js_wasm_exec'), [file], { encoding: 'utf8' })
  assert.equal(stdout, '50005000 runtime error: invalid memory address or nil pointer dereference\n')
  assert.equal(status, 2)
  assert.match(stderr, /panic: on purpose/)
  assert.match(stderr, /main\.deep\(.*\)\n\t\?:0 \+0x/)
  assert.doesNotMatch(stderr, /main\.go:/)
})

test('what is no .wasm that Go has linked is refused', () => {
  assert.throws(() => unlined(Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])), /not as Go/)
})
