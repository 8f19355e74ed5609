// What a file larger than memory costs in memory: it lies on the disk, one page
// seeds it and another fetches it, and both renderers are weighed from outside
// against that of a page with nothing in it.
import { diskFile, loopback, pageFor, seed, withBrowsers } from './bench-contenders.mjs'
import { alternate, atMost, beside, rendererBytes } from './bench-figures.mjs'
import { give, until } from './e2e/harness.mjs'

const MiB = 1 << 20
const limit = 150

/** What the renderers of a browser with an empty page hold, in bytes. */
const emptyPage = place => withBrowsers(place, async ([b]) => {
  await (await b.newPage()).goto(`${place.origin}/pages/raw.html`) // which is not there
  await new Promise(resolve => setTimeout(resolve, 1000))
  return rendererBytes(b).now
}, ['a'])

async function weigh (place, file) {
  const empty = await emptyPage(place)
  return withBrowsers(place, async browsers => {
    const [seeder, fetcher] = [await pageFor('shoal', browsers[0], place), await pageFor('shoal', browsers[1], place)]
    await give(seeder, file)
    const { magnet, seconds } = await seed.shoal(seeder)
    const above = bytes => (bytes - empty) / MiB
    const seeded = above(rendererBytes(browsers[0]).peak)
    const began = performance.now()
    await fetcher.evaluate(magnet => { window.torrent = client.add(magnet) }, magnet)
    const shape = []
    await until(async () => {
      const done = await fetcher.evaluate(() => torrent.stats.done)
      const quarter = Math.floor(4 * done / file.length)
      shape[quarter] ??= browsers.map(b => above(rendererBytes(b).now).toFixed()).join('/')
      return done === file.length
    }, 3_600_000, () => 'all of it')
    const took = (performance.now() - began) / 1000
    const store = await fetcher.evaluate(() => client.stats().store)
    const [send, receive] = browsers.map(rendererBytes)
    return {
      'seeded, peak MiB': seeded,
      'seeder, peak MiB': above(send.peak),
      'seeder, end MiB': above(send.now),
      'fetcher, peak MiB': above(receive.peak),
      'fetcher, end MiB': above(receive.now),
      'empty page MiB': empty / MiB,
      'seeding MB/s': file.length / 1e6 / seconds,
      'fetching MB/s': file.length / 1e6 / took,
      'by quarters': shape.join(' '),
      store
    }
  })
}

export async function memory ({ scope, rounds = 1, sizes = [400e6, 4 * 2 ** 30] }) {
  const place = await loopback(scope)
  const name = length => `${(length / MiB).toFixed()} MiB`
  const results = await alternate(rounds, Object.fromEntries(sizes.map(length => {
    const file = diskFile(scope, length, 1)
    return [name(length), () => weigh(place, file)]
  })))
  return sizes.flatMap(length => ['seeder', 'fetcher'].flatMap(side => [
    atMost(`memory of a ${side} of ${name(length)} above an empty page, peak`, results[name(length)].map(one => one[`${side}, peak MiB`]), limit, ' MiB'),
    beside(`memory of a ${side} of ${name(length)} above an empty page, end`, results[name(length)].map(one => one[`${side}, end MiB`]), ' MiB')
  ]))
}
