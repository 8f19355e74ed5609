// Runs a Go program that was compiled to WebAssembly in a real browser, as
// `go test -exec` wants it: arguments in, output and exit code out.
//
//   GOOS=js GOARCH=wasm go test -exec "$PWD/scripts/wasmexec/wasmexec" ./core/rtc
//
//   BROWSER        chromium (default) or firefox
//   CHROME_PATH    where Chromium is, if not in the usual places
//   FIREFOX_PATH   where Firefox is
//
// Go sees GODEBUG, GOTRACEBACK and every variable whose name begins with
// SHOAL_. There are no files in a page: what is opened does not exist, so fuzz
// tests run their added seeds only, and no profiles are written.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

const usualPlaces = {
  chromium: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'],
  firefox: ['/usr/bin/firefox-esr', '/usr/bin/firefox',
    '/Applications/Firefox.app/Contents/MacOS/firefox']
}
const howToInstall = {
  chromium: 'install Chromium (Debian: apt-get install chromium) or set CHROME_PATH',
  firefox: 'install Firefox (Debian: apt-get install firefox-esr) or set FIREFOX_PATH'
}

// Host candidates must resolve, also on a machine that has only its loopback.
const launchOptions = {
  chromium: {
    browser: 'chrome',
    pipe: true, // the browser dies with us, however we die
    args: ['--no-sandbox', '--disable-quic', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-dev-shm-usage',
      '--disable-features=WebRtcHideLocalIpsWithMdns', '--allow-loopback-in-peer-connection',
      '--js-flags=--expose-gc']
  },
  firefox: {
    browser: 'firefox',
    protocol: 'webDriverBiDi',
    extraPrefsFirefox: {
      'media.peerconnection.ice.obfuscate_host_addresses': false,
      'media.peerconnection.ice.loopback': true
    }
  }
}

