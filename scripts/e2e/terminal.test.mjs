// The host's commands in a terminal are peers like any page.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { browser, clientPage, missing, serve, startHost, terminal } from './harness.mjs'

const MiB = 1 << 20
const sha256 = data => createHash('sha256').update(data).digest('hex')

function folder (t) {
  const path = mkdtempSync(join(tmpdir(), 'shoal-e2e-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const page = async (t, kind, origin, tracker) => clientPage(await browser(t, kind), origin, { trackers: [tracker] })

for (const kind of ['chromium', 'firefox']) {
  test(`host fetch gets what ${kind} seeds`, { skip: missing(kind), timeout: 180_000 }, async t => {
    const [origin, { tracker }] = [await serve(t), await startHost(t)]
    const seeder = await page(t, kind, origin, tracker)
    const seeded = await seeder.evaluate(async length => {
      const file = testFile('from the page.bin', length, 11)
      return { magnet: (await client.seed(file)).magnet, hash: await sha256(file) }
    }, 20 * MiB)
    const out = folder(t)
    const run = terminal(t, ['fetch', '-tracker', tracker, '-o', out, seeded.magnet])
    assert.equal(await run.exited, 0, run.output)
    assert.equal(sha256(readFileSync(join(out, 'from the page.bin'))), seeded.hash)
  })

  test(`${kind} gets what host seed offers`, { skip: missing(kind), timeout: 180_000 }, async t => {
    const [origin, { tracker }] = [await serve(t), await startHost(t)]
    const source = join(folder(t), 'Ordner')
    mkdirSync(join(source, 'tief'), { recursive: true })
    const contents = { 'a ü.bin': Buffer.alloc(5 * MiB, 'shoal'), 'tief/leer': Buffer.alloc(0), 'tief/z.txt': Buffer.from('letzte Datei') }
    for (const [name, data] of Object.entries(contents)) writeFileSync(join(source, name), data)
    const run = terminal(t, ['seed', '-tracker', tracker, source])
    const [magnet] = await run.says(/magnet:\?\S+/)
    const fetcher = await page(t, kind, origin, tracker)
    const fetched = await fetcher.evaluate(async magnet => {
      const torrent = await client.fetch(magnet)
      await torrent.done
      const all = {}
      for (const file of torrent.files) all[file.path] = await sha256(await file.blob())
      return all
    }, magnet)
    assert.deepEqual(fetched, Object.fromEntries(Object.entries(contents).map(([name, data]) => [name, sha256(data)])))
  })
}
