// One run of the benchmark: every contender in turn, the order turned round
// with each round, medians at the end: those with one fetcher in PAIRS rounds,
// those with four in ROUNDS. Then one transfer of each is traced for its longest
// task, which would slow the others down. All have the same file, the same
// tracker (npm's bittorrent-tracker), the same browser flags, fresh browser
// processes and no STUN server. Bytes are counted by the page, at the data
// channel, in the same way for all.
import { interval, median, rendererSeconds, watchTasks } from './bench-figures.mjs'
import { launch } from './browsers.mjs'
import { serve, startStockTracker } from './e2e/harness.mjs'

const rounds = Number(process.env.ROUNDS ?? 3)
const pairs = Number(process.env.PAIRS ?? 7)
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

// What both renderers do while work runs: CPU seconds; or, traced, the longest
// task of each one's main thread.
async function watched (browsers, pages, traced, work) {
  const began = traced ? await Promise.all(pages.map(watchTasks)) : browsers.map(rendererSeconds)
  const result = await work()
  if (traced) {
    const [send, receive] = await Promise.all(began.map(end => end()))
    return [result, { 'longest task ms, seeder': send, 'longest task ms, fetcher': receive }]
  }
  const [send, receive] = browsers.map((b, i) => rendererSeconds(b) - began[i])
  return [result, { 'CPU s, seeder': send, 'CPU s, fetchers': receive }]
}

async function transfer (kind, fetchers, traced) {
  const browsers = [await launch('chromium'), await launch('chromium')]
  try {
    const seeder = await pageFor(kind, browsers[0])
    const pages = []
    for (let i = 0; i < fetchers; i++) pages.push(await pageFor(kind, browsers[1]))
    const seeded = await seed[kind](seeder)
    const [all, costs] = await watched(browsers, [seeder, pages[0]], traced,
      () => Promise.all(pages.map(page => fetchAll[kind](page, seeded.magnet))))
    const slowest = Math.max(...all.map(one => one.done))
    return {
      'seeding MB/s': length / 1e6 / seeded.seconds,
      'metadata s': Math.max(...all.map(one => one.metadata)),
      'first piece s': Math.max(...all.map(one => one.piece)),
      'first to last byte MB/s': Math.min(...all.map(one => one.bytes / 1e6 / (one.last - one.first))),
      'fetch() to done s': slowest,
      'in all MB/s': fetchers * length / 1e6 / slowest,
      ...costs
    }
  } finally {
    await Promise.all(browsers.map(b => b.close()))
  }
}

// Two pages with one raw channel each; the test carries their descriptions.
async function raw (traced) {
  const browsers = [await launch('chromium'), await launch('chromium')]
  try {
    const [a, b] = [await pageFor('raw', browsers[0]), await pageFor('raw', browsers[1])]
    const offer = await a.evaluate(() => rawOffer())
    const answer = await b.evaluate((offer, length) => rawAnswer(offer, length), offer, length)
    const [seconds, costs] = await watched(browsers, [a, b], traced, async () => {
      await a.evaluate((answer, length) => rawSend(answer, length), answer, length)
      return b.evaluate(() => rawReceived)
    })
    return { 'first to last byte MB/s': length / 1e6 / seconds, ...costs }
  } finally {
    await Promise.all(browsers.map(b => b.close()))
  }
}

const one = {
  'raw channel 1→1': traced => raw(traced),
  'Shoal 1→1': traced => transfer('shoal', 1, traced),
  'WebTorrent 1→1': traced => transfer('webtorrent', 1, traced)
}
const four = {
  'Shoal 1→4': traced => transfer('shoal', 4, traced),
  'WebTorrent 1→4': traced => transfer('webtorrent', 4, traced)
}

const results = {}
for (let round = 0; round < Math.max(pairs, rounds); round++) {
  const contenders = { ...(round < pairs ? one : {}), ...(round < rounds ? four : {}) }
  const names = Object.keys(contenders)
  for (const name of round % 2 ? names.reverse() : names) {
    const figures = await contenders[name](false)
    ;(results[name] ??= []).push(figures)
    console.log(JSON.stringify({ round, name, ...round3(figures) }))
  }
}

function round3 (figures) {
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, Number(value.toPrecision(3))]))
}
const table = {}
for (const [name, list] of Object.entries(results)) {
  table[name] = round3(Object.fromEntries(Object.keys(list[0]).map(key => [key, median(list.map(one => one[key]))])))
}
console.log(`\nmedians of ${pairs} rounds (1→1) and ${rounds} (1→4), ${length / 1e6} MB`)
console.table(table)

const rate = figures => figures['first to last byte MB/s']
const seconds = figures => figures['CPU s, seeder'] + figures['CPU s, fetchers']
for (const [what, of, other] of [['rate', rate, 'raw channel 1→1'], ['rate', rate, 'WebTorrent 1→1'], ['CPU', seconds, 'raw channel 1→1']]) {
  const ratios = results['Shoal 1→1']?.map((shoal, i) => of(shoal) / of(results[other][i])) ?? []
  if (ratios.length === 0) continue
  const [low, high] = interval(ratios)
  console.log(`${what}, Shoal ÷ ${other}: ${median(ratios).toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)} with ${ratios.length < 6 ? 'less than ' : ''}95 %)`)
}

console.log('\nlongest task of a main thread, ms of thread time, one traced transfer each')
const tasks = {}
for (const [name, run] of Object.entries(one)) {
  const figures = await run(true)
  tasks[name] = round3({ seeder: figures['longest task ms, seeder'], fetcher: figures['longest task ms, fetcher'] })
}
console.table(tasks)
for (const end of endings.reverse()) await end()
process.exit(0)
