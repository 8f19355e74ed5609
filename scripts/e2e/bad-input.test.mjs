// What goes wrong is told, by a ShoalError with its code, and takes nothing
// else with it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { WebSocketServer } from 'ws'
import { browser, missing, root, serve, shoalPage, startHost, until } from './harness.mjs'

const MiB = 1 << 20
const skip = missing('chromium')
const nobody = '0123456789'.repeat(4)

// A page with a client, at these trackers.
async function open (b, origin, ...trackers) {
  const page = await shoalPage(b, origin)
  await page.evaluate((trackers, nobody) => {
    Object.assign(window, { trackers, nobody })
    window.client = shoal.createClient({ trackers, iceServers: [] })
    // The warnings and errors of a torrent from now on.
    window.listen = torrent => {
      torrent.told = []
      for (const kind of ['warning', 'error']) {
        torrent.addEventListener(kind, ({ detail }) => torrent.told.push({
          kind, code: detail.code, message: detail.message, isShoalError: detail instanceof shoal.ShoalError
        }))
      }
      return torrent
    }
  }, trackers, nobody)
  return page
}

// A page, and all that it needs, in a browser of its own.
async function alone (t) {
  const [origin, { tracker }] = [await serve(t), await startHost(t)]
  const b = await browser(t)
  return { origin, tracker, b, page: await open(b, origin, tracker) }
}

// What becomes of a call in a page: 'nothing', or the code and message of the
// ShoalError that it throws or rejects with.
const outcome = (page, call) => page.evaluate(`(async () => {
  try {
    await (${call})()
    return 'nothing'
  } catch (error) {
    if (!(error instanceof shoal.ShoalError)) return 'not a ShoalError: ' + error
    return { code: error.code, message: error.message }
  }
})()`)

// A row is a call, the code it must fail with, and what the message must name.
async function refuses (page, call, code, named = '') {
  const result = await outcome(page, call)
  assert.equal(result.code, code, `${call} ends with ${JSON.stringify(result)}`)
  assert.ok(result.message.includes(named), `"${result.message}" does not name ${named}`)
}

// Each row as a test of its own; then nothing is left, and the client works.
async function rowsOf (t, { b, origin, tracker, page }, rows) {
  for (const [name, call, code, named] of rows) await t.test(name, () => refuses(page, call, code, named))
  await t.test('and the client works afterwards', async () => {
    await isEmpty(page)
    await meet(page, await open(b, origin, tracker))
    assert.deepEqual(page.faults, [])
  })
}

// No torrent is left in the client.
const isEmpty = page => until(
  () => page.evaluate(() => client.torrents.length === 0 && client.stats().torrents === 0),
  5_000, () => 'the client to have no torrent left')

// What one page seeds the other gets, and both let it go again.
async function meet (seeder, fetcher) {
  const seeded = await seeder.evaluate(async () => {
    const file = testFile('good.bin', 300_000, performance.now())
    window.good = await client.seed(file)
    return { magnet: good.magnet, hash: await sha256(file) }
  })
  const hash = await fetcher.evaluate(async magnet => {
    const torrent = await client.fetch(magnet)
    const hash = await sha256(await torrent.files[0].blob())
    await torrent.remove()
    return hash
  }, seeded.magnet)
  assert.equal(hash, seeded.hash)
  await seeder.evaluate(() => good.remove())
}

const told = (page, code, limit = 60_000, torrent = 'torrent') => until(
  () => page.evaluate(`${torrent}.told.find(({ code }) => code === '${code}')`),
  limit, () => `${code} to be told`)

// A .torrent file with that info dictionary, as bytes that a page can make.
const pieces = count => `6:pieces${20 * count}:${'x'.repeat(20 * count)}`
const torrentFile = info => `Uint8Array.from(${JSON.stringify(`d4:infod${info}ee`)}, c => c.charCodeAt(0))`
const oneFile = (length, count = 1) => `6:lengthi${length}e4:name5:a.txt12:piece lengthi16384e${pieces(count)}`
const inFolder = path => `5:filesld6:lengthi5e4:pathl${path}eee4:name1:a12:piece lengthi16384e${pieces(1)}`

const fetches = source => `() => client.fetch(${source})`

