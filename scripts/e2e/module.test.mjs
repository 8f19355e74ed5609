// What the loader and the bridge promise a page, in a real browser.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { browser, missing, serve, shoalPage, startStockTracker } from './harness.mjs'

const skip = missing('chromium')
const options = { skip, timeout: 120_000 }
const classic = '<!doctype html><link rel="icon" href="data:,"><script>window.fs = "mine"; window.before = Reflect.ownKeys(window)</script><script src="/dist/shoal.js"></script>'
const answer = (type, body, headers = {}) => (_, response) => response.writeHead(200, { 'content-type': type, ...headers }).end(body)

async function open (t, routes = {}) {
  // The browser goes first at the end: a tracker waits for its sockets.
  const b = await browser(t)
  const { tracker } = await startStockTracker(t)
  const origin = await serve(t, { '/classic.html': answer('text/html', classic), ...routes })
  const page = await shoalPage(b, origin, '/classic.html')
  page.errors = []
  // Chromium itself complains of a socket that is closed before it has opened.
  page.on('console', message => {
    if (message.type() === 'error' && !message.text().startsWith('WebSocket')) page.errors.push(message.text())
  })
  await page.evaluate(tracker => {
    window.open = more => shoal.createClient({ trackers: [tracker], iceServers: [], ...more })
    window.code = promise => promise.then(() => 'ok', error => error.code ?? String(error))
    window.fileOf = (length, name = 'a.bin') => {
      const bytes = new Uint8Array(length)
      for (let i = 0; i < length; i++) bytes[i] = (i * 2654435761) >>> 13
      return new File([bytes], name)
    }
  }, tracker)
  return { b, origin, page }
}

test('nothing but shoal is left on window, and what the page has there stays', options, async t => {
  const { page } = await open(t)
  const [names, fs] = await page.evaluate(async () => {
    const during = new Set()
    const client = open()
    const watch = setInterval(() => Reflect.ownKeys(window).forEach(name => during.add(name)), 1)
    await client.seed('hello')
    await client.close()
    clearInterval(watch)
    const ours = ['before', 'open', 'code', 'fileOf']
    return [[...during].filter(name => !before.includes(name) && !ours.includes(name)), window.fs]
  })
  assert.deepEqual(names, ['shoal'])
  assert.equal(fs, 'mine')
  assert.deepEqual(page.errors, [])
})

test('a .wasm that cannot be had says why', options, async t => {
  const { page, b, origin } = await open(t, {
    '/html': answer('text/html', '<!doctype html>'),
    '/lie': answer('application/wasm', '<!doctype html>'),
    '/tiny': answer('application/wasm', Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])),
    '/octets': answer('application/octet-stream', readFileSync(new URL('../../dist/shoal.wasm', import.meta.url))),
    '/strict.html': answer('text/html', '<script src="/dist/shoal.js"></script>', { 'content-security-policy': "script-src 'self'" }),
    '/kind.html': answer('text/html', '<script src="/dist/shoal.js"></script>', { 'content-security-policy': "script-src 'self' 'wasm-unsafe-eval'" })
  })
  const table = { '/html': 'WASM_TYPE', '/lie': 'WASM_TYPE', '/tiny': 'WASM_VERSION', '/none': 'WASM_NOT_FOUND', 'http://localhost:1/x': 'WASM_NOT_FOUND', '/octets': 'ok' }
  for (const [wasmUrl, code] of Object.entries(table)) {
    const got = await page.evaluate(async wasmUrl => {
      const client = open({ wasmUrl })
      const got = await code(client.seed('x'))
      await client.close()
      return got
    }, wasmUrl)
    assert.equal(got, code, wasmUrl)
  }
  const seed = () => shoal.createClient({ trackers: [] }).seed('x').then(() => 'ok', error => error.code)
  assert.equal(await (await shoalPage(b, origin, '/strict.html')).evaluate(seed), 'WASM_BLOCKED')
  assert.equal(await (await shoalPage(b, origin, '/kind.html')).evaluate(seed), 'ok')
})

