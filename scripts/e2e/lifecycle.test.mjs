// What is begun can be ended: abort, pause, remove, close.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browser, missing, serve, shoalPage, startHost, until } from './harness.mjs'

const MiB = 1 << 20
const skip = missing('chromium')

async function pages (t, count, uplink) {
  const [origin, { tracker }] = [await serve(t), await startHost(t)]
  const b = await browser(t, 'chromium', { args: ['--js-flags=--expose-gc'] })
  const all = []
  for (let i = 0; i < count; i++) {
    const page = await shoalPage(b, origin)
    await page.evaluate((tracker, uplink) => {
      if (uplink) limitUplink(uplink)
      window.tracker = tracker
      window.open = () => shoal.createClient({ trackers: [tracker], iceServers: [] })
      window.client = open()
    }, tracker, i === 0 && uplink)
    all.push(page)
  }
  return all
}

test('an abort ends a fetch or a seed in every phase, with its reason', { skip, timeout: 120_000 }, async t => {
  const [seeder, page] = await pages(t, 2, 2_000_000)
  const magnet = await seeder.evaluate(async length => (await client.seed(testFile('slow.bin', length, 1))).magnet, 24 * MiB)
  const outcomes = await page.evaluate(async magnet => {
    const outcome = async (start, when) => {
      const controller = new AbortController()
      const promise = start(controller.signal)
      if (when === 'at once') controller.abort(new Error('stop: ' + when))
      else setTimeout(() => controller.abort(new Error('stop: ' + when)), when)
      try {
        await promise
        return 'resolved'
      } catch (error) {
        return error.message
      }
    }
    const nobody = 'magnet:?xt=urn:btih:' + '0123456789'.repeat(4)
    const before = AbortSignal.abort(new Error('stop: before'))
    const results = {
      before: await client.fetch(nobody, { signal: before }).catch(error => error.message),
      loading: await outcome(signal => open().fetch(nobody, { signal }), 'at once'),
      metadata: await outcome(signal => client.fetch(nobody, { signal }), 300),
      hashing: await outcome(signal => client.seed(testFile('big.bin', 200 << 20, 2), { signal }), 30),
      transfer: await outcome(async signal => {
        const torrent = await client.fetch(magnet, { signal })
        await torrent.done
      }, 1500)
    }
    return { results, left: client.torrents.length }
  }, magnet)
  assert.deepEqual(outcomes.results, {
    before: 'stop: before',
    loading: 'stop: at once',
    metadata: 'stop: 300',
    hashing: 'stop: 30',
    transfer: 'stop: 1500'
  })
  assert.equal(outcomes.left, 0, 'an aborted torrent stayed in the client')
})

test('pause stops transfer and resume goes on', { skip, timeout: 120_000 }, async t => {
  const [seeder, page] = await pages(t, 2, 3_000_000)
  const magnet = await seeder.evaluate(async length => (await client.seed(testFile('paused.bin', length, 1))).magnet, 16 * MiB)
  await page.evaluate(async magnet => { window.torrent = await client.fetch(magnet) }, magnet)
  await until(() => page.evaluate(() => torrent.stats.done > 1 << 20))
  await page.evaluate(() => torrent.pause())
  await new Promise(resolve => setTimeout(resolve, 1500)) // what was on its way arrives
  const paused = await page.evaluate(() => torrent.stats.downloaded)
  await new Promise(resolve => setTimeout(resolve, 2000))
  assert.equal(await page.evaluate(() => torrent.stats.downloaded), paused, 'bytes came in while paused')
  await page.evaluate(() => torrent.resume())
  await page.evaluate(() => torrent.done)
  assert.equal(await page.evaluate(() => torrent.stats.done), 16 * MiB)
})

test('close leaves no connection, timer, callback or instance behind', { skip, timeout: 180_000 }, async t => {
  const [seeder, page] = await pages(t, 2)
  const magnet = await seeder.evaluate(async length => (await client.seed(testFile('left.bin', length, 1))).magnet, 4 * MiB)
  const names = await page.evaluate(async magnet => {
    // Watch what the page makes.
    const made = []
    const Native = window.RTCPeerConnection
    window.RTCPeerConnection = class extends Native {
      constructor (...args) { super(...args); made.push(this) }
    }
    const sockets = []
    const NativeSocket = window.WebSocket
    window.WebSocket = class extends NativeSocket {
      constructor (...args) { super(...args); sockets.push(this) }
    }
    const timers = new Set()
    for (const kind of ['Timeout', 'Interval']) {
      const set = window['set' + kind]
      const clear = window['clear' + kind]
      window['set' + kind] = (call, ...rest) => {
        const id = set(() => { if (kind === 'Timeout') timers.delete(id); call() }, ...rest)
        timers.add(id)
        return id
      }
      window['clear' + kind] = id => { timers.delete(id); clear(id) }
    }
    const instances = []
    const instantiate = WebAssembly.instantiate
    WebAssembly.instantiate = async (...args) => {
      const result = await instantiate(...args)
      instances.push(new WeakRef(result.instance ?? result))
      return result
    }
    window.watched = { made, sockets, timers, instances }
    const before = Object.keys(window)
    window.second = open()
    const torrent = await second.fetch(magnet)
    await torrent.done
    return Object.keys(window).filter(name => !before.includes(name))
  }, magnet)
  assert.deepEqual(names, ['second'], 'something else is on window')

  await page.evaluate(async () => {
    await second.close()
    window.second = undefined
  })
  const left = await page.evaluate(() => ({
    open: watched.made.filter(pc => pc.connectionState !== 'closed').length,
    made: watched.made.length,
    sockets: watched.sockets.filter(socket => socket.readyState < 2).length,
    timers: watched.timers.size
  }))
  assert.ok(left.made > 0, 'the test saw no connection at all')
  assert.equal(left.open, 0, 'connections stay open')
  assert.equal(left.sockets, 0, 'sockets stay open')
  assert.equal(left.timers, 0, 'timers still run')
  await until(() => page.evaluate(async () => {
    gc()
    await new Promise(resolve => setTimeout(resolve, 100))
    return watched.instances.length > 0 && watched.instances.every(ref => ref.deref() === undefined)
  }), 20_000, () => 'the instance to be collected')
  assert.deepEqual(page.faults, [])
})