test('links and .torrent files that are none', { skip, timeout: 120_000 }, async t => {
  const pages = await alone(t)
  for (const good of [oneFile(5), inFolder('5:a.txt')]) {
    const call = `async () => (await client.fetch(${torrentFile(good)})).remove()`
    assert.equal(await outcome(pages.page, call), 'nothing', 'the good file of which bad ones are made')
  }
  await rowsOf(t, pages, [
    ['a link that is no link', fetches("'what is this'"), 'INVALID_LINK'],
    ['an empty link', fetches("''"), 'INVALID_LINK'],
    ['a link that is undefined', fetches('undefined'), 'INVALID_LINK'],
    ['a link that is a number', fetches('42'), 'INVALID_LINK'],
    ['a magnet link without an info hash', fetches("'magnet:?dn=nothing'"), 'INVALID_LINK'],
    ['an info hash that is too short', fetches("'magnet:?xt=urn:btih:0123'"), 'INVALID_LINK'],
    ['a link of another scheme', fetches("'ftp://example.com/a.torrent'"), 'INVALID_LINK'],
    ['a btmh link', fetches(`'magnet:?xt=urn:btmh:1220${'ab'.repeat(32)}'`), 'UNSUPPORTED_VERSION'],
    ['no bytes at all', fetches('new Uint8Array()'), 'INVALID_TORRENT'],
    ['bytes that are no .torrent', fetches('bytes(1000, 1)'), 'INVALID_TORRENT'],
    ['a Blob that is no .torrent', fetches("new Blob(['<!doctype html>'])"), 'INVALID_TORRENT'],
    ['a truncated .torrent', fetches(`${torrentFile(oneFile(5))}.slice(0, -30)`), 'INVALID_TORRENT'],
    ['a negative length', fetches(torrentFile(oneFile(-5))), 'INVALID_TORRENT'],
    ['a length beyond 64 bits', fetches(torrentFile(oneFile('9'.repeat(30)))), 'INVALID_TORRENT'],
    ['a path that climbs', fetches(torrentFile(inFolder('2:..5:a.txt'))), 'INVALID_TORRENT'],
    ['a path with a slash inside', fetches(torrentFile(inFolder('8:../a.txt'))), 'INVALID_TORRENT'],
    ['an empty path', fetches(torrentFile(inFolder(''))), 'INVALID_TORRENT'],
    ['too few pieces for the length', fetches(torrentFile(oneFile(16385))), 'INVALID_TORRENT'],
    ['too many pieces for the length', fetches(torrentFile(oneFile(16384, 2))), 'INVALID_TORRENT'],
    ['a digest cut in two', fetches(torrentFile(oneFile(5).replace(/6:pieces.*/, `6:pieces19:${'x'.repeat(19)}`))), 'INVALID_TORRENT'],
    ['pieces of no length', fetches(torrentFile(oneFile(5).replace('i16384e', 'i0e'))), 'INVALID_TORRENT']
  ])
})