const page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>wasmexec</title>
<script>
// What Go writes goes out in numbered pieces: requests may overtake each other.
let pieces = 0
const post = body => fetch('/out/' + pieces++, { method: 'POST', body })
const absent = () => Object.assign(new Error('no such file'), { code: 'ENOENT' })
globalThis.fs = {
  constants: { O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_TRUNC: 512, O_APPEND: 1024, O_EXCL: 128, O_DIRECTORY: 65536 },
  writeSync(fd, bytes) {
    const piece = new Uint8Array(bytes.length + 1)
    piece[0] = fd
    piece.set(bytes, 1)
    post(piece).catch(() => {})
    return bytes.length
  },
  write(fd, bytes, offset, length, position, done) {
    done(null, this.writeSync(fd, bytes.subarray(offset, offset + length)))
  },
  fsync(fd, done) { done(null) },
  close(fd, done) { done(null) }
}
for (const name of ['chmod', 'chown', 'fchmod', 'fchown', 'fstat', 'ftruncate', 'lchown', 'link', 'lstat', 'mkdir',
  'open', 'read', 'readdir', 'readlink', 'rename', 'rmdir', 'stat', 'symlink', 'truncate', 'unlink', 'utimes']) {
  fs[name] = (...args) => args.at(-1)(absent())
}
globalThis.process = {
  getuid: () => -1, getgid: () => -1, geteuid: () => -1, getegid: () => -1, getgroups: () => [],
  pid: -1, ppid: -1, umask: () => 0, cwd: () => '/', chdir() {}
}
const fail = why => post(new Blob([new Uint8Array([2]), why + '\\n'])).finally(() => end(2))
const end = code => fetch('/exit/' + pieces + '/' + code, { method: 'POST' })
</script>
<script src="/wasm_exec.js"></script>
<script type="module">
try {
  const { argv, env } = await (await fetch('/run.json')).json()
  const go = new Go()
  let code = 0
  go.argv = argv
  go.env = env
  go.exit = c => { code = c }
  const { instance } = await WebAssembly.instantiateStreaming(fetch('/main.wasm'), go.importObject)
  await go.run(instance)
  end(code)
} catch (e) {
  fail('wasmexec: ' + (e.stack ?? e))
}
</script>`

// A time limit of our own, behind the test binary's: it prints stacks first.
function timeLimit (args) {
  const seconds = { h: 3600, m: 60, s: 1, ms: 0.001 }
  const flag = args.find(a => a.startsWith('-test.timeout='))?.slice('-test.timeout='.length) ?? '10m0s'
  let total = 0
  for (const [, n, unit] of flag.matchAll(/([\d.]+)(ms|h|m|s)/g)) total += n * seconds[unit]
  return total === 0 ? 0 : (total + 20) * 1000
}

// There is no file to write the test log to; go test then does not cache.
const run = {
  argv: ['main.wasm', ...process.argv.slice(3).filter(a => !a.startsWith('-test.testlogfile='))],
  env: Object.fromEntries(Object.entries(process.env)
    .filter(([name]) => name === 'GODEBUG' || name === 'GOTRACEBACK' || name.startsWith('SHOAL_')))
}

// Printer puts the pieces in order, and ends when the last has been printed.
class Printer {
  next = 0
  early = new Map()
  last = Infinity
  constructor () { this.done = new Promise(resolve => { this.finish = resolve }) }

  add (number, piece) {
    this.early.set(number, piece)
    while (this.early.has(this.next)) {
      const p = this.early.get(this.next)
      this.early.delete(this.next++)
      const out = p[0] === 2 ? process.stderr : process.stdout
      out.write(p.subarray(1))
    }
    this.check()
  }

  exit (pieces, code) {
    this.last = pieces
    this.code = code
    this.check()
  }

  check () { if (this.next >= this.last) this.finish(this.code) }
}

const worker = new URL('../../dist/shoal-worker.js', import.meta.url)

function serve (printer, wasm, wasmExec) {
  const files = {
    '/': ['text/html', page],
    '/wasm_exec.js': ['text/javascript', wasmExec],
    '/main.wasm': ['application/wasm', wasm],
    '/run.json': ['application/json', JSON.stringify(run)],
    // What scripts/build has made, for what needs a worker.
    '/shoal-worker.js': existsSync(worker) ? ['text/javascript', readFileSync(worker)] : undefined
  }
  const server = createServer(async (request, response) => {
    const [, verb, number, code] = request.url.split('/')
    if (request.method === 'POST') {
      const chunks = []
      for await (const chunk of request) chunks.push(chunk)
      response.end()
      if (verb === 'out') printer.add(Number(number), Buffer.concat(chunks))
      if (verb === 'exit') printer.exit(Number(number), Number(code))
      return
    }
    const [type, body] = files[request.url] ?? []
    response.writeHead(type ? 200 : 404, { 'Content-Type': type ?? 'text/plain' }).end(body)
  })
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)))
}

function give (why) {
  console.error('wasmexec: ' + why)
  process.exit(2)
}

async function main () {
  const name = process.env.BROWSER || 'chromium'
  if (!launchOptions[name]) give(`BROWSER is ${name}: chromium and firefox are known`)
  if (!process.argv[2]) give('usage: wasmexec main.wasm [arguments]')
  const chosen = name === 'chromium' ? process.env.CHROME_PATH : process.env.FIREFOX_PATH
  const executablePath = (chosen ? [chosen] : usualPlaces[name]).find(p => existsSync(p))
  if (!executablePath) give(`no ${name} found: ${howToInstall[name]}`)
  const puppeteer = await import('puppeteer-core').catch(() => give('puppeteer-core is missing: run npm ci'))

  const goroot = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim()
  const printer = new Printer()
  const server = await serve(printer, readFileSync(process.argv[2]),
    readFileSync(join(goroot, 'lib/wasm/wasm_exec.js')))

  let browser
  const stop = async code => {
    server.close()
    await Promise.race([browser?.close(), new Promise(resolve => setTimeout(resolve, 5000))]).catch(() => {})
    browser?.process()?.kill('SIGKILL')
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(signal, () => stop(2))
  const limit = timeLimit(run.argv)
  if (limit) {
    setTimeout(() => {
      console.error(`wasmexec: no end after ${limit / 1000} s`)
      stop(2)
    }, limit)
  }

  try {
    browser = await puppeteer.launch({
      ...launchOptions[name], executablePath, headless: true, handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false
    })
    const tab = await browser.newPage()
    tab.on('console', m => { if (m.type() !== 'log') console.error(`${name}: ${m.text()}`) })
    tab.on('pageerror', e => console.error(`${name}: ${e.message}`))
    tab.on('error', e => { console.error(`wasmexec: the page died: ${e.message}`); stop(2) })
    browser.on('disconnected', () => { console.error('wasmexec: the browser is gone'); stop(2) })
    await tab.goto(`http://localhost:${server.address().port}/`)
    const code = await printer.done
    browser.removeAllListeners('disconnected')
    await stop(code)
  } catch (e) {
    console.error('wasmexec: ' + (e.stack ?? e))
    await stop(2)
  }
}

main().catch(e => give(e.stack ?? e))
