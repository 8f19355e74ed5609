// A stock WebTorrent page and a Shoal page are peers of one swarm.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browser, clientPage, missing, serve, startHost, startStockTracker, until } from './harness.mjs'

const MiB = 1 << 20
const size = 64 * MiB
const skip = missing('chromium')

const shoal = async (t, origin, tracker) => clientPage(await browser(t), origin, { trackers: [tracker] })

async function webtorrent (t, origin) {
  const b = await browser(t)
  const page = await b.newPage()
  await page.goto(`${origin}/pages/webtorrent.html`)
  await until(() => page.evaluate(() => window.wt !== undefined))
  return page
}

const seedStock = (page, tracker, length) => page.evaluate((tracker, length) => new Promise(resolve => {
  const file = testFile('stock.bin', length, 3)
  wt.seed(file, { announce: [tracker] }, async torrent => resolve({ magnet: torrent.magnetURI, hash: await sha256(file) }))
}), tracker, length)

for (const kind of ['stock', 'our']) {
  const trackerOf = t => kind === 'stock' ? startStockTracker(t) : startHost(t)

  test(`WebTorrent seeds, Shoal fetches, through ${kind === 'stock' ? "bittorrent-tracker's server" : 'our tracker'}`, { skip, timeout: 300_000 }, async t => {
    const origin = await serve(t)
    const { tracker } = await trackerOf(t)
    const [stock, ours] = [await webtorrent(t, origin), await shoal(t, origin, tracker)]
    const seeded = await seedStock(stock, tracker, size)
    const hash = await ours.evaluate(async magnet => {
      const torrent = await client.fetch(magnet)
      await torrent.done
      return sha256(await torrent.files[0].blob())
    }, seeded.magnet)
    assert.equal(hash, seeded.hash)
  })

  test(`Shoal seeds, WebTorrent fetches, through ${kind === 'stock' ? "bittorrent-tracker's server" : 'our tracker'}`, { skip, timeout: 300_000 }, async t => {
    const origin = await serve(t)
    const { tracker } = await trackerOf(t)
    const [stock, ours] = [await webtorrent(t, origin), await shoal(t, origin, tracker)]
    const seeded = await ours.evaluate(async length => {
      const file = testFile('ours.bin', length, 4)
      const torrent = await client.seed(file)
      return { magnet: torrent.magnet, hash: await sha256(file) }
    }, size)
    const hash = await stock.evaluate(magnet => new Promise(resolve => {
      wt.add(magnet, torrent => torrent.once('done', async () => resolve(sha256(await torrent.files[0].blob()))))
    }), seeded.magnet)
    assert.equal(hash, seeded.hash)
  })
}

test('WebTorrent seeds two Shoal pages and is closed when they hold everything together', { skip, timeout: 300_000 }, async t => {
  const origin = await serve(t)
  const { tracker } = await startStockTracker(t)
  const stock = await webtorrent(t, origin)
  const pages = [await shoal(t, origin, tracker), await shoal(t, origin, tracker)]
  const seeded = await seedStock(stock, tracker, size)
  // The two trade slowly with each other, so that each holds another half when
  // the seeder has sent everything once. It begins when both are there.
  for (const page of pages) await page.evaluate(() => { window.uplink = limitUplink(50_000, true) })
  await stock.evaluate(() => { window.uplink = limitUplink(25_000, true) })
  await Promise.all(pages.map(page => page.evaluate(async magnet => { window.torrent = await client.fetch(magnet) }, seeded.magnet)))

  await until(async () => {
    const peers = await Promise.all(pages.map(page => page.evaluate(() => torrent.peers.length)))
    return peers.every(count => count === 2)
  }, 60_000, () => 'all three to be connected')
  await stock.evaluate(() => { uplink.rate = 1_500_000 })

  // The moment is when A and B together hold every piece, neither more than 70 %.
  const pieces = page => page.evaluate(() => ({ bits: Array.from(torrent.pieces ?? []), done: torrent.stats.done, total: torrent.stats.total }))
  let parts = []
  await until(async () => {
    const [a, b] = await Promise.all(pages.map(pieces))
    if (a.bits.length === 0 || b.bits.length === 0) return false
    parts = [a.done / a.total, b.done / b.total]
    assert.ok(parts[0] <= 0.7 && parts[1] <= 0.7, `one page has more than 70 %: ${parts}`)
    return together(a.bits, b.bits, Math.ceil(a.total / await pieceLength(pages[0])))
  }, 200_000, () => `the two to hold everything together: ${parts}`)
  await stock.browser().close()

  for (const page of pages) await page.evaluate(() => { uplink.rate = 1e9 })
  for (const page of pages) {
    const hash = await page.evaluate(async () => {
      await torrent.done
      return sha256(await torrent.files[0].blob())
    })
    assert.equal(hash, seeded.hash)
  }
})

const pieceLength = page => page.evaluate(() => torrent.pieceLength)

// Whether the union of two bitfields has all count bits.
function together (a, b, count) {
  for (let i = 0; i < count; i++) {
    if (!((a[i >> 3] | b[i >> 3]) & (0x80 >> (i & 7)))) return false
  }
  return true
}
