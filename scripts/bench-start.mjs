// How soon a transfer starts: fetch() to the metadata and to the first verified
// piece. Warm, in a page whose library is loaded and runs; cold, from the
// moment when the page is asked for, with an empty cache and HTTP at 20 Mbit/s
// and 40 ms; and, where a network lab can be, warm at 20 ms each way. Every
// fetch has a browser process of its own; the seeders live as long as the
// bench. All have files and pieces of the same length, a tracker of the same
// kind (npm's bittorrent-tracker, in the lab the host's) and no STUN server;
// the order turns round with every round.
//
// STARTS chooses of warm, cold and lab; BEFORE is another dist/ to be measured
// beside the one that is built.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { alternate, atMost, beside, ratios } from './bench-figures.mjs'
import { labServer } from './bench-lab.mjs'
import { launch } from './browsers.mjs'
import { root, serve, startStockTracker } from './e2e/harness.mjs'
import { noLab, startLab } from './netlab/lab.mjs'

const starts = (process.env.STARTS ?? 'warm,cold,lab').split(',')
const length = 20e6
const pieceLength = 32 << 10 // what both choose for such a file
const before = process.env.BEFORE

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
const begin = {
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
window.first = (${begin[kind]})(decodeURIComponent(location.hash.slice(1)), 0)
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
async function setUp (scope, { kind, dist }) {
  const { tracker } = await startStockTracker(scope)
  const origin = await serve(scope, {
    '/cold.html': (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(coldPage(kind, tracker)),
    '/dist/shoal.js': pack(join(dist, 'shoal.js'), 'text/javascript'),
    '/dist/shoal.wasm': pack(join(dist, 'shoal.wasm'), 'application/wasm'),
    '/webtorrent/webtorrent.min.js': pack(join(root, 'node_modules/webtorrent/dist/webtorrent.min.js'), 'text/javascript')
  })
  return { kind, tracker, origin, magnet: await seeds(scope, kind, origin, tracker), launch: () => launch('chromium') }
}

async function seeds (scope, kind, origin, tracker, options) {
  const b = await launch('chromium', options)
  scope.after(() => b.close())
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
async function setUpLab (scope, lab, { kind, dist }, port) {
  const { origin, tracker } = await labServer(scope, lab, { dist, port })
  const magnet = await seeds(scope, kind, origin, tracker, lab.host('a').browser(origin))
  return { kind, tracker, origin, magnet, launch: () => launch('chromium', lab.host('b').browser(origin)) }
}

async function warm ({ kind, origin, tracker, magnet, launch }) {
  const b = await launch()
  try {
    const page = await open(b, kind, origin, tracker)
    await page.evaluate(ready[kind])
    await new Promise(resolve => setTimeout(resolve, 500)) // until nothing is busy with the start any more
    return await page.evaluate(begin[kind], magnet)
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

/** Runs each contender where it is set up, and says how Shoal's times are to the targets and to the others'. */
async function measure (what, places, rounds, run, { metadata, piece, toWebTorrent }) {
  const results = await alternate(rounds, Object.fromEntries(Object.entries(places).map(([name, place]) => [name, () => run(place)])))
  const told = (what, list, bound, unit) => bound ? atMost(what, list, bound, unit) : beside(what, list, unit)
  const times = key => results.Shoal.map(one => one[key])
  const outcome = [
    told(`${what}: to metadata`, times('metadata'), metadata, ' ms'),
    told(`${what}: to the first piece`, times('piece'), piece, ' ms')
  ]
  for (const other of Object.keys(places).filter(name => name !== 'Shoal')) {
    const bound = other === 'WebTorrent' && toWebTorrent
    outcome.push(told(`${what}: to the first piece ÷ ${other}`, ratios(results, 'Shoal', other, one => one.piece), bound))
  }
  return outcome
}

async function near (scope, rounds) {
  const places = {}
  for (const [name, contender] of Object.entries(contenders)) places[name] = await setUp(scope, contender)
  const outcome = []
  if (starts.includes('warm')) outcome.push(...await measure('warm', places, rounds, warm, { metadata: 150, piece: 250, toWebTorrent: 0.3 }))
  if (starts.includes('cold')) outcome.push(...await measure('cold', places, rounds, cold, { toWebTorrent: 0.5 }))
  return outcome
}

async function far (scope, rounds) {
  if (noLab()) return [{ what: 'start in the lab', figure: `none: ${noLab()}` }]
  const lab = await startLab({ hosts: { a: { delay: 10 }, b: { delay: 10 }, server: { delay: 10 } } })
  scope.after(() => lab.close())
  const places = {}
  for (const [name, contender] of Object.entries(contenders)) places[name] = await setUpLab(scope, lab, contender, 8081 + Object.keys(places).length)
  return measure('lab, 20 ms each way', places, rounds, warm, { toWebTorrent: 0.4 })
}

export async function start ({ scope, rounds = 7 }) {
  return [
    ...starts.some(name => name !== 'lab') ? await near(scope, rounds) : [],
    ...starts.includes('lab') ? await far(scope, rounds) : []
  ]
}
