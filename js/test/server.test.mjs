// On a server the module can be imported, and says why it does nothing there.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'

const dist = new URL('../../dist/', import.meta.url)
const before = new Set(Reflect.ownKeys(globalThis))
const shoal = await import(new URL('shoal.mjs', dist))
const hasCode = code => error => error instanceof shoal.ShoalError && error.name === 'ShoalError' && error.code === code

test('importing leaves nothing on globalThis', () => {
  assert.deepEqual(Reflect.ownKeys(globalThis).filter(key => !before.has(key)), [])
  assert.deepEqual(Object.keys(shoal).sort(), ['ShoalError', 'add', 'createClient', 'defaultClient', 'fetch', 'seed'])
})

test('importing touches no browser global', () => {
  const names = ['window', 'document', 'self', 'navigator', 'location', 'RTCPeerConnection', 'WebAssembly', 'FileSystemHandle']
  const code = `
    const touched = []
    for (const name of ${JSON.stringify(names)}) Object.defineProperty(globalThis, name, { configurable: true, get () { touched.push(name) } })
    await import(${JSON.stringify(new URL('shoal.mjs', dist).href)})
    process.stdout.write(JSON.stringify(touched))`
  assert.equal(execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }), '[]')
})

test('the classic script leaves only shoal', () => {
  const context = vm.createContext({ EventTarget })
  vm.runInContext(readFileSync(fileURLToPath(new URL('shoal.js', dist)), 'utf8'), context)
  assert.deepEqual(Object.keys(context).filter(key => key !== 'EventTarget'), ['shoal'])
  assert.equal(typeof context.shoal.seed, 'function')
})

test('every call rejects with NO_WEBRTC', async () => {
  await assert.rejects(shoal.seed('hello'), hasCode('NO_WEBRTC'))
  await assert.rejects(shoal.fetch('0123456789abcdef0123456789abcdef01234567'), hasCode('NO_WEBRTC'))
  const torrent = shoal.add('magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567&dn=x')
  assert.equal(torrent.name, 'x')
  const told = new Promise(resolve => torrent.addEventListener('error', event => resolve(event.detail)))
  await assert.rejects(torrent.ready, hasCode('NO_WEBRTC'))
  await assert.rejects(torrent.done, hasCode('NO_WEBRTC'))
  assert.equal((await told).code, 'NO_WEBRTC')
  assert.deepEqual(shoal.defaultClient().torrents, [])
})

test('options are judged before anything is loaded', async () => {
  await assert.rejects(shoal.seed('hello', { nmae: 'x' }), hasCode('INVALID_OPTION'))
  await assert.rejects(shoal.fetch('x', { store: 'opfs' }), hasCode('UNSUPPORTED'))
  assert.throws(() => shoal.createClient({ trackers: 'x' }), hasCode('INVALID_OPTION'))
  assert.throws(() => shoal.defaultClient({ trackers: [] }), hasCode('CLIENT_EXISTS'))
})

test('an abort rejects with its reason, at every moment', async () => {
  const client = shoal.createClient()
  const reason = new Error('enough')
  await assert.rejects(client.seed('x', { signal: AbortSignal.abort(reason) }), error => error === reason)
  await assert.rejects(client.fetch('x', { signal: AbortSignal.abort(reason) }), error => error === reason)
  const abort = new AbortController()
  const link = '0123456789abcdef0123456789abcdef01234567'
  const fetching = client.fetch(link, { signal: abort.signal })
  const seeding = client.seed(new ReadableStream({}), { signal: abort.signal })
  abort.abort(reason)
  await assert.rejects(fetching, error => error === reason)
  await assert.rejects(seeding, error => error === reason)
  assert.deepEqual(client.torrents, [])
})

test('a closed client stays closed, and the default one is made anew', async () => {
  const client = shoal.createClient()
  const torrent = client.add('0123456789abcdef0123456789abcdef01234567')
  await client.close()
  await assert.rejects(torrent.ready, hasCode('CLOSED'))
  await assert.rejects(client.seed('x'), hasCode('CLOSED'))
  assert.throws(() => client.add('x'), hasCode('CLOSED'))
  await client.close()
  const first = shoal.defaultClient()
  await first.close()
  assert.notEqual(shoal.defaultClient({ trackers: [] }), first)
})

test('what is there already is the same Torrent', async () => {
  const client = shoal.createClient()
  const hash = '0123456789abcdef0123456789abcdef01234567'
  const torrent = client.add(hash)
  assert.equal(client.add(`magnet:?xt=urn:btih:${hash.toUpperCase()}&dn=y`), torrent)
  assert.notEqual(client.add('1123456789abcdef0123456789abcdef01234567'), torrent)
  assert.equal(client.torrents.length, 2)
  // Two have asked for it, and the abort of one does not take it away.
  const abort = new AbortController()
  const fetching = client.fetch(hash, { signal: abort.signal })
  abort.abort('enough')
  assert.equal(client.torrents[0], torrent)
  await assert.rejects(fetching, reason => reason === 'enough')
})

test('remove rejects what is pending', async () => {
  const client = shoal.createClient()
  const torrent = client.add('0123456789abcdef0123456789abcdef01234567')
  await torrent.remove()
  await torrent.remove()
  await assert.rejects(torrent.ready, hasCode('REMOVED'))
  await assert.rejects(torrent.done, hasCode('REMOVED'))
  assert.deepEqual(client.torrents, [])
})

test('the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', dist), 'utf8'))
  const go = readFileSync(new URL('../core/client/defaults.go', dist), 'utf8')
  assert.ok(go.includes(`const Version = "${version}"`))
})