test('options that are unknown, out of range or not there yet', { skip, timeout: 120_000 }, async t => {
  const client = options => `() => shoal.createClient(${options})`
  const seed = options => `() => client.seed('text', ${options})`
  const fetch = options => `() => client.fetch(nobody, ${options})`
  const seeded = call => `async () => {
    const torrent = await client.seed('text')
    try {
      await (${call})(torrent.files[0])
    } finally {
      await torrent.remove()
    }
  }`
  await rowsOf(t, await alone(t), [
    ['createClient: unknown', client('{ trackrs: [] }'), 'INVALID_OPTION', 'trackrs'],
    ['createClient: no options', client('null'), 'INVALID_OPTION', 'options'],
    ['createClient: a tracker over HTTP', client("{ trackers: ['http://example.com/announce'] }"), 'INVALID_OPTION', 'trackers'],
    ['createClient: an upload limit of nothing', client('{ uploadLimit: 0 }'), 'INVALID_OPTION', 'uploadLimit'],
    ['createClient: a download limit below zero', client('{ downloadLimit: -1 }'), 'INVALID_OPTION', 'downloadLimit'],
    ['setLimits: not a number', "() => client.setLimits({ upload: 'fast' })", 'INVALID_OPTION', 'upload'],
    ['seed: a web seed that is none', seed("{ webSeeds: ['ftp://example.com/'] }"), 'INVALID_OPTION', 'webSeeds'],
    ['fetch: a web seed that is none', fetch("{ webSeeds: ['example.com'] }"), 'INVALID_OPTION', 'webSeeds'],
    ['a priority beyond seven', seeded('file => file.select(8)'), 'INVALID_OPTION', 'priority'],
    ['createClient: no connections', client('{ maxConnections: 0 }'), 'INVALID_OPTION', 'maxConnections'],
    ['seed: unknown', seed('{ nmae: 1 }'), 'INVALID_OPTION', 'nmae'],
    ['seed: a piece length that is no power of two', seed('{ pieceLength: 100_000 }'), 'INVALID_OPTION', 'pieceLength'],
    ['seed: a signal that is none', seed('{ signal: {} }'), 'INVALID_OPTION', 'signal'],
    ['fetch: unknown', fetch('{ sequential: true }'), 'INVALID_OPTION', 'sequential'],
    ['fetch: files that are no numbers', fetch("{ files: ['a.txt'] }"), 'INVALID_OPTION', 'files'],
    ['fetch: an order that is none', fetch("{ order: 'backwards' }"), 'INVALID_OPTION', 'order'],
    ['add: unknown', '() => { client.add(nobody, { sequential: true }) }', 'INVALID_OPTION', 'sequential'],
    ['a range that is none', seeded('file => file.bytes({ start: 3, end: 2 })'), 'INVALID_OPTION', 'range'],

    ['createClient: bootstrap', client('{ bootstrap: [] }'), 'UNSUPPORTED', 'bootstrap'],
    ['createClient: resume', client("{ resume: 'yes' }"), 'INVALID_OPTION', 'resume'],
    ['createClient: workerUrl', client('{ workerUrl: 5 }'), 'INVALID_OPTION', 'workerUrl'],
    ['createClient: store', client("{ store: 'opfs' }"), 'UNSUPPORTED', 'store'],
    ['fetch: store', fetch("{ store: 'opfs' }"), 'UNSUPPORTED', 'store']
  ])
})

test('options for a default client that exists', { skip, timeout: 60_000 }, async t => {
  const { page } = await alone(t)
  await page.evaluate(() => { shoal.defaultClient({ trackers, iceServers: [] }) })
  await refuses(page, '() => shoal.defaultClient({ trackers })', 'CLIENT_EXISTS')
  assert.equal(await page.evaluate(() => shoal.defaultClient() === shoal.defaultClient()), true)
  await page.evaluate(() => { window.client = shoal.defaultClient() })
  assert.equal(await outcome(page, "async () => (await shoal.seed('text')).remove()"), 'nothing')
  await isEmpty(page)
})

test('what cannot be seeded', { skip, timeout: 120_000 }, async t => {
  const seeds = input => `() => client.seed(${input})`
  await rowsOf(t, await alone(t), [
    ['undefined', seeds('undefined'), 'INVALID_INPUT', 'undefined'],
    ['null', seeds('null'), 'INVALID_INPUT', 'null'],
    ['a number', seeds('42'), 'INVALID_INPUT', '42'],
    ['an empty list', seeds('[]'), 'INVALID_INPUT'],
    ['a list of something else', seeds("['a', 'b']"), 'INVALID_INPUT', 'File'],
    ['a function', seeds('() => 1'), 'INVALID_INPUT'],
    ['a symbol', seeds("Symbol('s')"), 'INVALID_INPUT'],
    ['a Map', seeds('new Map()'), 'INVALID_INPUT', 'Map'],
    ['an object in a circle', seeds('(() => { const o = {}; o.o = o; return o })()'), 'INVALID_INPUT', 'JSON'],
    ['a stream that breaks off', seeds("new ReadableStream({ pull () { throw new Error('gone') } })"), 'INVALID_INPUT', 'stream'],
    ['a stream of something else', seeds('new ReadableStream({ start (c) { c.enqueue(42); c.close() } })'), 'INVALID_INPUT', 'stream'],
    ['a stream that somebody reads', seeds('(() => { const s = new ReadableStream(); s.getReader(); return s })()'), 'INVALID_INPUT']
  ])
})

