// A file that is seeded in one browser process is fetched in another.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browser, clientPage, missing, serve, startHost } from './harness.mjs'

const MiB = 1 << 20

// Two pages, in two browser processes, with one tracker.
async function pair (t, seeder = 'chromium', fetcher = 'chromium') {
  const [origin, host] = [await serve(t), await startHost(t)]
  const [a, b] = [await browser(t, seeder), await browser(t, fetcher)]
  const options = { trackers: [host.tracker] }
  return { seeder: await clientPage(a, origin, options), fetcher: await clientPage(b, origin, options) }
}

const hashAll = `async torrent => {
  await torrent.done
  const all = {}
  for (const file of torrent.files) all[file.path] = await sha256(await file.blob())
  return all
}`

for (const [seeder, fetcher] of [['chromium', 'chromium'], ['firefox', 'firefox'], ['firefox', 'chromium'], ['chromium', 'firefox']]) {
  test(`64 MiB from ${seeder} to ${fetcher}`, { skip: missing(seeder, fetcher), timeout: 300_000 }, async t => {
    const pages = await pair(t, seeder, fetcher)
    const seeded = await pages.seeder.evaluate(async length => {
      const file = testFile('große Datei.bin', length, 1)
      const torrent = await client.seed(file)
      return { magnet: torrent.magnet, hash: await sha256(file), name: torrent.name }
    }, 64 * MiB)
    const fetched = await pages.fetcher.evaluate(async magnet => {
      const torrent = await client.fetch(magnet)
      await torrent.done
      return { hash: await sha256(await torrent.files[0].blob()), name: torrent.name }
    }, seeded.magnet)
    assert.equal(fetched.hash, seeded.hash)
    assert.equal(fetched.name, 'große Datei.bin')
    assert.equal(seeded.name, fetched.name)
  })
}

test('a folder of 50 files with unicode names, an empty file and a nested directory', { skip: missing('chromium'), timeout: 120_000 }, async t => {
  const pages = await pair(t)
  const seeded = await pages.seeder.evaluate(async () => {
    const files = Array.from({ length: 50 }, (_, i) => {
      const path = i === 7 ? 'Ordner/tief/unten/leer' : i % 5 === 0 ? `Ordner/tief/${i} 漢字.txt` : `Ordner/datei ${i} ünïcode 🐟.bin`
      const file = testFile(path.split('/').at(-1), i === 7 ? 0 : i * 4321, i)
      Object.defineProperty(file, 'webkitRelativePath', { value: path })
      return file
    })
    const torrent = await client.seed(files)
    const hashes = {}
    for (const file of files) hashes[file.webkitRelativePath.replace('Ordner/', '')] = await sha256(file)
    return { magnet: torrent.magnet, hashes, name: torrent.name }
  })
  assert.equal(seeded.name, 'Ordner')
  const fetched = await pages.fetcher.evaluate(`(async () => (${hashAll})(await client.fetch(${JSON.stringify(seeded.magnet)})))()`)
  assert.deepEqual(fetched, seeded.hashes)
})

test('a string, an object and a stream arrive as what they were', { skip: missing('chromium'), timeout: 120_000 }, async t => {
  const pages = await pair(t)
  const magnets = await pages.seeder.evaluate(async () => {
    const stream = new ReadableStream({
      start (controller) {
        for (let i = 0; i < 5; i++) controller.enqueue(bytes(300_000, i))
        controller.close()
      }
    })
    return {
      text: (await client.seed('Grüße aus dem Schwarm 🐟')).magnet,
      json: (await client.seed({ answer: 42, list: [1, 'zwei', null] })).magnet,
      stream: (await client.seed(stream, { name: 'stream.bin' })).magnet,
      bytes: (await client.seed(bytes(100_000, 9), { name: 'bytes.bin' })).magnet
    }
  })
  const got = await pages.fetcher.evaluate(async magnets => {
    const file = async magnet => (await client.fetch(magnet)).files[0]
    return {
      text: await (await file(magnets.text)).text(),
      json: await (await file(magnets.json)).json(),
      stream: await sha256(await (await file(magnets.stream)).blob()),
      bytes: await sha256(await (await file(magnets.bytes)).arrayBuffer()),
      sentStream: await sha256(new Blob([0, 1, 2, 3, 4].map(i => bytes(300_000, i)))),
      sentBytes: await sha256(bytes(100_000, 9))
    }
  }, magnets)
  assert.equal(got.text, 'Grüße aus dem Schwarm 🐟')
  assert.deepEqual(got.json, { answer: 42, list: [1, 'zwei', null] })
  assert.equal(got.stream, got.sentStream)
  assert.equal(got.bytes, got.sentBytes)
})
