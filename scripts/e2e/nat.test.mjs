// Two homes behind a NAT each: a page in one fetches what a page in the other
// seeds, through holes that only STUN lets them find.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findBrowser } from '../browsers.mjs'
import { browser, hostAssets, missing, root, shoalPage, startHost } from './harness.mjs'

const MiB = 1 << 20
const nat = join(root, 'scripts/netlab/nat')
const prefix = `shoal${process.pid}`
const internet = '198.51.100.254'
const inside = { a: '10.1.0.2', b: '10.2.0.2' }
const outside = { a: '198.51.100.1', b: '198.51.100.5' }

// Why there can be no netlab here, or false.
function forbidden () {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  const up = spawnSync(nat, ['up', prefix], { encoding: 'utf8' })
  spawnSync(nat, ['down', prefix])
  return up.status !== 0 && `no network namespaces and NAT here: ${(up.error?.message ?? up.stderr).trim()}`
}

function netlab (t) {
  t.after(() => execFileSync(nat, ['down', prefix]))
  execFileSync(nat, ['up', prefix])
}

function folder (t) {
  const path = mkdtempSync(join(tmpdir(), 'shoal-nat-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

// The host in the internet: it serves the test's page and dist/, introduces,
// and answers STUN.
function internetHost (t) {
  return startHost(t, ['-addr', `${internet}:8080`, '-assets', hostAssets(t)], `${prefix}-net`)
}

// A page of a browser that is at home in a namespace, and notes its connections.
async function homePage (t, side, { url, tracker }) {
  const wrapper = join(folder(t), 'chromium')
  writeFileSync(wrapper, `#!/bin/sh\nexec ip netns exec ${prefix}-${side} '${findBrowser('chromium')}' "$@"\n`)
  chmodSync(wrapper, 0o755)
  const b = await browser(t, 'chromium', {
    executablePath: wrapper,
    pipe: true, // the namespace has a localhost of its own
    args: [`--unsafely-treat-insecure-origin-as-secure=${url}`]
  })
  const page = await shoalPage(b, url)
  await page.evaluate((tracker, stun) => {
    window.connections = []
    const Native = RTCPeerConnection
    window.RTCPeerConnection = class extends Native {
      constructor (...args) { super(...args); connections.push(this) }
    }
    window.client = shoal.createClient({ trackers: [tracker], iceServers: [{ urls: stun }] })
  }, tracker, `stun:${new URL(url).host}`)
  return page
}

// The candidates of the pairs over which bytes went.
const pairs = page => page.evaluate(async () => {
  const found = []
  for (const connection of connections) {
    const all = await connection.getStats()
    for (const pair of all.values()) {
      if (pair.type !== 'candidate-pair' || !pair.nominated || pair.state !== 'succeeded') continue
      const [local, remote] = [all.get(pair.localCandidateId), all.get(pair.remoteCandidateId)]
      found.push({ local: local.candidateType, remote: remote.candidateType, address: remote.address, bytes: pair.bytesSent + pair.bytesReceived })
    }
  }
  return found
})

// The candidates of a kind that a page has found for itself.
const gathered = (page, kind) => page.evaluate(async kind => {
  const addresses = new Set()
  for (const connection of connections) {
    for (const candidate of (await connection.getStats()).values()) {
      if (candidate.type === 'local-candidate' && candidate.candidateType === kind) addresses.add(candidate.address)
    }
  }
  return [...addresses]
}, kind)

const reaches = (from, address) => spawnSync('ip', ['-n', `${prefix}-${from}`, 'route', 'get', address]).status === 0

test('two pages behind a NAT each find one another by STUN', { skip: missing('chromium') || forbidden(), timeout: 240_000 }, async t => {
  netlab(t)
  for (const address of Object.values(inside)) {
    assert.ok(!reaches('net', address), `${address} is known in the internet: a host candidate could work`)
  }
  const host = await internetHost(t)
  const pages = { a: await homePage(t, 'a', host), b: await homePage(t, 'b', host) }
  const seeded = await pages.a.evaluate(async length => {
    const file = testFile('through two NATs.bin', length, 1)
    return { magnet: (await client.seed(file)).magnet, hash: await sha256(file) }
  }, 16 * MiB)
  const fetched = await pages.b.evaluate(async magnet => {
    const began = performance.now()
    const torrent = await client.fetch(magnet)
    const metadata = performance.now()
    await torrent.done
    const times = [metadata, performance.now()].map(at => ((at - began) / 1000).toFixed(1))
    return { hash: await sha256(await torrent.files[0].blob()), times }
  }, seeded.magnet)
  t.diagnostic(`metadata after ${fetched.times[0]} s, all after ${fetched.times[1]} s`)
  assert.equal(fetched.hash, seeded.hash)

  for (const [side, other] of [['a', 'b'], ['b', 'a']]) {
    const page = pages[side]
    assert.ok((await gathered(page, 'host')).includes(inside[side]), `the page in ${side} is not at home`)
    assert.ok((await gathered(page, 'srflx')).includes(outside[side]), `the page in ${side} has not learned its outer address`)
    const used = (await pairs(page)).filter(({ bytes }) => bytes > 16 * MiB)
    t.diagnostic(`${side}: ${JSON.stringify(used)}`)
    assert.equal(used.length, 1, 'one connection carried the file')
    assert.equal(used[0].address, outside[other], `${side} speaks with something else than the NAT of ${other}`)
    assert.ok(['srflx', 'prflx'].includes(used[0].remote), `${side} has reached a ${used[0].remote} candidate`)
    assert.deepEqual(page.faults, [])
  }
})