test('an info hash that nobody has', { skip, timeout: 120_000 }, async t => {
  const { page } = await alone(t)
  await page.evaluate(() => {
    window.torrent = listen(client.add(nobody))
    window.abort = new AbortController()
    const other = listen(client.add(nobody.replace('0', 'f'), { signal: abort.signal }))
    window.other = other
    for (const one of [torrent, other]) {
      one.state = 'pending'
      one.ready.then(() => { one.state = 'ready' }, error => { one.state = error.code ?? error.message })
    }
  })
  await Promise.all([told(page, 'NO_PEERS'), told(page, 'NO_PEERS', 60_000, 'other')])
  assert.deepEqual(await page.evaluate(() => [torrent.state, other.state]), ['pending', 'pending'])
  assert.deepEqual(await page.evaluate(async () => {
    abort.abort(new Error('enough'))
    await torrent.remove()
    return [torrent.state, other.state, client.torrents.length]
  }), ['REMOVED', 'enough', 0])
  await isEmpty(page)
})

test('a tracker that is down is named, and asked again', { skip, timeout: 180_000 }, async t => {
  const origin = await serve(t)
  const port = await freePort()
  const tracker = `ws://127.0.0.1:${port}/announce`
  const b = await browser(t)
  const [seeder, fetcher] = [await open(b, origin, tracker), await open(b, origin, tracker)]
  const seeded = await seeder.evaluate(async () => {
    const file = testFile('patient.bin', 1_000_000, 1)
    window.torrent = listen(await client.seed(file))
    return { magnet: torrent.magnet, hash: await sha256(file) }
  })
  await fetcher.evaluate(magnet => { window.torrent = listen(client.add(magnet)) }, seeded.magnet)
  const warnings = await Promise.all([seeder, fetcher].map(page => told(page, 'TRACKER')))
  await startHost(t, ['-addr', `127.0.0.1:${port}`])
  const hash = await fetcher.evaluate(async () => {
    await torrent.done
    return sha256(await torrent.files[0].blob())
  })
  assert.equal(hash, seeded.hash)
  for (const warning of warnings) warnsOf(warning, tracker)
})

test('a transfer goes on when the only tracker goes away', { skip, timeout: 180_000 }, async t => {
  const [origin, host] = [await serve(t), await startHost(t)]
  const b = await browser(t)
  const [seeder, fetcher] = [await open(b, origin, host.tracker), await open(b, origin, host.tracker)]
  const seeded = await seeder.evaluate(async length => {
    limitUplink(2_000_000)
    const file = testFile('steady.bin', length, 2)
    window.torrent = listen(await client.seed(file))
    return { magnet: torrent.magnet, hash: await sha256(file) }
  }, 24 * MiB)
  await fetcher.evaluate(magnet => { window.torrent = listen(client.add(magnet)) }, seeded.magnet)
  await until(() => fetcher.evaluate(() => torrent.stats.done > 1 << 20))
  host.process.kill('SIGKILL')
  const warnings = await Promise.all([seeder, fetcher].map(page => told(page, 'TRACKER')))
  assert.ok(await fetcher.evaluate(() => torrent.stats.done < torrent.stats.total), 'all was there before the tracker was missed')
  const hash = await fetcher.evaluate(async () => {
    await torrent.done
    return sha256(await torrent.files[0].blob())
  })
  assert.equal(hash, seeded.hash)
  for (const warning of warnings) warnsOf(warning, host.tracker)
})

const ramblings = {
  'talks nonsense': socket => socket.send('never heard of it'),
  'answers with HTML': socket => socket.send('<!doctype html><title>It works!</title>'),
  'sends JSON of another kind': socket => socket.send('[{"action":7,"info_hash":{}},null,"offer"]'),
  'sends bytes': socket => socket.send(Buffer.alloc(1000, 0xff)),
  'sends 10 MB': socket => socket.send('x'.repeat(10_000_000)),
  'refuses': (socket, { info_hash }) => socket.send(JSON.stringify({ action: 'announce', info_hash, 'failure reason': 'not in this house' })),
  'hangs up': socket => socket.terminate()
}
for (const [what, answer] of Object.entries(ramblings)) {
  test(`a tracker that ${what} is warned about, and another one goes on`, { skip, timeout: 120_000 }, async t => {
    const [origin, good] = [await serve(t), await startHost(t)]
    const bad = await rambler(t, answer)
    await warnsOfOne(t, origin, bad, good.tracker, what === 'refuses' ? 'not in this house' : '')
  })
}

