// Runs the test suites and ends with one plain line of counts. Arguments name
// suites; "unit" is what needs no browser, none means all. With -short what takes
// long as js/wasm is left to its native run, which is always whole.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

// What runs as js/wasm in Node as well as natively: everything that is pure,
// and the client.
const portable = [
  'alarm', 'bencode', 'bitfield', 'blame', 'choke', 'client', 'exchange', 'id', 'limit', 'metainfo', 'node', 'picker',
  'session', 'signaling', 'sim', 'swarm', 'tracker', 'webseed', 'wire'
].map(name => `./core/${name}`)
// What needs a browser around it.
const inBrowsers = ['./core/jsx', './core/rtc', './wasm/...']

const counts = { passed: 0, failed: 0, skipped: 0 }
const failures = []

const goEnv = name => spawnSync('go', ['env', name], { encoding: 'utf8' }).stdout.trim()
const wasm = { GOOS: 'js', GOARCH: 'wasm' }

const args = process.argv.slice(2)
const short = args.includes('-short') ? ['-short'] : []

const suites = {
  go: () => goTest('native', ['./...']),
  wasm: () => goTest('wasm', [...short, '-exec', join(goEnv('GOROOT'), 'lib/wasm/go_js_wasm_exec'), ...portable], wasm),
  js: () => nodeTest('js', files('js/test', 'demo/web/test')),
  chromium: () => goTest('chromium', ['-p=1', '-exec', join(process.cwd(), 'scripts/wasmexec/wasmexec'), ...inBrowsers], { ...wasm, BROWSER: 'chromium' }),
  firefox: () => goTest('firefox', ['-p=1', '-exec', join(process.cwd(), 'scripts/wasmexec/wasmexec'), ...inBrowsers], { ...wasm, BROWSER: 'firefox' }),
  e2e: () => nodeTest('e2e', files('scripts/e2e'))
}
const groups = { unit: ['go', 'wasm', 'js'], browser: ['chromium', 'firefox', 'e2e'] }

const asked = args.filter(name => name !== '-short').flatMap(name => groups[name] ?? [name])
for (const name of asked.length > 0 ? asked : Object.keys(suites)) {
  const began = Date.now()
  console.log(`\n== ${name}`)
  await suites[name]()
  console.log(`-- ${name}: ${((Date.now() - began) / 1000).toFixed(0)} s`)
}
if (failures.length > 0) console.log(`\nfailed:\n  ${failures.join('\n  ')}`)
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)

function files (...folders) {
  return folders.flatMap(folder => readdirSync(folder).filter(name => name.endsWith('.test.mjs')).sort().map(name => join(folder, name)))
}

// goTest counts top-level tests from go test's JSON; a package that does not
// build is one failure.
async function goTest (suite, args, env = {}) {
  const child = spawn('go', ['test', '-json', ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = exit(child)
  const output = new Map()
  const failed = new Set()
  for await (const line of createInterface({ input: child.stdout })) {
    const event = parse(line)
    if (!event) {
      console.log(line)
      continue
    }
    const key = `${event.Package ?? event.ImportPath} ${event.Test ?? ''}`.trim()
    if (event.Action === 'output' || event.Action === 'build-output') {
      output.set(key, (output.get(key) ?? '') + event.Output)
    } else if (event.Action === 'fail') {
      const whole = !event.Test
      if (whole ? !failed.has(event.Package) : !event.Test.includes('/')) {
        counts.failed++
        failures.push(`${suite}: ${key}`)
      }
      failed.add(event.Package)
      console.log(output.get(key) ?? key)
    } else if (event.Test && !event.Test.includes('/')) {
      if (event.Action === 'pass') counts.passed++
      if (event.Action === 'skip') {
        counts.skipped++
        console.log((output.get(key) ?? key).trim())
      }
    } else if (event.Action === 'pass' && !event.Test) {
      console.log(`ok   ${event.Package} ${event.Elapsed}s`)
    } else if (event.Action === 'build-fail') {
      console.log(output.get(key) ?? key)
    }
  }
  const code = await exited
  if (code !== 0 && failed.size === 0) {
    counts.failed++
    failures.push(`${suite}: go test ended with ${code}`)
  }
}

// nodeTest runs node's own test runner and reads its counts.
async function nodeTest (suite, paths) {
  const report = join(mkdtempSync(join(tmpdir(), 'shoal-test-')), 'tap')
  const child = spawn(process.execPath, [
    '--test', '--test-concurrency=1',
    '--test-reporter=spec', '--test-reporter-destination=stdout',
    '--test-reporter=tap', `--test-reporter-destination=${report}`,
    ...paths
  ], { stdio: ['ignore', 'inherit', 'inherit'] })
  const code = await exit(child)
  const tap = readFileSync(report, 'utf8')
  const count = name => Number(tap.match(new RegExp(`^# ${name} (\\d+)$`, 'm'))?.[1] ?? 0)
  counts.passed += count('pass')
  counts.skipped += count('skipped')
  const failed = count('fail') + count('cancelled')
  counts.failed += failed
  for (const [, name] of tap.matchAll(/^ *not ok \d+ - (.*)$/gm)) failures.push(`${suite}: ${name}`)
  if (code !== 0 && failed === 0) {
    counts.failed++
    failures.push(`${suite}: node --test ended with ${code}`)
  }
}

function parse (line) {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function exit (child) {
  return new Promise(resolve => child.on('exit', code => resolve(code ?? 1)))
}
