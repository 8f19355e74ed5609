// How soon a transfer starts: fetch() to the metadata and to the first verified
// piece. Warm, in a page whose library is loaded and runs; cold, from the
// moment when the page is asked for, with an empty cache and HTTP at 20 Mbit/s
// and 40 ms; and, where a network lab can be, warm at 20 ms each way. Every
// fetch has a browser process of its own; the seeders live as long as the
// bench. All have files and pieces of the same length, a tracker of the same
// kind (npm's bittorrent-tracker, in the lab the host's) and no STUN server;
// the order turns round with every round.
//
// ROUNDS (default 7), ROWS (of warm, cold and lab), and BEFORE, another dist/
// to be measured beside the one that is built.
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { median } from './bench-figures.mjs'
import { launch } from './browsers.mjs'
import { hostAssets, root, serve, startHost, startStockTracker } from './e2e/harness.mjs'
import { noLab, startLab } from './netlab/lab.mjs'

const rounds = Number(process.env.ROUNDS ?? 7)
const rows = (process.env.ROWS ?? 'warm,cold,lab').split(',')
const length = 20e6
const pieceLength = 32 << 10 // what both choose for such a file
const before = process.env.BEFORE
const endings = []
const scope = { after: end => endings.push(end) } // what the harness asks of a test

const contenders = {
  Shoal: { kind: 'shoal', dist: join(root, 'dist') },
  ...(before && { 'Shoal before': { kind: 'shoal', dist: before } }),
  WebTorrent: { kind: 'webtorrent', dist: join(root, 'dist') }
}

const client = { // of which a page has one
  shoal: tracker => { window.client = shoal.createClient({ trackers: [tracker], iceServers: [] }) },
  webtorrent: () => {}
}

const ready = { // warm: the library is loaded and runs; no tracker is known to it
  shoal: () => client.seed('x', { trackers: [] }).then(() => {}),
  webtorrent: () => {}
}

const seed = {
  shoal: (tracker, length, pieceLength) => client.seed(testFile('start.bin', length, 1), { pieceLength }).then(torrent => torrent.magnet),
  webtorrent: (tracker, length, pieceLength) => new Promise(resolve => {
    wt.seed(testFile('start.bin', length, 1), { announce: [tracker], pieceLength }, torrent => resolve(torrent.magnetURI))
  })
}

// Milliseconds since the given time, of the page.
const start = {
  shoal: (magnet, began) => new Promise((resolve, reject) => {
    began ??= performance.now()
    const torrent = client.add(magnet)
    let metadata
    torrent.ready.then(() => { metadata = performance.now() - began }, reject)
    torrent.addEventListener('progress', () => {
      if (torrent.stats.done > 0) resolve({ metadata, piece: performance.now() - began })
    })
  }),
  webtorrent: (magnet, began) => new Promise(resolve => {
    began ??= performance.now()
    const torrent = wt.add(magnet)
    let metadata
    torrent.on('metadata', () => { metadata = performance.now() - began })
    torrent.on('verified', () => resolve({ metadata, piece: performance.now() - began }))
  })
}

// A page that fetches as soon as it can, as anybody would write it.
const coldPage = (kind, tracker) => `<!doctype html><title>cold</title>
${kind === 'shoal' ? '<script src="/dist/shoal.js"></script>' : ''}
<script type="module">
${kind === 'shoal' ? `(${client.shoal})(${JSON.stringify(tracker)})` : "import WebTorrent from '/webtorrent/webtorrent.min.js'\nwindow.wt = new WebTorrent({ tracker: { rtcConfig: { iceServers: [] } } })"}
window.first = (${start[kind]})(decodeURIComponent(location.hash.slice(1)), 0)
</script>`

// What is large and always the same is sent compressed, as a server does.
const packed = new Map()
function pack (path, type) {
  return (_, response) => {
    if (!packed.has(path)) packed.set(path, compressed(path))
    response.writeHead(200, { 'content-type': type, 'content-encoding': 'br' }).end(packed.get(path))
  }
}

function compressed (path) {
  if (existsSync(`${path}.br`)) return readFileSync(`${path}.br`)
  return brotliCompressSync(readFileSync(path), { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } })
}

