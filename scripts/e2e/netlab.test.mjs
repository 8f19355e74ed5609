// The network lab, with real browsers: two pages in hosts of their own, far
// from each other, and the host that serves them in a third.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { noLab, startLab } from '../netlab/lab.mjs'
import { browser, hostAssets, missing, shoalPage, startHost } from './harness.mjs'

const MiB = 1 << 20

async function given (t, hosts) {
  const lab = await startLab({ hosts })
  t.after(() => lab.close())
  return lab
}

// The test's pages and dist/, served from a host of the lab.
async function pagesFrom (t, { ip, namespace }) {
  return (await startHost(t, ['-addr', `${ip}:8080`, '-assets', hostAssets(t)], namespace)).url
}

test('two pages in hosts of the lab are as far from each other as it says', { skip: missing('chromium') || noLab(), timeout: 120_000 }, async t => {
  // Given a and b with 10 ms to the middle of the network each, and pages in both
  const lab = await given(t, { a: { delay: 10 }, b: { delay: 10 }, server: {} })
  const origin = await pagesFrom(t, lab.host('server'))
  const pages = {}
  for (const name of ['a', 'b']) pages[name] = await shoalPage(await browser(t, 'chromium', lab.host(name).browser(origin)), origin)
  // When one sends the other bytes over a raw data channel
  const length = 4 * MiB
  const offer = await pages.a.evaluate(() => rawOffer())
  const answer = await pages.b.evaluate((offer, length) => rawAnswer(offer, length), offer, length)
  await pages.a.evaluate((answer, length) => rawSend(answer, length), answer, length)
  const seconds = await pages.b.evaluate(() => rawReceived)
  t.diagnostic(`${(length / 1e6 / seconds).toFixed(1)} MB/s`)
  // Then they went from address to address, with 40 ms there and back
  const pair = await pages.a.evaluate(async () => {
    const all = await rawPcs[0].getStats()
    const used = [...all.values()].find(one => one.type === 'candidate-pair' && one.nominated)
    return { trip: used.totalRoundTripTime / used.responsesReceived, from: all.get(used.localCandidateId).address, to: all.get(used.remoteCandidateId).address }
  })
  assert.deepEqual([pair.from, pair.to], [lab.host('a').ip, lab.host('b').ip])
  assert.ok(pair.trip >= 0.04, `the round-trip takes ${pair.trip} s`)
  const { a, b } = (await lab.stats()).hosts
  assert.ok(a.up.bytes > length && b.down.bytes > length, JSON.stringify({ a, b }))
})

test('a lab that is closed leaves neither namespaces nor what ran in them', { skip: noLab() }, async () => {
  const lab = await startLab({ hosts: { a: {}, b: { delay: 1.5, up: 1e6, queue: 65536, loss: 0.01 } } })
  const { namespace, wrapper } = lab.host('a')
  assert.match(spawnSync(wrapper('ip'), ['-br', 'address'], { encoding: 'utf8' }).stdout, /10\.0\.0\.1/)
  await lab.close()
  assert.ok(!existsSync(`/run/netns/${namespace}`))
})

test('what no lab can be is said', { skip: noLab() }, async () => {
  await assert.rejects(startLab({ hosts: { a: { speed: 1 } } }), /no such option/)
  await assert.rejects(startLab({ hosts: { 'A-1': {} } }), /host's name/)
})
