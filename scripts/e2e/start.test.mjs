// How a client starts: what is fetched when, and what need not wait for it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { browser, clientPage, hostAssets, missing, root, serve, shoalPage, startHost, startStockTracker, until } from './harness.mjs'

const options = { skip: missing('chromium'), timeout: 60_000 }
const hash = '0123456789abcdef0123456789abcdef01234567'

// A page whose .wasm comes when the test says so, and a tracker that counts sockets.
async function given (t, { held = true } = {}) {
  const b = await browser(t)
  const { tracker, server } = await startStockTracker(t)
  const seen = { asked: 0, opened: 0, open: 0 }
  server.http.on('upgrade', (_, socket) => {
    seen.opened++
    seen.open++
    socket.once('close', () => { seen.open-- })
  })
  let release
  const released = held ? new Promise(resolve => { release = resolve }) : undefined
  const origin = await serve(t, {
    '/dist/shoal.wasm': async (_, response) => {
      seen.asked++
      await released
      response.writeHead(200, { 'content-type': 'application/wasm' }).end(readFileSync(join(root, 'dist/shoal.wasm')))
    }
  })
  return { b, origin, tracker, seen, release }
}

test('the .wasm is fetched when a client is made, once, and not before', options, async t => {
  // Given a page that has loaded the library
  const { b, origin, seen } = await given(t, { held: false })
  const page = await shoalPage(b, origin)
  await new Promise(resolve => setTimeout(resolve, 200))
  assert.equal(seen.asked, 0)
  // When it makes a client
  await page.evaluate(() => { window.client = shoal.createClient({ trackers: [], iceServers: [] }) })
  // Then the .wasm is on its way, and what is done first needs no other
  await until(() => seen.asked === 1, 5000)
  await page.evaluate(() => client.seed('x'))
  assert.equal(seen.asked, 1)
})

test('the socket to a tracker opens while the .wasm comes, and is the one that is used', options, async t => {
  // Given a torrent somewhere, and a page whose .wasm is slow
  const { b, origin, tracker, seen, release } = await given(t)
  const quick = await serve(t)
  const seeder = await clientPage(b, quick, { trackers: [tracker] })
  const magnet = await seeder.evaluate(() => client.seed('hello').then(torrent => torrent.magnet))
  await until(() => seen.opened === 1, 5000)
  const page = await clientPage(b, origin, { trackers: [`${tracker}/`] })
  // When it fetches
  await page.evaluate(magnet => { window.fetched = client.fetch(magnet).then(torrent => torrent.files[0].text()) }, magnet)
  // Then there is a socket before there is Go, and it is Go's
  await until(() => seen.opened === 2, 5000)
  release()
  assert.equal(await page.evaluate(() => fetched), 'hello')
  assert.equal(seen.opened, 2)
  assert.equal(seen.open, 2)
})

test('a socket that nobody needs any more closes', options, async t => {
  const { b, origin, tracker, seen, release } = await given(t)
  const page = await clientPage(b, origin, {})
  // Given a fetch that waits for the .wasm, and has a socket
  await page.evaluate(magnet => {
    window.abort = new AbortController()
    window.fetched = client.fetch(magnet, { trackers: [], signal: abort.signal }).catch(error => String(error))
  }, `magnet:?xt=urn:btih:${hash}&tr=${encodeURIComponent(tracker)}`)
  await until(() => seen.open === 1, 5000)
  // When it is given up
  assert.equal(await page.evaluate(() => { abort.abort('enough'); return fetched }), 'enough')
  release()
  // Then the socket goes
  await until(() => seen.open === 0, 10_000)
  assert.equal(seen.opened, 1)
})

test('a second visit to the host fetches the .wasm from nobody', options, async t => {
  // Given a page of the host that was visited before
  const host = await startHost(t, ['-assets', hostAssets(t)])
  const b = await browser(t)
  const visit = async () => {
    const page = await b.newPage()
    const asked = []
    page.on('response', response => {
      const { pathname } = new URL(response.url())
      if (pathname.startsWith('/dist/')) asked.push([pathname, response.fromCache() ? 'kept' : response.status()])
    })
    await page.setBypassCSP(true) // the test page's scripts lie in it
    await page.goto(`${host.url}/pages/shoal.html`)
    await page.evaluate(() => shoal.createClient({ trackers: [], iceServers: [] }).seed('x').then(() => {}))
    await page.close()
    return Object.fromEntries(asked)
  }
  assert.equal((await visit())['/dist/shoal.wasm'], 200)
  // When it is visited again, then the .wasm is there, and what has no hash in its name is asked for and not sent
  const again = await visit()
  assert.equal(again['/dist/shoal.wasm'], 'kept')
  assert.equal(again['/dist/shoal.js'], 304)
})

test('a failed first try is made again when the client is used', options, async t => {
  const b = await browser(t)
  let works = false
  let asked = 0
  const origin = await serve(t, {
    '/late.wasm': (_, response) => {
      asked++
      if (!works) return response.writeHead(503).end()
      response.writeHead(200, { 'content-type': 'application/wasm' }).end(readFileSync(join(root, 'dist/shoal.wasm')))
    }
  })
  const page = await clientPage(b, origin, { trackers: [], wasmUrl: '/late.wasm' })
  await until(() => asked === 1, 5000)
  works = true
  await new Promise(resolve => setTimeout(resolve, 200))
  assert.equal(await page.evaluate(() => client.seed('x').then(torrent => torrent.name)), 'text.txt')
})

test('a wrong .wasm that a cache would keep for good is asked for past it', options, async t => {
  // Given a server that once answered with something else, to be kept for ever
  const b = await browser(t)
  let asked = 0
  const origin = await serve(t, {
    '/dist/shoal.wasm': (_, response) => {
      const body = asked++ === 0 ? Buffer.from('not yet deployed') : readFileSync(join(root, 'dist/shoal.wasm'))
      response.writeHead(200, { 'content-type': 'application/wasm', 'cache-control': 'public, max-age=31536000, immutable' }).end(body)
    }
  })
  // Then the page works, now and when it is visited again
  for (const times of [2, 2]) {
    const page = await clientPage(b, origin, { trackers: [] })
    assert.equal(await page.evaluate(() => client.seed('x').then(torrent => torrent.name)), 'text.txt')
    assert.equal(asked, times)
  }
})

test('a page whose functions are wrapped by monitoring scripts works', options, async t => {
  const b = await browser(t)
  const origin = await serve(t)
  const page = await b.newPage()
  await page.evaluateOnNewDocument(() => {
    for (const name of ['setTimeout', 'clearTimeout', 'fetch']) {
      const native = window[name]
      window[name] = function (first, ...rest) {
        if (name === 'fetch') String(typeof first === 'string' ? first : first.url).slice(0, first.length) // what they note
        return native.apply(this, [first, ...rest])
      }
    }
  })
  await page.goto(`${origin}/pages/shoal.html`)
  assert.equal(await page.evaluate(() => shoal.createClient({ trackers: [] }).seed('x').then(torrent => torrent.name)), 'text.txt')
})
