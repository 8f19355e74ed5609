// Who is measured: Shoal, WebTorrent, and pages that only move raw bytes over
// data channels. All have the same file, the same tracker, the same browser
// flags, fresh browser processes and no STUN server. Bytes are counted by the
// page, at the data channel, in the same way for all.
import { randomFillSync } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rendererSeconds } from './bench-figures.mjs'
import { launch } from './browsers.mjs'
import { give, serve, startStockTracker } from './e2e/harness.mjs'

/** A place without a network in between: where pages come from, their tracker (npm's bittorrent-tracker), a browser. */
export async function loopback (scope) {
  return { origin: await serve(scope), tracker: (await startStockTracker(scope)).tracker, launch: () => launch('chromium') }
}

/** A page in which a contender may begin. */
export async function pageFor (kind, b, { origin, tracker }) {
  const page = await b.newPage()
  await page.setBypassCSP(true) // a host's is for its own page
  await page.goto(`${origin}/pages/${kind === 'webtorrent' ? 'webtorrent' : 'shoal'}.html?watch`)
  if (kind === 'webtorrent') await page.waitForFunction(() => window.wt)
  if (kind === 'shoal') await page.evaluate(tracker => { window.client = shoal.createClient({ trackers: [tracker], iceServers: [] }) }, tracker)
  return page
}

/** A file of random bytes on the disk, until the scope ends; copies: how many more of its length will be written beside it. */
export function diskFile (scope, length, copies = 0) {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  scope.after(() => rmSync(folder, { recursive: true, force: true }))
  const { bavail, bsize } = statfsSync(folder)
  const wanted = length * (1 + copies) + 2e9
  if (bavail * bsize < wanted) throw new Error(`${folder} has ${bavail * bsize} bytes free, and ${wanted} are wanted`)
  const path = join(folder, 'bench.bin')
  const file = openSync(path, 'w')
  const chunk = Buffer.alloc(16 << 20)
  for (let left = length; left > 0; left -= chunk.length) writeSync(file, randomFillSync(chunk), 0, Math.min(left, chunk.length))
  closeSync(file)
  return { path, length }
}

/** Seeds a page's file: its magnet link, and how many seconds that took an engine that runs. */
export const seed = {
  shoal: (page, _, options = {}) => page.evaluate(async options => {
    await client.seed('warm', { trackers: [] })
    const began = performance.now()
    const torrent = await client.seed(file, options)
    return { magnet: torrent.magnet, seconds: (performance.now() - began) / 1000 }
  }, options),
  webtorrent: (page, { tracker }, options = {}) => page.evaluate((tracker, options) => new Promise(resolve => {
    const began = performance.now()
    wt.seed(file, { announce: [tracker], ...options }, torrent => resolve({ magnet: torrent.magnetURI, seconds: (performance.now() - began) / 1000 }))
  }), tracker, options)
}

/** Fetches all of a torrent, and says when what came. */
export const fetchAll = {
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

/** CPU seconds of both browsers' renderers while work runs. */
export async function watchSeconds ([seeder, fetchers], _, work) {
  const before = [rendererSeconds(seeder), rendererSeconds(fetchers)]
  const result = await work()
  return [result, { 'CPU s, seeder': rendererSeconds(seeder) - before[0], 'CPU s, fetchers': rendererSeconds(fetchers) - before[1] }]
}

/** One page seeds a file, the others, all in one other browser, fetch it. */
export function transfer (place, kind, file, { fetchers = 1, watch = watchSeconds } = {}) {
  return withBrowsers(place, async browsers => {
    const seeder = await pageFor(kind, browsers[0], place)
    const pages = []
    for (let i = 0; i < fetchers; i++) pages.push(await pageFor(kind, browsers[1], place))
    await give(seeder, file)
    const seeded = await seed[kind](seeder, place)
    const [all, costs] = await watch(browsers, [seeder, pages[0]], () => Promise.all(pages.map(page => fetchAll[kind](page, seeded.magnet))))
    return {
      'seeding MB/s': file.length / 1e6 / seeded.seconds,
      'metadata s': Math.max(...all.map(one => one.metadata)),
      'first piece s': Math.max(...all.map(one => one.piece)),
      'first to last byte MB/s': Math.min(...all.map(one => one.bytes / 1e6 / (one.last - one.first))),
      'until all have it s': Math.max(...all.map(one => one.done)),
      ...costs
    }
  })
}

/** One page sends so many bytes to each of the others, over raw channels; the test carries their descriptions. */
export function raw (place, length, { fetchers = 1, connections = 1, buffer, watch = watchSeconds } = {}) {
  return withBrowsers(place, async browsers => {
    const seeder = await pageFor('raw', browsers[0], place)
    const pages = []
    for (let i = 0; i < fetchers; i++) pages.push(await pageFor('raw', browsers[1], place))
    const offers = await seeder.evaluate(count => rawOffer(count), fetchers * connections)
    const answers = await Promise.all(pages.map((page, i) => page.evaluate((offers, length) => rawAnswer(offers, length), offers.slice(i * connections, (i + 1) * connections), length)))
    const began = performance.now()
    const [seconds, costs] = await watch(browsers, [seeder, pages[0]], async () => {
      await seeder.evaluate((answers, length, options) => rawSend(answers, length, options), answers.flat(), length, { buffer, each: fetchers > 1 })
      return Promise.all(pages.map(page => page.evaluate(() => rawReceived)))
    })
    return {
      'first to last byte MB/s': length / 1e6 / Math.max(...seconds),
      'until all have it s': (performance.now() - began) / 1000,
      ...costs
    }
  })
}

/** Runs work with browsers of the place's sides, which end with it. */
export async function withBrowsers (place, work, sides = ['a', 'b']) {
  const browsers = []
  try {
    for (const side of sides) browsers.push(await place.launch(side))
    return await work(browsers)
  } finally {
    await Promise.all(browsers.map(b => b.close()))
  }
}
