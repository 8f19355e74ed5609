// How fast bytes go from one page to another, and to four, on one machine, and
// what that costs the processors.
import { diskFile, loopback, raw, transfer as move } from './bench-contenders.mjs'
import { alternate, atLeast, atMost, beside, ratios } from './bench-figures.mjs'

export const rate = figures => figures['first to last byte MB/s']
const time = figures => figures['until all have it s']
const seconds = figures => figures['CPU s, seeder'] + figures['CPU s, fetchers']

/** One page to another. */
export async function transfer ({ scope, rounds = 7, sizes: [length] = [100e6] }) {
  const place = await loopback(scope)
  const results = await alternate(rounds, {
    raw: () => raw(place, length),
    Shoal: () => move(place, 'shoal', { length }),
    WebTorrent: () => move(place, 'webtorrent', { length })
  })
  const what = `1→1, ${length / 1e6} MB: `
  return [
    atLeast(`${what}rate ÷ raw`, ratios(results, 'Shoal', 'raw', rate), 0.9),
    atLeast(`${what}rate ÷ WebTorrent`, ratios(results, 'Shoal', 'WebTorrent', rate), 1.4),
    beside(`${what}fetch() to done`, results.Shoal.map(time), ' s'),
    beside(`${what}fetch() to done ÷ WebTorrent`, ratios(results, 'Shoal', 'WebTorrent', time)),
    beside(`${what}CPU ÷ raw`, ratios(results, 'Shoal', 'raw', seconds))
  ]
}

/** One page to four. */
export async function four ({ scope, rounds = 5, sizes: [length] = [100e6] }) {
  const place = await loopback(scope)
  const results = await alternate(rounds, {
    raw: () => raw(place, length, { fetchers: 4 }),
    Shoal: () => move(place, 'shoal', { length }, { fetchers: 4 }),
    WebTorrent: () => move(place, 'webtorrent', { length }, { fetchers: 4 })
  })
  const what = `1→4, ${length / 1e6} MB: until all have it`
  return [
    atMost(`${what} ÷ raw`, ratios(results, 'Shoal', 'raw', time), 1.15),
    beside(`${what} ÷ WebTorrent`, ratios(results, 'Shoal', 'WebTorrent', time)),
    beside(what, results.Shoal.map(time), ' s')
  ]
}

/** A file so long that what a page costs to start no longer counts. */
export async function cpu ({ scope, rounds = 5, sizes: [length] = [1e9] }) {
  const [place, file] = [await loopback(scope), diskFile(scope, length, 1)]
  const results = await alternate(rounds, {
    raw: () => raw(place, length),
    Shoal: () => move(place, 'shoal', file)
  })
  const what = `1→1, ${length / 1e6} MB: `
  return [
    atMost(`${what}CPU ÷ raw`, ratios(results, 'Shoal', 'raw', seconds), 1.3),
    beside(`${what}rate ÷ raw`, ratios(results, 'Shoal', 'raw', rate))
  ]
}
