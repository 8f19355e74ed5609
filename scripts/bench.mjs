// One run of the benchmark: every contender in turn, the order turned round
// with each round, medians at the end. All have the same file, the same
// tracker (npm's bittorrent-tracker), the same browser flags, fresh browser
// processes and no STUN server. Bytes are counted by the page, at the data
// channel, in the same way for all.
import { launch } from './browsers.mjs'
import { serve, startStockTracker } from './e2e/harness.mjs'

const rounds = Number(process.env.ROUNDS ?? 3)
const length = Number(process.env.SIZE ?? 100) * 1e6
const endings = []
const scope = { after: end => endings.push(end) } // what the harness asks of a test
const origin = await serve(scope)
const { tracker } = await startStockTracker(scope)

async function pageFor (kind, b) {
  const page = await b.newPage()
  await page.goto(`${origin}/pages/${kind === 'webtorrent' ? 'webtorrent' : 'shoal'}.html?watch`)
  if (kind === 'webtorrent') await page.waitForFunction(() => window.wt)
  if (kind === 'shoal') await page.evaluate(tracker => { window.client = shoal.createClient({ trackers: [tracker], iceServers: [] }) }, tracker)
  return page
}

const seed = {
  shoal: page => page.evaluate(async (length, value) => {
    const file = testFile('bench.bin', length, value)
    await client.seed('warm')
    const began = performance.now()
    const torrent = await client.seed(file)
    return { magnet: torrent.magnet, seconds: (performance.now() - began) / 1000 }
  }, length, Math.floor(Math.random() * 1e9)),
  webtorrent: page => page.evaluate((tracker, length, value) => new Promise(resolve => {
    const file = testFile('bench.bin', length, value)
    const began = performance.now()
    wt.seed(file, { announce: [tracker] }, torrent => resolve({ magnet: torrent.magnetURI, seconds: (performance.now() - began) / 1000 }))
  }), tracker, length, Math.floor(Math.random() * 1e9))
}

const fetchAll = {
  shoal: (page, magnet) => page.evaluate(async magnet => {
    const began = performance.now()
    const times = {}
    const torrent = client.add(magnet)
    torrent.addEventListener('progress', () => { if (torrent.stats.done > 0) times.piece ??= performance.now() })
    await torrent.ready
    times.metadata = performance.now()
    await torrent.done
    return timesOf(began, times)
  }, magnet),
  webtorrent: (page, magnet) => page.evaluate(magnet => new Promise(resolve => {
    const began = performance.now()
    const times = {}
    const torrent = wt.add(magnet)
    torrent.on('metadata', () => { times.metadata = performance.now() })
    torrent.on('verified', () => { times.piece ??= performance.now() })
    torrent.on('done', () => resolve(timesOf(began, times)))
  }), magnet)
}

async function transfer (kind, fetchers) {
  const browsers = [await launch('chromium'), await launch('chromium')]
  try {
    const seeder = await pageFor(kind, browsers[0])
    const pages = []
    for (let i = 0; i < fetchers; i++) pages.push(await pageFor(kind, browsers[1]))
    const seeded = await seed[kind](seeder)
    const all = await Promise.all(pages.map(page => fetchAll[kind](page, seeded.magnet)))
    const slowest = Math.max(...all.map(one => one.done))
    return {
      'seeding MB/s': length / 1e6 / seeded.seconds,
      'metadata s': Math.max(...all.map(one => one.metadata)),
      'first piece s': Math.max(...all.map(one => one.piece)),
      'first to last byte MB/s': Math.min(...all.map(one => one.bytes / 1e6 / (one.last - one.first))),
      'fetch() to done s': slowest,
      'in all MB/s': fetchers * length / 1e6 / slowest
    }
  } finally {
    await Promise.all(browsers.map(b => b.close()))
  }
}

// Two pages with one raw channel each; the test carries their descriptions.
async function raw () {
  const browsers = [await launch('chromium'), await launch('chromium')]
  try {
    const [a, b] = [await pageFor('raw', browsers[0]), await pageFor('raw', browsers[1])]
    const offer = await a.evaluate(() => rawOffer())
    const answer = await b.evaluate((offer, length) => rawAnswer(offer, length), offer, length)
    await a.evaluate((answer, length) => rawSend(answer, length), answer, length)
    const seconds = await b.evaluate(() => rawReceived)
    return { 'first to last byte MB/s': length / 1e6 / seconds }
  } finally {
    await Promise.all(browsers.map(b => b.close()))
  }
}

const contenders = {
  'raw channel 1→1': raw,
  'Shoal 1→1': () => transfer('shoal', 1),
  'WebTorrent 1→1': () => transfer('webtorrent', 1),
  'Shoal 1→4': () => transfer('shoal', 4),
  'WebTorrent 1→4': () => transfer('webtorrent', 4)
}

const results = {}
for (let round = 0; round < rounds; round++) {
  const names = Object.keys(contenders)
  for (const name of round % 2 ? names.reverse() : names) {
    const figures = await contenders[name]()
    ;(results[name] ??= []).push(figures)
    console.log(JSON.stringify({ round, name, ...round3(figures) }))
  }
}

const median = list => list.toSorted((x, y) => x - y)[Math.floor(list.length / 2)]
function round3 (figures) {
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, Number(value.toPrecision(3))]))
}
const table = {}
for (const [name, list] of Object.entries(results)) {
  table[name] = round3(Object.fromEntries(Object.keys(list[0]).map(key => [key, median(list.map(one => one[key]))])))
}
console.log(`\nmedians of ${rounds} rounds, ${length / 1e6} MB`)
console.table(table)
const rate = name => table[name]['first to last byte MB/s']
console.log(`Shoal / raw channel: ${(rate('Shoal 1→1') / rate('raw channel 1→1')).toFixed(2)}   Shoal / WebTorrent: ${(rate('Shoal 1→1') / rate('WebTorrent 1→1')).toFixed(2)}`)
for (const end of endings.reverse()) await end()
process.exit(0)
