// What the browser tests stand on: a static server for dist/ and the test
// pages, the host, a stock tracker, browsers as processes of their own. All of
// it ends with the test that asked for it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBrowser, launch } from '../browsers.mjs'

export const root = normalize(join(dirname(fileURLToPath(import.meta.url)), '../..'))
const hostBinary = join(root, 'build/host')

const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm'
}
// What the test server serves, by the first part of the path.
const folders = {
  dist: join(root, 'dist'),
  pages: join(root, 'scripts/e2e/pages'),
  webtorrent: join(root, 'node_modules/webtorrent/dist')
}

// A page's script, which looks where it runs.
const helpers = new Function('location', `${readFileSync(join(folders.pages, 'helpers.js'), 'utf8')}; return { bytes }`)
/** The same bytes as a page's own function makes. */
export const { bytes } = helpers({ search: '' })

/** A test's skip reason when a browser is missing, for node:test. */
export const missing = (...kinds) => {
  const absent = kinds.filter(kind => !findBrowser(kind))
  return absent.length > 0 && `no ${absent.join(' and no ')} on this machine`
}

/** A server for the test pages; routes may add or replace answers. */
export async function serve (t, routes = {}) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://x').pathname
    if (routes[path]) return routes[path](request, response)
    const [, folder, ...rest] = normalize(path).split('/')
    const file = folders[folder] && join(folders[folder], ...rest)
    if (!file || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end('not found')
      return
    }
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
    createReadStream(file).pipe(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  return `http://localhost:${server.address().port}`
}

/** The host, on a free port, or where args say; in a network namespace if one is named. */
export async function startHost (t, args = [], namespace = undefined) {
  const within = namespace ? ['ip', 'netns', 'exec', namespace] : []
  const [command, ...rest] = [...within, hostBinary, '-addr', '127.0.0.1:0', ...args]
  const host = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => stop(host))
  const address = await line(host, /(https?:\/\/\S+)/)
  const url = new URL(address)
  return { url: url.origin, tracker: `${url.protocol === 'https:' ? 'wss' : 'ws'}://${url.host}/announce`, process: host }
}

/** A folder for the host's -assets: the test pages and dist/, or another such folder. */
export function hostAssets (t, dist = folders.dist) {
  const assets = mkdtempSync(join(tmpdir(), 'shoal-assets-'))
  t.after(() => rmSync(assets, { recursive: true, force: true }))
  cpSync(folders.pages, join(assets, 'web/pages'), { recursive: true })
  cpSync(dist, join(assets, 'dist'), { recursive: true })
  return assets
}

/** The npm package bittorrent-tracker's server, WebSocket only. */
export async function startStockTracker (t) {
  const { default: Server } = await import('bittorrent-tracker/server')
  const server = new Server({ udp: false, http: false, ws: true, stats: false })
  server.on('error', () => {})
  server.on('warning', () => {})
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const sockets = new Set()
  server.http.on('connection', socket => sockets.add(socket))
  t.after(() => new Promise(resolve => {
    for (const socket of sockets) socket.destroy() // close waits for them
    server.close(resolve)
  }))
  return { tracker: `ws://127.0.0.1:${server.http.address().port}`, server }
}

/** A command of the host in a terminal: { done, output, kill }. */
export function terminal (t, args) {
  const child = spawn(hostBinary, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => stop(child))
  const run = { output: '', process: child, kill: () => stop(child) }
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', chunk => { run.output += chunk })
  }
  run.exited = once(child, 'exit').then(([code]) => code)
  run.says = pattern => until(() => run.output.match(pattern), 60_000, () => `${pattern} in: ${run.output}`)
  return run
}

/** A browser process that ends with the test. */
export async function browser (t, kind = 'chromium', options) {
  const b = await launch(kind, options)
  t.after(() => b.close().catch(() => b.process()?.kill('SIGKILL')))
  return b
}

/** A page with Shoal and the test's helpers, in the given browser. */
export async function shoalPage (b, origin, path = '/pages/shoal.html') {
  const page = await b.newPage()
  page.faults = []
  page.on('pageerror', error => page.faults.push(String(error)))
  page.on('console', message => {
    if (process.env.VERBOSE) console.log(`[page] ${message.text()}`)
  })
  await page.goto(origin + path)
  return page
}

/** Such a page with window.client, which asks no STUN server unless its options name one. */
export async function clientPage (b, origin, options) {
  const page = await shoalPage(b, origin)
  await page.evaluate(options => { window.client = shoal.createClient({ iceServers: [], ...options }) }, options)
  return page
}

/** Gives a page window.file: one on the disk where there is a path, or else one of the page's own. */
export async function give (page, { path, length }) {
  if (!path) return page.evaluate((length, seed) => { window.file = testFile('given.bin', length, seed) }, length, Math.floor(Math.random() * 1e9))
  const input = await page.evaluateHandle(() => document.body.appendChild(Object.assign(document.createElement('input'), { type: 'file' })))
  await input.uploadFile(path)
  await page.evaluate(input => { window.file = input.files[0] }, input)
}

/** Waits until ask answers with something, asking again a few times a second. */
export async function until (ask, limit = 60_000, what = () => String(ask)) {
  for (const end = Date.now() + limit; Date.now() < end;) {
    const answer = await ask()
    if (answer) return answer
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error(`waited in vain for ${what()}`)
}

async function line (child, pattern) {
  let seen = ''
  return await new Promise((resolve, reject) => {
    const look = chunk => {
      seen += chunk
      const found = seen.match(pattern)
      if (found) resolve(found[1])
    }
    child.stdout.setEncoding('utf8').on('data', look)
    child.stderr.setEncoding('utf8').on('data', look)
    child.once('exit', code => reject(new Error(`ended with ${code}: ${seen}`)))
  })
}

async function stop (child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await once(child, 'exit')
  clearTimeout(timer)
}
