// A client's session outlives its page: a reload, a crash, a flipped byte.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientPage, missing } from './harness.mjs'
import { back, begin, finish, kill, reach, world } from './session.mjs'

const MiB = 1 << 20
const skip = missing('chromium')
const options = { skip, timeout: 180_000 }

// Firefox, beside other work, takes longer to start Go and a worker.
for (const [kind, limit] of [['chromium', 1000], ['firefox', 5000]]) {
  test(`a reload in the middle of a fetch keeps every piece: ${kind}`, { ...options, skip: missing('chromium', kind) }, async t => {
    const { open, resume, seeder, magnet, hash } = await world(t, { kind })
    const page = await open()
    await begin(page, magnet)
    assert.equal(await page.evaluate(() => client.stats().store), 'opfs')
    const before = await reach(page, 50 * MiB)
    await page.reload()
    await resume(page)
    const again = await back(page)
    t.diagnostic(`${kind}: ${(again.done / MiB).toFixed(1)} MiB were known again after ${again.took?.toFixed(0)} ms`)
    assert.deepEqual(again.warnings, [])
    assert.equal(again.store, 'opfs')
    assert.ok(again.done >= before - 16 * MiB, `${again.done} bytes are back of ${before}`)
    assert.ok(again.took < limit, `known after ${again.took} ms`)
    const { hash: got, length } = await finish(page)
    assert.equal(got, hash)
    // What has left the seeder twice, what was on its way at the reload included.
    const twice = await seeder.evaluate(() => seeded.stats.uploaded) - length
    t.diagnostic(`${kind}: ${(twice / MiB).toFixed(1)} MiB were sent again`)
    assert.ok(twice <= 16 * MiB, `${twice} bytes were fetched again`)
    assert.deepEqual(page.faults, [])
  })
}

test('after a reload it seeds at once, to one whom nobody else can serve', options, async t => {
  const { open, resume, seeder, magnet, hash, origin, tracker, mine } = await world(t, { length: 20 * MiB })
  const page = await open()
  await begin(page, magnet)
  await finish(page)
  await page.reload()
  await seeder.evaluate(() => client.close())
  await resume(page)
  const again = await back(page)
  assert.equal(again.done, 20 * MiB)
  const other = await clientPage(mine, origin, { trackers: [tracker], store: 'memory' })
  const got = await other.evaluate(async magnet => {
    const torrent = await client.fetch(magnet)
    await torrent.done
    return sha256(await torrent.files[0].blob())
  }, magnet)
  assert.equal(got, hash)
  assert.equal(await page.evaluate(() => torrent.stats.downloaded), 0)
})

// KILLS, four unless it is given, at random points, a few MiB after each other.
const kills = Number(process.env.KILLS ?? 4)
test('the renderer is killed again and again, and the file is right in the end', { skip, timeout: kills * 45_000 }, async t => {
  const { open, seeder, magnet, hash } = await world(t, { length: Math.max(40, 5 * kills) * MiB, uplink: 6_000_000 })
  let [page, known] = [await open(), 0]
  await begin(page, magnet)
  for (let killed = 0; killed < kills; killed++) {
    const more = (1 + killed % 4) * MiB
    await reach(page, known + more)
    const later = Math.random() * 300
    t.diagnostic(`killed ${later.toFixed()} ms after ${((known + more) / MiB).toFixed(1)} MiB`)
    await new Promise(resolve => setTimeout(resolve, later))
    await kill(page)
    page = await open()
    const again = await back(page)
    assert.deepEqual(again.warnings, [])
    assert.ok(again.done >= known, `${again.done} bytes are back, after ${known}`)
    known = again.done
  }
  await seeder.evaluate(() => { uplink.rate = 1e9 })
  const { hash: got, length } = await finish(page)
  assert.equal(got, hash)
  const twice = await seeder.evaluate(() => seeded.stats.uploaded) - length
  t.diagnostic(`${(twice / MiB).toFixed(1)} MiB were sent again in all`)
  assert.ok(twice <= kills * 4 * MiB, `${twice} bytes were sent again`)
})

test('a byte that is flipped in the private file system is found, fetched again and never given', options, async t => {
  const { open, resume, magnet, hash } = await world(t, { length: 8 * MiB })
  const page = await open()
  await begin(page, magnet)
  await finish(page)
  await page.evaluate(() => client.close())
  await page.evaluate(async () => {
    const find = async folder => {
      for await (const handle of folder.values()) {
        const found = handle.kind === 'directory' ? await find(handle) : (await handle.getFile()).size === 8 << 20 && handle
        if (found) return found
      }
    }
    const file = await find(await navigator.storage.getDirectory())
    const before = new Uint8Array(await (await file.getFile()).slice(5 << 20, (5 << 20) + 1).arrayBuffer())
    const writable = await file.createWritable({ keepExistingData: true })
    await writable.write({ type: 'write', position: 5 << 20, data: Uint8Array.of(before[0] ^ 1) })
    await writable.truncate((8 << 20) - 1000)
    await writable.close()
  })
  await page.reload()
  await resume(page)
  const again = await back(page)
  assert.equal(again.done, 8 * MiB)
  const { hash: got, downloaded } = await finish(page)
  assert.equal(got, hash)
  assert.ok(downloaded > 0 && downloaded <= MiB, `${downloaded} bytes were fetched again`)
})

test('a removed torrent stays away, and a second page leaves the session alone', options, async t => {
  const { open, resume, magnet } = await world(t, { length: 2 * MiB })
  const page = await open()
  await begin(page, magnet)
  await finish(page)
  const second = await open()
  assert.deepEqual(await second.evaluate(async () => (await client.resumed).length), 0)
  assert.match((await second.evaluate(() => warnings)).join(), /^SESSION: another client/)
  await begin(second, magnet)
  await finish(second)
  await second.close()
  await page.evaluate(() => torrent.remove({ data: true }))
  await page.reload()
  await resume(page)
  assert.deepEqual(await page.evaluate(async () => (await client.resumed).length), 0)
  assert.deepEqual(await page.evaluate(() => warnings), [])
})