test('a tracker that is only a web server is warned about, and another one goes on', { skip, timeout: 120_000 }, async t => {
  const [origin, good] = [await serve(t), await startHost(t)]
  await warnsOfOne(t, origin, origin.replace('http', 'ws') + '/pages/shoal.html', good.tracker)
})

async function warnsOfOne (t, origin, bad, good, reason = '') {
  const b = await browser(t)
  const [seeder, fetcher] = [await open(b, origin, bad, good), await open(b, origin, bad, good)]
  const seeded = await seeder.evaluate(async () => {
    const file = testFile('anyway.bin', 1_000_000, 3)
    return { magnet: (await client.seed(file)).magnet, hash: await sha256(file) }
  })
  const hash = await fetcher.evaluate(async magnet => {
    window.torrent = listen(client.add(magnet))
    await torrent.done
    return sha256(await torrent.files[0].blob())
  }, seeded.magnet)
  assert.equal(hash, seeded.hash)
  for (const page of [seeder, fetcher]) assert.deepEqual(page.faults, [])
  const warning = await told(fetcher, 'TRACKER')
  warnsOf(warning, bad)
  assert.ok(warning.message.includes(reason), `"${warning.message}" does not give the reason`)
}

function warnsOf ({ kind, isShoalError, message }, tracker) {
  assert.equal(kind, 'warning')
  assert.ok(isShoalError)
  assert.ok(message.includes(tracker), `"${message}" does not name ${tracker}`)
}

// A WebSocket server that answers every message in its own way.
async function rambler (t, answer) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  server.on('connection', socket => {
    socket.on('error', () => {})
    socket.on('message', data => answer(socket, JSON.parse(data)))
  })
  t.after(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  return `ws://127.0.0.1:${server.address().port}/announce`
}

async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

for (const [what, change] of Object.entries({
  'is rewritten': path => writeFileSync(path, Buffer.alloc(statSync(path).size, 'wrong')),
  'becomes shorter': path => writeFileSync(path, 'short'),
  'is deleted': path => rmSync(path)
})) {
  test(`a file that ${what} while it is seeded stops its seeder, and nobody gets wrong bytes`, { skip, timeout: 180_000 }, async t => {
    const [origin, { tracker }] = [await serve(t), await startHost(t)]
    const b = await browser(t)
    const data = Buffer.alloc(24 * MiB, 'What was said at first, and stays said.\n')
    for (let at = 0; at < data.length; at += 4096) data.writeUInt32LE(at, at)
    const [first, second] = [onDisk(t, 'first', data), onDisk(t, 'second', data)]

    const seeder = await open(b, origin, tracker)
    await seeder.evaluate(() => { limitUplink(3_000_000) })
    const magnet = await seedFromDisk(seeder, first)
    const fetcher = await open(b, origin, tracker)
    await fetcher.evaluate(magnet => { window.torrent = listen(client.add(magnet)) }, magnet)
    await until(() => fetcher.evaluate(() => torrent.stats.done > 2 << 20))
    change(first)
    const error = await told(seeder, 'SOURCE_CHANGED')
    assert.equal(error.kind, 'error')
    assert.ok(error.isShoalError)

    const successor = await open(b, origin, tracker)
    const had = await fetcher.evaluate(() => torrent.stats.done)
    assert.ok(had < data.length, 'all was there before the file changed')
    assert.equal(await seedFromDisk(successor, second), magnet)
    const fetched = await fetcher.evaluate(async () => {
      await torrent.done
      const { downloaded, total } = torrent.stats
      return { hash: await sha256(await torrent.files[0].blob()), wasted: downloaded - total, told: torrent.told.filter(({ kind }) => kind === 'error') }
    })
    assert.equal(fetched.hash, await successor.evaluate(async () => sha256(window.source)))
    assert.deepEqual(fetched.told, [], 'the fetcher failed')
    assert.ok(fetched.wasted < 4 * MiB, `${fetched.wasted} bytes came in vain: wrong ones were sent`)
    for (const page of [seeder, fetcher, successor]) assert.deepEqual(page.faults, [])
  })
}

