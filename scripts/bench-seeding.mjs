// How fast a File on the disk is hashed to be seeded, beside a bare loop in the
// same page that slices it and digests each slice, and beside WebTorrent.
import { diskFile, loopback, pageFor, seed, withBrowsers } from './bench-contenders.mjs'
import { alternate, atLeast, beside, ratios } from './bench-figures.mjs'
import { give } from './e2e/harness.mjs'

const pieceLength = 512 << 10 // what both choose for 500 MB

const bareLoop = page => page.evaluate(async pieceLength => {
  const began = performance.now()
  for (let at = 0; at < file.size; at += pieceLength) await crypto.subtle.digest('SHA-1', await file.slice(at, at + pieceLength).arrayBuffer())
  return (performance.now() - began) / 1000
}, pieceLength)

export async function seeding ({ scope, rounds = 5, sizes: [length] = [500e6] }) {
  const [place, file] = [await loopback(scope), diskFile(scope, length)]
  const rate = seconds => length / 1e6 / seconds
  const seeds = (kind, page) => seed[kind](page, place, { pieceLength }).then(({ seconds }) => seconds)
  const inPage = (kind, work) => withBrowsers(place, async ([b]) => {
    const page = await pageFor(kind, b, place)
    await give(page, file)
    return work(page)
  }, ['a'])
  let loopFirst = false
  const results = await alternate(rounds, {
    Shoal: () => inPage('shoal', async page => {
      loopFirst = !loopFirst
      const before = loopFirst && await bareLoop(page)
      const seconds = await seeds('shoal', page)
      return { 'MB/s': rate(seconds), 'bare loop MB/s': rate(before || await bareLoop(page)) }
    }),
    WebTorrent: () => inPage('webtorrent', async page => ({ 'MB/s': rate(await seeds('webtorrent', page)) }))
  })
  const what = `seeding a File of ${length / 1e6} MB on disk`
  return [
    atLeast(`${what} ÷ a bare loop`, results.Shoal.map(one => one['MB/s'] / one['bare loop MB/s']), 0.8),
    atLeast(`${what} ÷ WebTorrent`, ratios(results, 'Shoal', 'WebTorrent', one => one['MB/s']), 8),
    beside(what, results.Shoal.map(one => one['MB/s']), ' MB/s')
  ]
}
