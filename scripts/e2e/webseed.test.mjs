// Web servers as seeds (BEP 19).
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { browser, bytes, clientPage, missing, serve } from './harness.mjs'

const skip = missing('chromium')
const MiB = 1 << 20

/** A web server of another origin. answer says what a request gets. */
async function webServer (t, answer) {
  const seen = []
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.range ?? ''}`)
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  return { url: `http://127.0.0.1:${server.address().port}/`, seen }
}

const cors = { 'access-control-allow-origin': '*' }

/** Serves files by name, ranges too, as a plain web server does. */
const files = table => (request, response) => {
  const data = table[decodeURIComponent(new URL(request.url, 'http://x').pathname)]
  if (request.method === 'OPTIONS') return response.writeHead(204, { ...cors, 'access-control-allow-headers': 'range' }).end()
  if (!data) return response.writeHead(404, cors).end()
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
  if (!range) return response.writeHead(200, { ...cors, 'content-length': data.length }).end(data)
  const [start, end] = [Number(range[1]), Math.min(Number(range[2]), data.length - 1)]
  response.writeHead(206, { ...cors, 'content-length': end - start + 1, 'content-range': `bytes ${start}-${end}/${data.length}` })
  response.end(data.subarray(start, end + 1))
}

/** A page that nobody introduces to anyone. */
const alone = async t => clientPage(await browser(t), await serve(t), { trackers: [] })

/** Describes files as a torrent, and takes it away again. */
const describe = (page, entries) => page.evaluate(async entries => {
  const list = entries.map(([name, length, seed]) => testFile(name, length, seed))
  const torrent = await client.seed(list.length === 1 ? list[0] : list, { name: list.length === 1 ? undefined : 'täglich' })
  const described = { file: Array.from(torrent.torrentFile), hashes: [] }
  for (const file of torrent.files) described.hashes.push(await sha256(await file.blob()))
  await torrent.remove()
  return described
}, entries)

const fetchAll = (page, file, webSeeds) => page.evaluate(async (file, webSeeds) => {
  window.warnings = []
  window.torrent = client.add(new Uint8Array(file), { webSeeds })
  torrent.addEventListener('warning', ({ detail }) => warnings.push(`${detail.code}: ${detail.message}`))
  await torrent.done
  const hashes = []
  for (const file of torrent.files) hashes.push(await sha256(await file.blob()))
  return hashes
}, file, webSeeds)

test('a file comes from a web server alone', { skip, timeout: 120_000 }, async t => {
  const page = await alone(t)
  const { file, hashes } = await describe(page, [['a b.bin', 24 * MiB, 31]])
  const server = await webServer(t, files({ '/some/a b.bin': bytes(24 * MiB, 31) }))
  const began = Date.now()
  assert.deepEqual(await fetchAll(page, file, [`${server.url}some/`]), hashes)
  t.diagnostic(`24 MiB in ${((Date.now() - began) / 1000).toFixed(1)} s, ${server.seen.length} requests`)
})

test('a folder comes from one that works, beside those that do not', { skip, timeout: 180_000 }, async t => {
  const page = await alone(t)
  const { file, hashes } = await describe(page, [['eins.bin', 3 * MiB + 5, 32], ['zwei ü#?.bin', 2 * MiB, 33], ['leer', 0, 34]])
  const good = files({ '/täglich/eins.bin': bytes(3 * MiB + 5, 32), '/täglich/zwei ü#?.bin': bytes(2 * MiB, 33) })
  const wrong = files({ '/täglich/eins.bin': bytes(3 * MiB + 5, 40), '/täglich/zwei ü#?.bin': bytes(2 * MiB, 41) })
  const servers = {
    gone: await webServer(t, (request, response) => response.writeHead(404, cors).end()),
    blind: await webServer(t, (request, response) => response.writeHead(206).end('no CORS')),
    short: await webServer(t, (request, response) => response.writeHead(206, cors).end('short')),
    liar: await webServer(t, wrong),
    good: await webServer(t, good)
  }
  assert.deepEqual(await fetchAll(page, file, Object.values(servers).map(server => server.url)), hashes)
  for (const [name, server] of Object.entries(servers)) assert.ok(server.seen.length > 0, `${name} was never asked`)
  const warnings = await page.evaluate(() => warnings.join('\n'))
  t.diagnostic(warnings)
  for (const name of ['gone', 'liar']) assert.ok(warnings.includes(servers[name].url), `no warning names ${name}`)
})
