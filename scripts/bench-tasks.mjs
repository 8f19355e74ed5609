// How long a page's main thread is ever busy with one task, by thread time in a
// trace: a transfer at full speed, seeding a large file, a torrent of 100,000
// pieces, and a start; beside what a page has that only moves raw bytes. What
// the longest task was is said, outermost first.
//
// TASKS chooses of transfer, WebTorrent, seeding, many and start; TRACE names
// further categories for the trace.
import { diskFile, loopback, pageFor, raw, seed, transfer, withBrowsers } from './bench-contenders.mjs'
import { alternate, atMost, beside, median, watchTasks } from './bench-figures.mjs'
import { give } from './e2e/harness.mjs'

const limit = 50

const engineRuns = page => page.evaluate(() => window.client?.seed('warm', { trackers: [] }).then(() => {}))

/** The longest task of both sides while work runs, for transfer and raw; a start is a figure of its own. */
const watch = async (_, pages, work) => {
  await Promise.all(pages.map(engineRuns))
  const began = await Promise.all(pages.map(watchTasks))
  const result = await work()
  return [result, figures(await Promise.all(began.map(end => end())))]
}

const figures = ([seeder, fetcher]) => ({
  ...seeder && { 'seeder ms': seeder.ms, seeder: seeder.what },
  ...fetcher && { 'fetcher ms': fetcher.ms, fetcher: fetcher.what }
})

const only = ({ 'seeder ms': send, 'fetcher ms': receive, seeder, fetcher }) => ({ 'seeder ms': send, 'fetcher ms': receive, seeder, fetcher })

const seedLarge = (place, file) => withBrowsers(place, async ([b]) => {
  const page = await pageFor('shoal', b, place)
  await give(page, file)
  await engineRuns(page)
  const end = await watchTasks(page)
  await seed.shoal(page)
  return figures([await end()])
}, ['a'])

/** A torrent of as many pieces as its file has of 16 KiB: seeded, its metadata fetched, and some of it. */
const manyPieces = (place, file) => withBrowsers(place, async browsers => {
  const pages = [await pageFor('shoal', browsers[0], place), await pageFor('shoal', browsers[1], place)]
  await give(pages[0], file)
  await Promise.all(pages.map(engineRuns))
  const began = await Promise.all(pages.map(watchTasks))
  const { magnet } = await seed.shoal(pages[0], place, { pieceLength: 16 << 10 })
  await pages[1].evaluate(async magnet => {
    const torrent = await client.fetch(magnet)
    await new Promise(resolve => torrent.addEventListener('progress', () => { if (torrent.stats.done > 32e6) resolve() }))
  }, magnet)
  return figures(await Promise.all(began.map(end => end())))
})

/** A page from its first moment to its first verified piece. */
const opened = (place, length) => withBrowsers(place, async browsers => {
  const seeder = await pageFor('shoal', browsers[0], place)
  await give(seeder, { length })
  const { magnet } = await seed.shoal(seeder)
  const page = await browsers[1].newPage()
  const end = await watchTasks(page)
  await page.goto(`${place.origin}/pages/shoal.html`)
  await page.evaluate((magnet, trackers) => new Promise(resolve => {
    const torrent = shoal.createClient({ trackers, iceServers: [] }).add(magnet)
    torrent.addEventListener('progress', () => { if (torrent.stats.done > 0) resolve() })
  }), magnet, [place.tracker])
  return figures([undefined, await end()])
})

export async function tasks ({ scope, rounds = 5, sizes: [length, large] = [100e6, 1e9] }) {
  const place = await loopback(scope)
  const [largeFile, manyFile] = [diskFile(scope, large ?? 1e9), diskFile(scope, 100_000 * (16 << 10))]
  const contenders = {
    transfer: () => transfer(place, 'shoal', { length }, { watch }).then(only),
    WebTorrent: () => transfer(place, 'webtorrent', { length }, { watch }).then(only),
    seeding: () => seedLarge(place, largeFile),
    many: () => manyPieces(place, manyFile),
    start: () => opened(place, 20e6)
  }
  const asked = process.env.TASKS?.split(',') ?? Object.keys(contenders)
  const results = await alternate(rounds, {
    raw: () => raw(place, length, { watch }).then(only),
    ...Object.fromEntries(asked.map(name => [name, contenders[name]]))
  })
  const own = side => median(results.raw.map(one => one[side]))
  return Object.entries(results).flatMap(([name, list]) => ['seeder ms', 'fetcher ms'].filter(side => side in list[0]).map(side => {
    const what = `longest task, ${name}, ${side.slice(0, -3)}`
    const all = list.map(one => one[side])
    if (name === 'raw' || name === 'WebTorrent') return beside(what, all, ' ms')
    return atMost(`${what}, beyond raw's`, all.map(ms => Math.max(0, ms - own(side))), limit, ' ms')
  }))
}
