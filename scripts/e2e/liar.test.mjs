// A peer that serves corrupt blocks beside an honest one.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { browser, bytes, clientPage, missing, root, serve, startStockTracker, until } from './harness.mjs'

const skip = missing('chromium')
const length = 16 << 20
const liarBinary = join(root, 'build/liar')

/** A hostile peer that has the torrent; resolves with its peer id in hex. */
async function startLiar (t, torrentFile, data, tracker) {
  execFileSync('go', ['build', '-o', liarBinary, './scripts/liar'], { cwd: root })
  const folder = mkdtempSync(join(tmpdir(), 'liar-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [torrent, file] = [join(folder, 'a.torrent'), join(folder, 'a.bin')]
  writeFileSync(torrent, torrentFile)
  writeFileSync(file, data)
  const child = spawn(liarBinary, ['-torrent', torrent, '-file', file, '-tracker', tracker], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
  return line.trim()
}

test('a liar beside an honest WebTorrent seeder is banned and named, and the fetch completes', { skip, timeout: 240_000 }, async t => {
  const origin = await serve(t)
  const { tracker } = await startStockTracker(t)

  // Given an honest stock seeder with a narrow uplink
  const stock = await (await browser(t)).newPage()
  await stock.goto(`${origin}/pages/webtorrent.html`)
  await until(() => stock.evaluate(() => window.wt !== undefined))
  const seeded = await stock.evaluate((tracker, length) => new Promise(resolve => {
    window.uplink = limitUplink(2_000_000)
    const file = testFile('honest.bin', length, 11)
    wt.seed(file, { announce: [tracker] }, async torrent => resolve({
      magnet: torrent.magnetURI, hash: await sha256(file), torrentFile: Array.from(torrent.torrentFile)
    }))
  }), tracker, length)
  // and a liar that would be much faster
  const liar = await startLiar(t, new Uint8Array(seeded.torrentFile), bytes(length, 11), tracker)

  // When a page fetches
  const page = await clientPage(await browser(t), origin, { trackers: [tracker] })
  const fetched = page.evaluate(async magnet => {
    window.warnings = []
    window.torrent = client.add(magnet)
    torrent.addEventListener('warning', ({ detail }) => warnings.push({ code: detail.code, message: detail.message }))
    await torrent.done
    return sha256(await torrent.files[0].blob())
  }, seeded.magnet)
  // and the honest one is met in any case
  await until(() => page.evaluate(() => window.torrent?.peers.some(peer => peer.client.startsWith('WebTorrent'))), 90_000)

  // Then it has the right bytes, the liar is banned and named, the honest seeder is not
  assert.equal(await fetched, seeded.hash)
  const warnings = await page.evaluate(() => warnings.filter(({ code }) => code === 'PEER_BANNED'))
  assert.equal(warnings.length, 1, JSON.stringify(warnings))
  assert.match(warnings[0].message, new RegExp(liar))
  const peers = await page.evaluate(() => torrent.peers.map(peer => peer.id))
  assert.ok(!peers.includes(liar), 'the liar is still connected')
  const wasted = await page.evaluate(() => torrent.stats.downloaded) - length
  t.diagnostic(`${(wasted / 1024).toFixed(0)} KiB more than the file were downloaded`)
})
