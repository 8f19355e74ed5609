// Rate limits, and what a reader gets first.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browser, clientPage, missing, serve, startHost, until } from './harness.mjs'

const skip = missing('chromium')
const MiB = 1 << 20

async function pair (t, seederOptions = {}, fetcherOptions = {}) {
  const [origin, { tracker }] = [await serve(t), await startHost(t)]
  const [left, right] = [await browser(t), await browser(t)]
  const open = (b, options) => clientPage(b, origin, { trackers: [tracker], ...options })
  return [await open(left, seederOptions), await open(right, fetcherOptions)]
}

const seed = (page, length, options) => page.evaluate(async (length, options) => {
  window.torrent = await client.seed(testFile('limited.bin', length, 51), options)
  return torrent.magnet
}, length, options)

/** Waits until so many bytes are verified. */
const past = (page, bytes) => until(() => page.evaluate(bytes => torrent.stats.done > bytes, bytes))

// What arrives in ten seconds, after the first had time to begin.
async function tenSeconds (page) {
  await past(page, MiB)
  return page.evaluate(async () => {
    const [began, had] = [performance.now(), torrent.stats.downloaded]
    await new Promise(resolve => setTimeout(resolve, 10_000))
    return (torrent.stats.downloaded - had) / ((performance.now() - began) / 1000)
  })
}

for (const [what, side, seeder, fetcher, late] of [
  ['an upload limit', 'upload', { uploadLimit: 1_500_000 }],
  ['a download limit', 'download', {}, { downloadLimit: 1_500_000 }],
  ['a limit that is set while the client starts,', 'download', {}, {}, { download: 1_500_000 }]
]) {
  test(`${what} of 1.5 MB/s holds over ten seconds`, { skip, timeout: 120_000 }, async t => {
    const [from, to] = await pair(t, seeder, fetcher)
    const magnet = await seed(from, 32 * MiB)
    await to.evaluate((magnet, late) => {
      window.torrent = client.add(magnet)
      if (late) client.setLimits(late)
    }, magnet, late)
    const off = async () => {
      const rate = await tenSeconds(to)
      t.diagnostic(`${(rate / 1e6).toFixed(3)} MB/s`)
      assert.ok(rate <= 1_500_000 * 1.05, `${rate} bytes per second are too many`)
      return 1 - rate / 1_500_000
    }
    // A machine that stands still for a second in between is measured once more.
    assert.ok(await off() <= 0.05 || await off() <= 0.05, 'fewer than the limit allows')
    // When the limit is taken away, the rest comes at once
    const began = Date.now()
    await (side === 'upload' ? from : to).evaluate(() => client.setLimits({}))
    await to.evaluate(() => torrent.done)
    t.diagnostic(`the rest in ${((Date.now() - began) / 1000).toFixed(1)} s`)
    assert.ok(Date.now() - began < 8_000, 'the limit was not taken away')
  })
}

test('a reader that seeks gets what it needs first', { skip, timeout: 120_000 }, async t => {
  const [from, to] = await pair(t, { uploadLimit: 1_000_000 })
  const magnet = await seed(from, 24 * MiB, { pieceLength: 1 << 18 })
  await to.evaluate(async magnet => { window.torrent = await client.fetch(magnet) }, magnet)
  await past(to, MiB)
  // When it jumps close to the end
  const { seconds, done } = await to.evaluate(async () => {
    const began = performance.now()
    const reader = torrent.files[0].stream({ start: 20 << 20 }).getReader()
    const { value } = await reader.read()
    const seconds = (performance.now() - began) / 1000
    const right = bytes(24 << 20, 51).subarray(20 << 20, (20 << 20) + value.length)
    if (!right.every((byte, i) => byte === value[i])) throw new Error('other bytes')
    await reader.cancel()
    return { seconds, done: torrent.stats.done / torrent.stats.total }
  })
  t.diagnostic(`a megabyte from 20 MiB on came after ${seconds.toFixed(2)} s, with ${(done * 100).toFixed(0)} % of the file there`)
  assert.ok(done < 0.5, 'the reader waited for half of the file')
})

test('a sequential fetch gets the pieces in their order', { skip, timeout: 120_000 }, async t => {
  const [from, to] = await pair(t, { uploadLimit: 2_000_000 })
  const magnet = await seed(from, 16 * MiB, { pieceLength: 1 << 18 })
  await to.evaluate(async magnet => { window.torrent = await client.fetch(magnet, { order: 'sequential' }) }, magnet)
  await past(to, 6 * MiB)
  const pieces = await to.evaluate(() => Array.from(torrent.pieces))
  const has = i => (pieces[i >> 3] & (0x80 >> (i & 7))) !== 0
  const first = [...Array(64).keys()].find(i => !has(i))
  const after = [...Array(64).keys()].filter(i => i > first && has(i)).length
  assert.ok(first >= 18 && after <= 6, `all before ${first}, and ${after} after it`)
})
