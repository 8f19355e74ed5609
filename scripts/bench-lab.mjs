// How fast bytes go over a long way, in the network lab: one page to another,
// beside WebTorrent and the best that raw channels can do, over one to eight
// connections with more or less handed over at once.
//
// LINKS chooses of near, far and lossy.
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { raw, transfer } from './bench-contenders.mjs'
import { alternate, atLeast, beside, ending, median, ratios } from './bench-figures.mjs'
import { rate } from './bench-transfer.mjs'
import { launch } from './browsers.mjs'
import { hostAssets, root, startHost } from './e2e/harness.mjs'
import { noLab, startLab } from './netlab/lab.mjs'

const links = {
  near: { what: '20 ms each way', delay: 20, loss: 0, length: 50e6, webTorrent: 3, best: 0.9 },
  far: { what: '50 ms each way', delay: 50, loss: 0, length: 30e6, webTorrent: 1.5, best: 0.9 },
  lossy: { what: '20 ms each way, 1 % lost', delay: 20, loss: 0.01, length: 50e6, webTorrent: 1.5 }
}
const connections = [1, 2, 4, 8]
const buffers = [64 << 10, 256 << 10, 1 << 20, 4 << 20]
const finalists = 2 // of the raw ways, after all were tried once: they alone run in every round

/** A place with a and b so far from each other; pages and tracker are the host's. */
async function distance (scope, { delay, loss }) {
  const half = { delay: delay / 2, loss: loss / 2 } // of the way between them each has one half
  const lab = await startLab({ hosts: { a: half, b: half, server: {} } })
  scope.after(() => lab.close())
  const { origin, tracker } = await labServer(scope, lab)
  return { origin, tracker, launch: side => launch('chromium', lab.host(side).browser(origin)) }
}

/** The host in the lab's host "server", with the test pages, dist/ or another such folder, and WebTorrent. */
export async function labServer (scope, lab, { dist, port = 8080 } = {}) {
  const { ip, namespace } = lab.host('server')
  const assets = hostAssets(scope, dist)
  cpSync(join(root, 'node_modules/webtorrent/dist'), join(assets, 'web/webtorrent'), { recursive: true })
  const { url: origin, tracker } = await startHost(scope, ['-addr', `${ip}:${port}`, '-stun-addr', 'off', '-assets', assets], namespace)
  return { origin, tracker }
}

/** The raw ways to send that did best, each tried once with a part of the bytes. */
async function bestRaw (place, length) {
  const ways = connections.flatMap(count => buffers.map(buffer => ({ connections: count, buffer })))
  const tried = await alternate(1, Object.fromEntries(ways.map(way => [`raw, ${way.connections} × ${way.buffer >> 10} KiB`, () => raw(place, length / 2, way)])))
  const names = Object.keys(tried)
  const order = names.map((_, i) => i).sort((x, y) => rate(tried[names[y]][0]) - rate(tried[names[x]][0])).slice(0, finalists)
  return Object.fromEntries(order.map(i => [names[i], () => raw(place, length, ways[i])]))
}

async function measure ({ what, webTorrent, best, ...link }, rounds, [length] = [link.length]) {
  const { scope, end } = ending()
  try {
    const place = await distance(scope, link)
    const raws = await bestRaw(place, length)
    const results = await alternate(rounds, {
      ...raws,
      Shoal: () => transfer(place, 'shoal', { length }),
      WebTorrent: () => transfer(place, 'webtorrent', { length })
    })
    const middle = name => median(results[name].map(rate))
    const toBest = ratios(results, 'Shoal', Object.keys(raws).reduce((x, y) => middle(y) > middle(x) ? y : x), rate)
    const name = `lab, ${what}, ${length / 1e6} MB: rate`
    return [
      atLeast(`${name} ÷ WebTorrent`, ratios(results, 'Shoal', 'WebTorrent', rate), webTorrent),
      best ? atLeast(`${name} ÷ the best raw`, toBest, best) : beside(`${name} ÷ the best raw`, toBest),
      beside(name, results.Shoal.map(rate), ' MB/s')
    ]
  } finally {
    await end()
  }
}

export async function lab ({ rounds = 5, sizes }) {
  if (noLab()) return [{ what: 'lab', figure: `none: ${noLab()}` }]
  const outcome = []
  for (const name of process.env.LINKS?.split(',') ?? Object.keys(links)) outcome.push(...await measure(links[name], rounds, sizes))
  return outcome
}