// A file that has lain on the disk for a while: browsers tell a change by the
// second.
function onDisk (t, folder, data) {
  const above = mkdtempSync(join(tmpdir(), 'shoal-e2e-'))
  t.after(() => rmSync(above, { recursive: true, force: true }))
  mkdirSync(join(above, folder))
  const path = join(above, folder, 'kept on disk.bin')
  writeFileSync(path, data)
  const before = new Date(Date.now() - 3_600_000)
  utimesSync(path, before, before)
  return path
}

// Seeds a file that the person at the page has chosen.
async function seedFromDisk (page, path) {
  const input = await page.evaluateHandle(() => document.body.appendChild(Object.assign(document.createElement('input'), { type: 'file' })))
  await input.asElement().uploadFile(path)
  return page.evaluate(async input => {
    [window.source] = input.files
    window.torrent = listen(await client.seed(source))
    return torrent.magnet
  }, input)
}

const answers = (status, type, body) => (request, response) => response.writeHead(status, { 'content-type': type }).end(body)
const wasm = () => readFileSync(join(root, 'dist/shoal.wasm'))
const html = answers(200, 'text/html', '<!doctype html><title>Single page</title>')
const streams = type => (request, response) => {
  response.writeHead(200, { 'content-type': type })
  createReadStream(join(root, 'dist/shoal.wasm')).pipe(response)
}

for (const [what, route, code, named] of [
  ['is not there', answers(404, 'text/plain', 'not found'), 'WASM_NOT_FOUND', '/dist/shoal.wasm answers 404'],
  ['is HTML', html, 'WASM_TYPE', 'text/html'],
  ['is HTML and says it were WebAssembly', answers(200, 'application/wasm', '<!doctype html>'), 'WASM_TYPE', '/dist/shoal.wasm'],
  ['is cut short', (request, response) => answers(200, 'application/wasm', wasm().subarray(0, 1_000_000))(request, response), 'WASM_TYPE', '/dist/shoal.wasm'],
  ['is another program', answers(200, 'application/wasm', Buffer.from('0061736d01000000', 'hex')), 'WASM_VERSION', 'unknown'],
  ['breaks off on the way', (request, response) => {
    response.writeHead(200, { 'content-type': 'application/wasm', 'content-length': wasm().length })
    response.write(wasm().subarray(0, 1_000_000), () => response.destroy())
  }, 'WASM_NOT_FOUND', '/dist/shoal.wasm']
]) {
  test(`a shoal.wasm that ${what}, and is right when it is asked for again`, { skip, timeout: 60_000 }, async t => {
    const routes = { '/dist/shoal.wasm': route }
    const origin = await serve(t, routes)
    const { tracker } = await startHost(t)
    const b = await browser(t)
    const page = await open(b, origin, tracker)
    await refuses(page, "() => client.seed('text')", code, named)
    await refuses(page, '() => client.add(nobody).ready', code, 'shoal.wasm')
    await isEmpty(page)
    delete routes['/dist/shoal.wasm']
    await meet(page, await open(b, origin, tracker))
  })
}

for (const type of ['application/octet-stream', 'text/plain', 'application/wasm; charset=utf-8']) {
  test(`a shoal.wasm that is served as ${type} works`, { skip, timeout: 60_000 }, async t => {
    const origin = await serve(t, { '/dist/shoal.wasm': streams(type) })
    const { tracker } = await startHost(t)
    const b = await browser(t)
    await meet(await open(b, origin, tracker), await open(b, origin, tracker))
  })
}

test('a shoal.wasm that cannot be reached', { skip, timeout: 60_000 }, async t => {
  const page = await shoalPage(await browser(t), await serve(t))
  const url = `http://127.0.0.1:${await freePort()}/shoal.wasm`
  await refuses(page, `() => shoal.createClient({ wasmUrl: '${url}' }).seed('text')`, 'WASM_NOT_FOUND', url)
})