test('an ES module finds the .wasm beside itself', options, async t => {
  const { page } = await open(t)
  assert.equal(await page.evaluate(async () => {
    const { createClient } = await import('/dist/shoal.mjs')
    const client = createClient({ trackers: [] })
    const torrent = await client.seed('hello')
    await client.close()
    return torrent.name
  }), 'text.txt')
})

test('what is seeded is there, and the same input is the same Torrent', options, async t => {
  const { page } = await open(t)
  const got = await page.evaluate(async () => {
    const client = open()
    const hashed = []
    const torrent = await client.seed(fileOf(3 << 20), { onProgress: progress => hashed.push(progress) })
    await torrent.done
    const same = [await client.seed(fileOf(3 << 20)), client.add(torrent.infoHash), await client.fetch(torrent.torrentFile), await client.fetch(torrent.magnet)]
    const got = {
      same: same.map(other => other === torrent),
      torrents: client.torrents.length,
      last: hashed.at(-1),
      stats: [torrent.stats.done, torrent.stats.total, torrent.stats.timeRemaining],
      pieces: torrent.pieces.every(byte => byte === 255),
      file: [torrent.files[0].name, torrent.files[0].length, torrent.files[0].progress]
    }
    await client.close()
    return { ...got, closed: await code(torrent.files[0].text()) }
  })
  assert.deepEqual(got, {
    same: [true, true, true, true],
    torrents: 1,
    last: { done: 3 << 20, total: 3 << 20 },
    stats: [3 << 20, 3 << 20, 0],
    pieces: true,
    file: ['a.bin', 3 << 20, 1],
    closed: 'CLOSED'
  })
  assert.deepEqual(page.errors, [])
})

test('files are chosen, read in every form, and removed', options, async t => {
  const { page } = await open(t)
  const got = await page.evaluate(async () => {
    const seeder = open()
    const client = open()
    const big = fileOf(5 << 20)
    const seeded = await seeder.seed([big, new File(['{"x":1}'], 'b.json')], { name: 'dir' })
    const torrent = client.add(seeded.magnet, { files: file => file.name === 'b.json' })
    await torrent.ready
    await torrent.done
    const [first, second] = torrent.files
    const want = new Uint8Array(await big.arrayBuffer())
    const equal = (bytes, from = 0, to = want.length) => bytes.length === to - from && bytes.every((byte, i) => byte === want[from + i])
    const got = {
      progress: [first.progress, second.progress],
      json: await second.json(),
      early: equal(await first.bytes({ start: 4 << 20, end: (4 << 20) + 1 }), 4 << 20, (4 << 20) + 1),
      stream: equal(new Uint8Array(await new Response(first.stream()).arrayBuffer())),
      blob: equal(new Uint8Array(await (await first.blob()).arrayBuffer())),
      bytes: equal(await first.bytes()),
      range: equal(await first.bytes({ start: 10, end: 3_000_000 }), 10, 3_000_000),
      rest: equal(new Uint8Array(await new Response(first.stream({ start: 99 })).arrayBuffer()), 99),
      empty: (await first.bytes({ start: 7, end: 7 })).length,
      wrong: await code(first.bytes({ start: 2, end: 1 })),
      notJSON: await code(first.json())
    }
    await torrent.remove({ data: true })
    Object.assign(got, { torrents: client.torrents.length, removed: await code(first.text()) })
    await Promise.all([seeder.close(), client.close()])
    return got
  })
  assert.deepEqual(got, {
    progress: [0, 1],
    json: { x: 1 },
    early: true,
    stream: true,
    blob: true,
    bytes: true,
    range: true,
    rest: true,
    empty: 0,
    wrong: 'INVALID_OPTION',
    notJSON: 'INVALID_INPUT',
    torrents: 0,
    removed: 'REMOVED'
  })
  assert.deepEqual(page.errors, [])
})

