// Where fetched bytes are kept: the origin's private file system where it
// works, memory where it does not, and nothing of it left behind.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { browser, clientPage, missing, root, serve, shoalPage, startHost, until } from './harness.mjs'

const MiB = 1 << 20
const skip = missing('chromium')
const options = { skip, timeout: 120_000 }

/** A seeder in a browser of its own, whose pieces are 256 KiB, and a browser for those who fetch. */
async function world (t, { length = 8 * MiB, uplink, kind = 'chromium', routes, args } = {}) {
  const [origin, { tracker }] = [await serve(t, routes), await startHost(t)]
  const [mine, theirs] = [await browser(t, kind, { args }), await browser(t)]
  const seeder = await clientPage(theirs, origin, { trackers: [tracker] })
  const { magnet, hash } = await seeder.evaluate(async (length, uplink) => {
    if (uplink) limitUplink(uplink)
    const file = testFile('stored.bin', length, 1)
    const torrent = await client.seed(file, { pieceLength: 256 << 10 })
    return { magnet: torrent.magnet, hash: await sha256(file) }
  }, length, uplink)
  const open = async (options, path) => {
    const page = await shoalPage(mine, origin, path)
    await page.evaluate(options => { window.client = shoal.createClient(options) }, { iceServers: [], trackers: [tracker], ...options })
    return page
  }
  return { open, seeder, magnet, hash, origin, tracker, mine }
}

const fetchAll = (page, magnet, options) => page.evaluate(async (magnet, options) => {
  window.torrent = await client.fetch(magnet, options)
  await torrent.done
  return { hash: await sha256(await torrent.files[0].blob()), ...client.stats() }
}, magnet, options)

/** The paths and lengths of all that lies in the page's private file system. */
const stored = page => page.evaluate(async () => {
  const walk = async (folder, path) => {
    const all = []
    for await (const [name, handle] of folder.entries()) {
      if (handle.kind === 'directory') all.push(...await walk(handle, `${path}${name}/`))
      else all.push([`${path}${name}`, (await handle.getFile()).size])
    }
    return all
  }
  return walk(await navigator.storage.getDirectory(), '')
})

const emptied = page => until(async () => (await stored(page)).length === 0, 10_000, () => 'the files to go')

for (const kind of ['chromium', 'firefox']) {
  test(`what is fetched lies in the private file system, and goes with the client: ${kind}`, { ...options, skip: missing('chromium', kind) }, async t => {
    const { open, magnet, hash } = await world(t, { kind, length: 64 * MiB })
    const page = await open()
    const got = await fetchAll(page, magnet)
    assert.equal(got.storeReason, '')
    assert.equal(got.store, 'opfs')
    assert.equal(got.hash, hash)
    const files = await stored(page)
    assert.deepEqual(files.map(([path, length]) => [path.split('/').length, length]), [[4, 64 * MiB]])

    const file = await page.evaluate(async () => {
      const blob = await torrent.files[0].blob()
      const text = await sha256(await new Response(torrent.files[0].stream()).arrayBuffer())
      return { isFile: blob instanceof File, name: blob.name, size: blob.size, type: blob.type, text }
    })
    assert.deepEqual(file, { isFile: true, name: 'stored.bin', size: 64 * MiB, type: 'application/octet-stream', text: hash })

    await page.evaluate(() => client.close())
    assert.deepEqual(await stored(page), [])
    assert.deepEqual(page.faults, [])
  })
}

test('a torrent that is removed takes its bytes with it, others keep theirs', options, async t => {
  const { open, seeder, magnet } = await world(t)
  const page = await open()
  await fetchAll(page, magnet)
  const other = await seeder.evaluate(async () => (await client.seed([testFile('a', 10, 2), testFile('b', 300_000, 3), testFile('c', 0, 4)], { name: 'dir' })).magnet)
  const bytes = await page.evaluate(async other => {
    await torrent.remove()
    const second = await client.fetch(other)
    await second.done
    return Promise.all(second.files.map(async file => [file.name, (await file.blob()).size, await sha256(await file.arrayBuffer())]))
  }, other)
  const want = await page.evaluate(() => Promise.all([['a', 10, 2], ['b', 300_000, 3], ['c', 0, 4]].map(async ([name, length, seed]) => [name, length, await sha256(testFile(name, length, seed))])))
  assert.deepEqual(bytes, want)
  assert.deepEqual((await stored(page)).map(([, length]) => length).sort((a, b) => a - b), [10, 300_000])
})