test('a shoal.wasm of another version than the script', { skip, timeout: 60_000 }, async t => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const other = version.replaceAll(/\d/g, '9')
  const script = readFileSync(join(root, 'dist/shoal.js'), 'utf8')
  assert.ok(script.includes(version), 'the script says its version otherwise')
  const origin = await serve(t, { '/dist/shoal.js': answers(200, 'text/javascript', script.replaceAll(version, other)) })
  const page = await shoalPage(await browser(t), origin)
  const call = "() => shoal.createClient({ trackers: [] }).seed('text')"
  await refuses(page, call, 'WASM_VERSION', version)
  await refuses(page, call, 'WASM_VERSION', other)
  assert.deepEqual(page.faults, [])
})

test('a page without WebRTC', { skip, timeout: 60_000 }, async t => {
  const b = await browser(t)
  const page = await b.newPage()
  await page.evaluateOnNewDocument(() => { delete window.RTCPeerConnection })
  await page.goto(await serve(t) + '/pages/shoal.html')
  await refuses(page, "() => shoal.seed('text')", 'NO_WEBRTC', 'RTCPeerConnection')
  await refuses(page, `() => shoal.fetch('${nobody}')`, 'NO_WEBRTC')
})

test('a page whose policy forbids WebAssembly', { skip, timeout: 60_000 }, async t => {
  // The page itself calls: what the test evaluates is above the policy.
  const call = `window.outcome = shoal.createClient({ trackers: [] }).seed('text').then(
    () => 'seeded', error => ({ code: error.code, message: error.message, isShoalError: error instanceof shoal.ShoalError }))`
  const page = policy => (request, response) => response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy })
    .end('<!doctype html><script src="/dist/shoal.js"></script><script src="/call.js"></script>')
  const origin = await serve(t, {
    '/call.js': answers(200, 'text/javascript', call),
    '/strict.html': page("script-src 'self'"),
    '/right.html': page("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ws:")
  })
  const b = await browser(t)
  const ask = async path => (await shoalPage(b, origin, path)).evaluate(() => outcome)
  const { code, message, isShoalError } = await ask('/strict.html')
  assert.equal(code, 'WASM_BLOCKED', message)
  assert.ok(isShoalError)
  assert.ok(message.includes("'wasm-unsafe-eval'"), message)
  assert.equal(await ask('/right.html'), 'seeded')
})

