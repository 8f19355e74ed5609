// Pages that introduce each other, without a tracker.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browser, clientPage, missing, serve, startHost, until } from './harness.mjs'

const skip = missing('chromium')
const length = 4 << 20

const peersOf = page => page.evaluate(() => window.torrent?.peers.map(peer => peer.id) ?? [])

test('four pages that each know only the seeder join each other when every tracker is dead', { skip, timeout: 240_000 }, async t => {
  const origin = await serve(t)
  // Given a tracker for each of four pages, which only the seeder shares with it
  const hosts = await Promise.all([1, 2, 3, 4].map(() => startHost(t)))
  const [left, right] = [await browser(t), await browser(t)]
  const seeder = await clientPage(left, origin, { trackers: hosts.map(host => host.tracker) })
  const { magnet, hash } = await seeder.evaluate(async length => {
    const file = testFile('met.bin', length, 21)
    window.torrent = await client.seed(file)
    client.setLimits({ upload: 50_000 }) // so that it takes longer than the meeting
    return { magnet: `magnet:?xt=urn:btih:${torrent.infoHash}`, hash: await sha256(file) }
  }, length)
  const pages = []
  for (const [i, host] of hosts.entries()) {
    const page = await clientPage([left, right][i % 2], origin, { trackers: [host.tracker] })
    await page.evaluate(magnet => { window.torrent = client.add(magnet) }, magnet)
    await until(async () => (await peersOf(page)).length > 0, 60_000, () => 'a first connection')
    // When its first connection is made, its tracker dies
    host.process.kill('SIGKILL')
    pages.push(page)
  }
  // Then every page comes to know every other
  const began = Date.now()
  await until(async () => (await Promise.all(pages.map(peersOf))).every(peers => new Set(peers).size === 4), 90_000,
    () => 'every page to have four peers')
  t.diagnostic(`a full mesh of five ${((Date.now() - began) / 1000).toFixed(1)} s after the last tracker died`)
  // and they share the file
  await seeder.evaluate(() => client.setLimits({}))
  for (const page of pages) {
    assert.equal(await page.evaluate(async () => {
      await torrent.done
      return sha256(await torrent.files[0].blob())
    }), hash)
  }
})

test('a private torrent is kept from those who do not know its tracker', { skip, timeout: 120_000 }, async t => {
  const origin = await serve(t)
  const [own, other] = [await startHost(t), await startHost(t)]
  const b = await browser(t)
  const seeder = await clientPage(b, origin, { trackers: [own.tracker] })
  const file = await seeder.evaluate(async () => {
    window.torrent = await client.seed(testFile('secret.bin', 1 << 20, 22), { private: true })
    return Array.from(torrent.torrentFile)
  })
  // Given one who has the .torrent file, and asks its own tracker too
  const member = await clientPage(b, origin, { trackers: [other.tracker] })
  const heard = async () => {
    const metrics = await (await fetch(`${other.url}/metrics`)).text()
    return Number(/^shoal_tracker_messages_total (\d+)$/m.exec(metrics)[1])
  }
  const magnet = await member.evaluate(async file => {
    window.torrent = await client.fetch(new Uint8Array(file))
    await torrent.done
    return torrent.magnet
  }, file)
  // Then it fetches by the torrent's tracker, and the other never heard of it
  assert.ok(magnet.includes(encodeURIComponent(own.tracker)))
  assert.equal(await heard(), 0)
  // which hears of others
  await member.evaluate(() => client.seed('not private'))
  await until(async () => await heard() > 0, 30_000, () => 'its tracker to hear of a public torrent')
})