test('memory where it is asked for, and where the private file system cannot be had', options, async t => {
  const script = readFileSync(`${root}/dist/shoal-worker.js`)
  const answer = prelude => (_, response) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(prelude + script)
  const { open, magnet, hash, origin } = await world(t, {
    length: 2 * MiB,
    routes: {
      '/denied.js': answer("StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('not in this window', 'SecurityError'));"),
      '/readonly.js': answer("FileSystemSyncAccessHandle.prototype.write = () => { throw new DOMException('read-only', 'InvalidStateError') };"),
      '/mute.js': answer('globalThis.addEventListener = () => {};'),
      '/strict.html': (_, response) => response.writeHead(200, {
        'content-type': 'text/html',
        'content-security-policy': "worker-src 'none'"
      }).end('<script src="/dist/shoal.js"></script><script src="/pages/helpers.js"></script>')
    }
  })
  const cases = [
    [{ store: 'memory' }, {}, /'memory'/],
    [{ workerUrl: '/denied.js' }, {}, /not in this window/],
    [{ workerUrl: '/readonly.js' }, {}, /read-only/],
    [{ workerUrl: '/mute.js' }, {}, /has said nothing/],
    [{ workerUrl: '/none.js' }, {}, /cannot be loaded/],
    [{ workerUrl: 'http://127.0.0.1:1/worker.js' }, {}, /cannot be loaded/],
    [{}, { path: '/strict.html' }, /./]
  ]
  for (const [options, { path }, why] of cases) {
    const page = await open(options, path)
    const got = await fetchAll(page, magnet)
    assert.equal(got.store, 'memory', JSON.stringify(options))
    assert.match(got.storeReason, why)
    assert.equal(got.hash, hash)
    await page.evaluate(() => client.close())
    assert.deepEqual(await stored(page), [], JSON.stringify(options))
    await page.close()
  }
  // A single torrent may lie in memory too, and a worker may come from elsewhere.
  const page = await open({ workerUrl: `${origin.replace('localhost', '127.0.0.1')}/dist/shoal-worker.js` })
  const got = await fetchAll(page, magnet, { store: 'memory' })
  assert.deepEqual([got.store, got.storeReason, await stored(page)], ['opfs', '', []])
})

test('a full quota stops the torrent and loses nothing; with room again resume() goes on', options, async t => {
  const { open, magnet, hash, origin } = await world(t, { length: 24 * MiB })
  const page = await open()
  const devtools = await page.createCDPSession()
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 10 * MiB })
  const full = await page.evaluate(async magnet => {
    window.torrent = await client.fetch(magnet)
    const error = await torrent.done.then(() => undefined, error => error)
    return { code: error?.code, message: error?.message, store: client.stats().store, done: torrent.stats.done }
  }, magnet)
  assert.equal(full.code, 'QUOTA', JSON.stringify(full))
  assert.match(full.message, /^\d+ bytes are not stored yet/)
  assert.equal(full.store, 'opfs')

  await devtools.send('Storage.overrideQuotaForOrigin', { origin })
  const got = await page.evaluate(async () => {
    const before = torrent.stats.done
    torrent.resume()
    await torrent.done
    return { before, hash: await sha256(await torrent.files[0].blob()) }
  })
  assert.ok(got.before >= full.done, 'verified bytes were lost')
  assert.equal(got.hash, hash)
})

test('a worker that dies is replaced, and the torrent does not notice', options, async t => {
  const { open, magnet, hash } = await world(t, { length: 24 * MiB, uplink: 2_000_000 })
  const page = await open()
  await page.evaluate(async magnet => {
    window.errors = []
    window.torrent = client.add(magnet)
    torrent.addEventListener('error', ({ detail }) => errors.push(detail.code))
  }, magnet)
  await until(() => page.evaluate(() => client.stats().store === 'opfs'))
  await new Promise(resolve => setTimeout(resolve, 5500)) // so long it has to have lived
  await until(() => page.evaluate(() => torrent.stats.done > 0))
  const [worker] = page.workers()
  await worker.close()
  const got = await page.evaluate(async () => {
    await torrent.done
    return { errors, hash: await sha256(await torrent.files[0].blob()), store: client.stats().store }
  })
  assert.deepEqual(got, { errors: [], hash, store: 'opfs' })
  await page.evaluate(() => client.close())
  await emptied(page)
})

