// Swarms of several pages, and seeders that go away.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browser, missing, serve, shoalPage, startHost, until } from './harness.mjs'

const MiB = 1 << 20
const skip = missing('chromium')

const open = async (b, origin, tracker, uplink) => {
  const page = await shoalPage(b, origin)
  await page.evaluate((tracker, uplink) => {
    if (uplink) window.uplink = limitUplink(uplink)
    window.client = shoal.createClient({ trackers: [tracker], iceServers: [] })
  }, tracker, uplink)
  return page
}

const seed = (page, length, value) => page.evaluate(async (length, value) => {
  const file = testFile('swarm.bin', length, value)
  window.torrent = await client.seed(file)
  return { magnet: torrent.magnet, hash: await sha256(file) }
}, length, value)

const fetchAll = (page, magnet) => page.evaluate(async magnet => {
  const began = performance.now()
  window.torrent = await client.fetch(magnet)
  await torrent.done
  return { hash: await sha256(await torrent.files[0].blob()), seconds: (performance.now() - began) / 1000 }
}, magnet)

test('five fetchers of one seeder with a narrow uplink share the work', { skip, timeout: 300_000 }, async t => {
  const [origin, { tracker }] = [await serve(t), await startHost(t)]
  const [left, right] = [await browser(t), await browser(t)]
  const length = 16 * MiB
  const seeder = await open(left, origin, tracker, 3_000_000)

  const alone = await seed(seeder, length, 5)
  const single = await fetchAll(await open(right, origin, tracker), alone.magnet)
  assert.equal(single.hash, alone.hash)

  const shared = await seed(seeder, length, 6)
  const before = await seeder.evaluate(() => uplink.sent)
  const fetchers = await Promise.all([left, right, right, right, right].map(b => open(b, origin, tracker)))
  const all = await Promise.all(fetchers.map(page => fetchAll(page, shared.magnet)))
  const copies = (await seeder.evaluate(() => uplink.sent) - before) / length
  const seconds = Math.max(...all.map(one => one.seconds))
  t.diagnostic(`one fetcher ${single.seconds.toFixed(1)} s, five ${seconds.toFixed(1)} s, the seeder sent ${copies.toFixed(2)} copies`)
  for (const one of all) assert.equal(one.hash, shared.hash)
  assert.ok(copies < 3, `the seeder sent ${copies} copies`)
})

test('a fetch goes on with a new seeder when the first one vanishes', { skip, timeout: 180_000 }, async t => {
  const [origin, { tracker }] = [await serve(t), await startHost(t)]
  const fetcher = await open(await browser(t), origin, tracker)
  const first = await open(await browser(t), origin, tracker, 4_000_000)
  const { magnet, hash } = await seed(first, 32 * MiB, 7)
  const fetched = fetchAll(fetcher, magnet)
  await until(() => fetcher.evaluate(() => window.torrent?.stats.done > 4 << 20))
  await first.close()
  const had = await fetcher.evaluate(() => torrent.stats.done)
  assert.ok(had < 32 * MiB, 'the seeder vanished too late')

  const second = await open(await browser(t), origin, tracker)
  assert.equal((await seed(second, 32 * MiB, 7)).magnet, magnet)
  assert.equal((await fetched).hash, hash)
  const downloaded = await fetcher.evaluate(() => torrent.stats.downloaded)
  assert.ok(downloaded < 40 * MiB, `fetched ${downloaded} bytes in all: what was there was not kept`)
})