test('an abort leaves nothing behind, and a claim of another holds', options, async t => {
  const { page } = await open(t)
  const got = await page.evaluate(async () => {
    const client = open()
    const nobodys = '0123456789abcdef0123456789abcdef01234567'
    const aborted = async begin => {
      const abort = new AbortController()
      const ended = code(begin(abort))
      return [ended, abort]
    }
    // While the .wasm loads, while it hashes, while it waits for the metadata.
    const [loading, first] = await aborted(({ signal }) => client.fetch(nobodys, { signal }))
    first.abort('enough')
    const [hashing] = await aborted(abort => client.seed(fileOf(32 << 20), { signal: abort.signal, onProgress: () => abort.abort('enough') }))
    const got = { loading: await loading, hashing: await hashing, torrents: [client.torrents.length] }
    const other = client.add(nobodys)
    const [waiting, second] = await aborted(({ signal }) => client.fetch(nobodys, { signal }))
    await new Promise(resolve => setTimeout(resolve, 300))
    second.abort('enough')
    got.waiting = await waiting
    got.torrents.push(client.torrents.length)
    await other.remove()
    const [alone, third] = await aborted(({ signal }) => client.fetch(nobodys, { signal }))
    await new Promise(resolve => setTimeout(resolve, 300))
    third.abort('enough')
    got.alone = await alone
    await new Promise(resolve => setTimeout(resolve, 300))
    got.torrents.push(client.torrents.length, client.stats().torrents)
    await client.close()
    return got
  })
  assert.deepEqual(got, { loading: 'enough', hashing: 'enough', waiting: 'enough', alone: 'enough', torrents: [0, 1, 0, 0] })
  assert.deepEqual(page.errors, [])
})

test('wrong links and a function that throws reject', options, async t => {
  const { page, origin } = await open(t, { '/not.torrent': answer('application/x-bittorrent', 'not bencoded') })
  const got = await page.evaluate(async origin => {
    const client = open()
    const seeded = await client.seed('content')
    const other = open()
    const codes = []
    for (const link of ['', 'nonsense', 'magnet:?xt=urn:btih:zz', new Uint8Array(9), new Blob(['x']), `${origin}/not.torrent`, `${origin}/none.torrent`, 'magnet:?xt=urn:btmh:1220caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e', 7]) {
      codes.push(await code(other.fetch(link)))
    }
    const thrown = await code(other.fetch(seeded.torrentFile, { files: () => { throw new Error('mine') } }))
    const left = other.torrents.length
    await Promise.all([client.close(), other.close()])
    return { codes, thrown, left }
  }, origin)
  assert.deepEqual(got, {
    codes: ['INVALID_LINK', 'INVALID_LINK', 'INVALID_LINK', 'INVALID_TORRENT', 'INVALID_TORRENT', 'INVALID_TORRENT', 'HTTP', 'UNSUPPORTED_VERSION', 'INVALID_LINK'],
    thrown: 'Error: mine',
    left: 0
  })
})

test('when Go stops, everything pending rejects, and the next call starts anew', options, async t => {
  const { page } = await open(t)
  const got = await page.evaluate(async () => {
    const sockets = []
    const Native = window.WebSocket
    window.WebSocket = class extends Native {
      constructor (...args) { super(...args); sockets.push(this) }
    }
    const client = open()
    const torrent = await client.seed('hello')
    const told = new Promise(resolve => torrent.addEventListener('error', event => resolve(event.detail.code)))
    const pending = code(client.fetch('0123456789abcdef0123456789abcdef01234567'))
    await new Promise(resolve => setTimeout(resolve, 300))
    // No socket of a browser's says this: it is a broken contract, and Go panics.
    for (const socket of sockets) socket.dispatchEvent(new MessageEvent('message', { data: 5 }))
    const got = { told: await told, pending: await pending, text: await code(torrent.files[0].text()), torrents: client.torrents.length }
    got.again = await code(client.seed('hello'))
    await client.close()
    return got
  })
  assert.deepEqual(got, { told: 'INTERNAL', pending: 'INTERNAL', text: 'INTERNAL', torrents: 0, again: 'ok' })
  assert.ok(page.errors.some(line => line.startsWith('panic:')), 'the panic is not in the console')
})