test('where the next worker dies at once, the torrent stops and says so; new ones lie in memory', options, async t => {
  const { open, magnet, hash } = await world(t, { length: 24 * MiB, uplink: 3_000_000 })
  const page = await open()
  await page.evaluate(magnet => { window.torrent = client.add(magnet) }, magnet)
  await until(() => page.evaluate(() => torrent.stats.done > 1 << 20))
  await page.workers()[0].close()
  const got = await page.evaluate(async magnet => {
    const code = await torrent.done.then(() => 'done', error => error.code)
    const { store, storeReason } = client.stats()
    await torrent.remove()
    const again = await client.fetch(magnet)
    await again.done
    return { code, store, storeReason, hash: await sha256(await again.files[0].blob()) }
  }, magnet)
  assert.deepEqual(got, { code: 'STORE', store: 'memory', storeReason: 'the storage worker has stopped', hash })
})

test('two tabs fetch the same torrent, and the one that stays clears up after the one that is gone', options, async t => {
  const { open, magnet, hash } = await world(t)
  const [first, second] = [await open(), await open()]
  const got = await Promise.all([first, second].map(page => fetchAll(page, magnet)))
  assert.deepEqual(got.map(({ store, hash }) => [store, hash]), [['opfs', hash], ['opfs', hash]])
  assert.equal((await stored(second)).length, 2)
  await first.close()
  // What a dead tab has left goes when the next client begins to store.
  const third = await open()
  await fetchAll(third, magnet)
  await until(async () => (await stored(third)).length === 2, 10_000, () => 'the dead tab\'s file to go')
  await second.evaluate(() => client.close())
  await third.evaluate(() => client.close())
  await emptied(third)
})

test('what is fetched is not in the memory of the page', options, async t => {
  const { open, magnet } = await world(t, { length: 192 * MiB, args: ['--js-flags=--expose-gc'] })
  const page = await open()
  const before = await resident(page)
  await page.evaluate(async magnet => {
    window.torrent = await client.fetch(magnet)
    await torrent.done
    gc()
  }, magnet)
  const grew = (await resident(page) - before) / MiB
  t.diagnostic(`a page that fetched 192 MiB grew by ${grew.toFixed(0)} MiB`)
  assert.ok(grew < 150, `the page grew by ${grew} MiB`)
})

/** Bytes of the page's process that lie in memory. */
test('what is seeded is not in the memory of the page', options, async t => {
  const [origin, b] = [await serve(t), await browser(t, 'chromium', { args: ['--js-flags=--expose-gc'] })]
  const path = join(mkdtempSync(join(tmpdir(), 'shoal-seeded-')), 'large.bin')
  t.after(() => rmSync(dirname(path), { recursive: true }))
  writeFileSync(path, '')
  truncateSync(path, 768 * MiB)
  const page = await clientPage(b, origin, { trackers: [] })
  await page.evaluate(() => client.seed('an engine that runs'))
  const input = await page.evaluateHandle(() => Object.assign(document.createElement('input'), { type: 'file' }))
  await input.asElement().uploadFile(path)
  const before = await resident(page)
  await page.evaluate(async input => {
    window.torrent = await client.seed(input.files[0])
    gc()
  }, input)
  const grew = (await resident(page) - before) / MiB
  t.diagnostic(`a page that seeds 768 MiB grew by ${grew.toFixed(0)} MiB`)
  assert.ok(grew < 150, `the page grew by ${grew} MiB`)
})

async function resident (page) {
  const devtools = await page.browser().target().createCDPSession()
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo')
  await devtools.detach()
  const sizes = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) =>
    Number(readFileSync(`/proc/${id}/status`, 'utf8').match(/VmRSS:\s+(\d+) kB/)[1]) * 1024)
  return Math.max(...sizes)
}