test('URLs of .torrent files', { skip, timeout: 120_000 }, async t => {
  const { origin, tracker, b, page } = await alone(t)
  const file = await page.evaluate(async () => {
    window.torrent = await client.seed(testFile('by url.bin', 500_000, 4), { trackers: [] })
    return Array.from(torrent.torrentFile)
  })
  const good = answers(200, 'application/x-bittorrent', Buffer.from(file))
  const routes = {
    '/good.torrent': good,
    '/app.torrent': html,
    '/empty.torrent': answers(200, 'application/x-bittorrent', ''),
    '/broken.torrent': answers(500, 'text/plain', 'oh'),
    '/long.torrent': (request, response) => answers(200, 'application/x-bittorrent', Buffer.alloc(11 * MiB, 'd'))(request, response),
    '/open.torrent': (request, response) => {
      response.setHeader('access-control-allow-origin', '*')
      good(request, response)
    }
  }
  const [own, other] = [await serve(t, routes), await serve(t, routes)]
  const asker = await open(b, own, tracker)
  const row = (name, url, code, named) => [name, fetches(`'${url}'`), code, named]
  for (const [name, call, code, ...named] of [
    [...row('not there', `${own}/none.torrent`, 'HTTP', '404'), `${own}/none.torrent`],
    row('a server in trouble', `${own}/broken.torrent`, 'HTTP', '500'),
    row('of a server that is down', `http://127.0.0.1:${await freePort()}/a.torrent`, 'HTTP', '/a.torrent'),
    [...row('of another origin that does not share it', `${other}/good.torrent`, 'HTTP', 'CORS'), `${other}/good.torrent`],
    row('longer than any .torrent', `${own}/long.torrent`, 'HTTP', 'too long'),
    row('a page instead', `${own}/app.torrent`, 'INVALID_TORRENT', `${own}/app.torrent`),
    row('nothing in it', `${own}/empty.torrent`, 'INVALID_TORRENT', `${own}/empty.torrent`)
  ]) {
    await t.test(name, async () => {
      for (const part of named) await refuses(asker, call, code, part)
    })
  }
  await t.test('good ones, of this origin and of one that shares it', async () => {
    await isEmpty(asker)
    const { infoHash, name } = await page.evaluate(() => ({ infoHash: torrent.infoHash, name: torrent.name }))
    for (const url of [`${own}/good.torrent`, `${other}/open.torrent`]) {
      assert.deepEqual(await asker.evaluate(async url => {
        const torrent = await client.fetch(url)
        const { infoHash, name } = torrent
        await torrent.remove()
        return { infoHash, name }
      }, url), { infoHash, name })
    }
    assert.deepEqual(await asker.evaluate(async url => {
      const torrent = await client.fetch(new URL(url))
      const { length } = torrent
      await torrent.remove()
      return length
    }, `${own}/good.torrent`), 500_000)
  })
  await t.test('xs in a magnet link gives the metadata without any peer', async () => {
    const infoHash = await page.evaluate(() => torrent.infoHash)
    const heard = await asker.evaluate(async (infoHash, bad, good) => {
      const torrent = listen(client.add(`magnet:?xt=urn:btih:${infoHash}&xs=${encodeURIComponent(bad)}&xs=${encodeURIComponent(good)}`, { trackers: [] }))
      await torrent.ready
      const { name, peers, told } = torrent
      await torrent.remove()
      return { name, peers: peers.length, codes: told.map(({ kind, code }) => `${kind} ${code}`) }
    }, infoHash, `${own}/none.torrent`, `${own}/good.torrent`)
    assert.deepEqual(heard, { name: 'by url.bin', peers: 0, codes: ['warning HTTP'] })
  })
  await t.test('xs of another torrent is only warned about', async () => {
    await asker.evaluate((nobody, good) => {
      window.torrent = listen(client.add(`magnet:?xt=urn:btih:${nobody}&xs=${encodeURIComponent(good)}`, { trackers: [] }))
    }, nobody, `${own}/good.torrent`)
    assert.equal((await told(asker, 'INVALID_TORRENT')).kind, 'warning')
    await asker.evaluate(() => torrent.remove())
    await isEmpty(asker)
  })
  assert.deepEqual(asker.faults, [])
})

test('the classic script leaves nothing but shoal on the page', { skip, timeout: 60_000 }, async t => {
  const origin = await serve(t, { '/empty.html': answers(200, 'text/html', '<!doctype html><title>Empty</title>') })
  const { tracker } = await startHost(t)
  const page = await shoalPage(await browser(t), origin, '/empty.html')
  const left = await page.evaluate(async tracker => {
    const names = () => Reflect.ownKeys(globalThis).map(String)
    const [before, fetch] = [names(), globalThis.fetch]
    const script = document.head.appendChild(Object.assign(document.createElement('script'), { src: '/dist/shoal.js' }))
    await new Promise(resolve => { script.onload = resolve })
    const options = { trackers: [tracker], iceServers: [] }
    const [client, other] = [shoal.createClient(options), shoal.createClient(options)]
    const { magnet } = await client.seed('hello')
    const text = await (await other.fetch(magnet)).files[0].text()
    const during = names().filter(name => !before.includes(name))
    await client.close()
    await other.close()
    return { text, during, after: names().filter(name => !before.includes(name)), sameFetch: fetch === globalThis.fetch }
  }, tracker)
  assert.deepEqual(left, { text: 'hello', during: ['shoal'], after: ['shoal'], sameFetch: true })
  assert.deepEqual(page.faults, [])
})

test('on a server the module can be imported, and says why it does nothing there', async () => {
  const shoal = await import(join(root, 'dist/shoal.mjs'))
  for (const call of [() => shoal.seed('text'), () => shoal.fetch(nobody), () => shoal.add(nobody).ready]) {
    await assert.rejects(call, error => error instanceof shoal.ShoalError && error.code === 'NO_WEBRTC' && /web page/.test(error.message))
  }
})