/** Where a contender's pages are, its tracker, and its seeder. */
async function setUp ({ kind, dist }) {
  const { tracker } = await startStockTracker(scope)
  const origin = await serve(scope, {
    '/cold.html': (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(coldPage(kind, tracker)),
    '/dist/shoal.js': pack(join(dist, 'shoal.js'), 'text/javascript'),
    '/dist/shoal.wasm': pack(join(dist, 'shoal.wasm'), 'application/wasm'),
    '/webtorrent/webtorrent.min.js': pack(join(root, 'node_modules/webtorrent/dist/webtorrent.min.js'), 'text/javascript')
  })
  return { kind, tracker, origin, magnet: await seeds(kind, origin, tracker), launch: () => launch('chromium') }
}

async function seeds (kind, origin, tracker, options) {
  const b = await launch('chromium', options)
  endings.push(() => b.close())
  return (await open(b, kind, origin, tracker)).evaluate(seed[kind], tracker, length, pieceLength)
}

async function open (b, kind, origin, tracker) {
  const page = await b.newPage()
  await page.setBypassCSP(true) // the host's is for its own page
  await page.goto(`${origin}/pages/${kind}.html`)
  if (kind === 'webtorrent') await page.waitForFunction(() => window.wt)
  await page.evaluate(client[kind], tracker)
  return page
}

/** The same in the lab: each contender has a seeder in its host a. */
async function setUpLab (lab, { kind, dist }, port) {
  const { ip, namespace } = lab.host('server')
  const assets = hostAssets(scope, dist)
  cpSync(join(root, 'node_modules/webtorrent/dist'), join(assets, 'web/webtorrent'), { recursive: true })
  const { url: origin, tracker } = await startHost(scope, ['-addr', `${ip}:${port}`, '-stun-addr', 'off', '-assets', assets], namespace)
  const magnet = await seeds(kind, origin, tracker, lab.host('a').browser(origin))
  return { kind, tracker, origin, magnet, launch: () => launch('chromium', lab.host('b').browser(origin)) }
}

async function warm ({ kind, origin, tracker, magnet, launch }) {
  const b = await launch()
  try {
    const page = await open(b, kind, origin, tracker)
    await page.evaluate(ready[kind])
    await new Promise(resolve => setTimeout(resolve, 500)) // until nothing is busy with the start any more
    return await page.evaluate(start[kind], magnet)
  } finally {
    await b.close()
  }
}

async function cold ({ origin, magnet, launch }) {
  const b = await launch()
  try {
    const page = await b.newPage()
    await page.emulateNetworkConditions({ download: 20e6 / 8, upload: 20e6 / 8, latency: 40 })
    await page.goto(`${origin}/cold.html#${encodeURIComponent(magnet)}`)
    return await page.evaluate(() => first)
  } finally {
    await b.close()
  }
}

const measured = {}
async function measure (row, places, run) {
  for (let round = 0; round < rounds; round++) {
    const names = Object.keys(places)
    for (const name of round % 2 ? names.reverse() : names) {
      const figures = await run(places[name])
      ;(measured[`${row}: ${name}`] ??= []).push(figures)
      console.log(JSON.stringify({ row, round, name, ...whole(figures) }))
    }
  }
}

const whole = figures => Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, Math.round(value)]))

try {
  if (rows.some(row => row !== 'lab')) {
    const places = {}
    for (const [name, contender] of Object.entries(contenders)) places[name] = await setUp(contender)
    if (rows.includes('warm')) await measure('warm', places, warm)
    if (rows.includes('cold')) await measure('cold', places, cold)
  }
  if (rows.includes('lab') && noLab()) console.log(`no lab: ${noLab()}`)
  if (rows.includes('lab') && !noLab()) {
    const lab = await startLab({ hosts: { a: { delay: 10 }, b: { delay: 10 }, server: { delay: 10 } } })
    endings.push(() => lab.close())
    const places = {}
    for (const [name, contender] of Object.entries(contenders)) places[name] = await setUpLab(lab, contender, 8081 + Object.keys(places).length)
    await measure('lab, 20 ms each way', places, warm)
  }
} finally {
  for (const end of endings.reverse()) await end()
}

const table = {}
for (const [name, list] of Object.entries(measured)) {
  const pieces = list.map(one => one.piece)
  table[name] = whole({ 'metadata ms': median(list.map(one => one.metadata)), 'first piece ms': median(pieces), from: Math.min(...pieces), to: Math.max(...pieces) })
}
console.log(`\nmedians of ${rounds} rounds`)
console.table(table)
// The figures of one round beside each other say more than two medians on a busy machine.
for (const row of new Set(Object.keys(measured).map(name => name.split(': ')[0]))) {
  for (const other of Object.keys(contenders).filter(name => name !== 'Shoal' && measured[`${row}: ${name}`])) {
    const ratio = key => median(measured[`${row}: Shoal`].map((one, round) => one[key] / measured[`${row}: ${other}`][round][key])).toFixed(2)
    console.log(`${row}: Shoal ÷ ${other}, median of the rounds: metadata ${ratio('metadata')}, first piece ${ratio('piece')}`)
  }
}
process.exit(0)
