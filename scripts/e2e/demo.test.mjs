// The demo page, as the host serves it, in the hands of people.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { deflateSync } from 'node:zlib'
import { browser, missing, startHost, until } from './harness.mjs'

const skip = missing('chromium')

function folder (t) {
  const path = mkdtempSync(join(tmpdir(), 'shoal-demo-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

// A person at a browser of their own, whose downloads go into a folder. Notes
// whatever the page does that it should not.
async function person (t) {
  const b = await browser(t)
  const page = await b.newPage()
  const downloads = folder(t)
  const session = await page.createCDPSession()
  await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: downloads })
  await session.send('Network.enable')
  const [addresses, complaints] = [new Set(), []]
  session.on('Network.webSocketCreated', ({ url }) => addresses.add(url))
  page.on('request', request => addresses.add(request.url()))
  page.on('response', response => { if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`) })
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('console', message => { if (['error', 'warn'].includes(message.type())) complaints.push(message.text()) })
  await page.exposeFunction('complain', complaint => { complaints.push(complaint) })
  await page.exposeFunction('note', address => { addresses.add(address) })
  await page.evaluateOnNewDocument(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => complain(`CSP ${violatedDirective}: ${blockedURI}`))
    const Native = RTCPeerConnection
    window.RTCPeerConnection = class extends Native {
      constructor (config, ...rest) {
        super(config, ...rest)
        for (const { urls } of config?.iceServers ?? []) for (const url of [urls].flat()) note(url)
      }
    }
  })
  return { page, downloads, session, addresses, complaints }
}

// Nothing went wrong for a person, and nothing went to anybody but the host.
function isContent ({ addresses, complaints }, host) {
  assert.deepEqual(complaints, [])
  const { host: ours } = new URL(host.url)
  const abroad = [...addresses].filter(address => !/^(data|blob):/.test(address) && !address.replace(/^stun:/, 'stun://').includes(`//${ours}`))
  assert.deepEqual(abroad, [], 'the page spoke to others than its host')
  for (const scheme of ['ws:', 'stun:']) assert.ok([...addresses].some(address => address.startsWith(scheme)), `the test has seen no ${scheme}`)
}

// The share link of the first card.
const shareLink = async page => {
  const field = await page.waitForSelector('#torrents .link-field', { timeout: 30_000 })
  return field.evaluate(element => element.value)
}

// Saves what has arrived and returns its bytes.
async function saved ({ page, downloads }, name, press = button => button.click()) {
  const button = await page.waitForSelector(`button[aria-label="Save ${name}"]:not([disabled])`, { visible: true, timeout: 60_000 })
  await press(button)
  const path = join(downloads, name)
  // A download has its name only when it is complete.
  await until(() => existsSync(path) && !existsSync(`${path}.crdownload`), 30_000, () => `${path} to be saved`)
  return readFileSync(path)
}

async function choose (page, paths, press = () => page.click('#choose-files')) {
  const [chooser] = await Promise.all([page.waitForFileChooser({ timeout: 10_000 }), press()])
  await chooser.accept(paths)
}

// The smallest PNG of one colour: signature, header, data, end; see RFC 2083.
function png () {
  const crcOf = bytes => {
    let crc = ~0
    for (const byte of bytes) {
      crc ^= byte
      for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
    }
    return ~crc >>> 0
  }
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    crc.writeUInt32BE(crcOf(body))
    return Buffer.concat([length, body, crc])
  }
  const header = Buffer.from([0, 0, 0, 8, 0, 0, 0, 8, 8, 2, 0, 0, 0])
  const rows = Buffer.alloc(8 * (1 + 8 * 3), 0x40)
  for (let row = 0; row < 8; row++) rows[row * 25] = 0
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))
  ])
}

for (const [name, data] of [
  ['ein Brief für dich.txt', Buffer.from('Liebe Grüße aus dem Schwarm 🐟\n'.repeat(200))],
  ['picture.png', png()],
  ['much of it.bin', Buffer.alloc(12_345_678, 'shoal ')]
]) {
  test(`${name} is chosen, its link opened by somebody else, and saved`, { skip, timeout: 120_000 }, async t => {
    const host = await startHost(t)
    const [giver, taker] = [await person(t), await person(t)]
    const path = join(folder(t), name)
    writeFileSync(path, data)
    await giver.page.goto(host.url)
    await choose(giver.page, [path])
    const link = await shareLink(giver.page)
    assert.ok(link.startsWith(`${host.url}/#magnet:?xt=urn:btih:`), link)

    await taker.page.goto(link)
    assert.deepEqual(await saved(taker, name), data)
    assert.equal(await taker.page.$eval('#torrents h2', element => element.textContent), name)
    if (name.endsWith('.png')) {
      await until(() => taker.page.$eval('#torrents .file img', image => image.naturalWidth === 8), 10_000, () => 'the picture to be shown')
    }
    await until(() => giver.page.$eval('#torrents .card', card => /1 (peer|person|other)/.test(card.textContent)), 10_000, () => 'the giver to see a peer')
    for (const one of [giver, taker]) isContent(one, host)
  })
}

test('a file that is dropped on the page is shared', { skip, timeout: 120_000 }, async t => {
  const host = await startHost(t)
  const [giver, taker] = [await person(t), await person(t)]
  const path = join(folder(t), 'dropped.txt')
  writeFileSync(path, 'plop')
  await giver.page.goto(host.url)
  const { x, y } = await giver.page.$eval('#drop', element => {
    const { left, top } = element.getBoundingClientRect()
    return { x: left + 10, y: top + 10 }
  })
  const data = { items: [], files: [path], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop']) await giver.session.send('Input.dispatchDragEvent', { type, x, y, data })
  await taker.page.goto(await shareLink(giver.page))
  assert.equal(String(await saved(taker, 'dropped.txt')), 'plop')
  assert.equal(await giver.page.$eval('body', body => body.classList.contains('dragging')), false)
  for (const one of [giver, taker]) isContent(one, host)
})

test('the page is of use with the keyboard alone', { skip, timeout: 120_000 }, async t => {
  const host = await startHost(t)
  const [giver, taker] = [await person(t), await person(t)]

  // One writes a piece of text and shares it.
  await giver.page.goto(host.url)
  await tabTo(giver.page, 'a.skip')
  await choose(giver.page, [], async () => {
    await tabTo(giver.page, '#choose-files')
    await giver.page.keyboard.press('Enter')
  })
  await tabTo(giver.page, '.text-share summary')
  await giver.page.keyboard.press('Enter')
  await tabTo(giver.page, '#text')
  await giver.page.keyboard.type('Nothing but keys.')
  await tabTo(giver.page, '#text-form button')
  await giver.page.keyboard.press('Enter')
  const link = await shareLink(giver.page)
  await tabTo(giver.page, '#torrents .link-field')
  assert.equal(await giver.page.evaluate(() => getSelection().toString() || document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)), link)

  // The other types something wrong first, and then the link.
  await taker.page.goto(host.url)
  await tabTo(taker.page, '#link')
  await taker.page.keyboard.type('what is this')
  await taker.page.keyboard.press('Enter')
  assert.match(await taker.page.$eval('#link-error', element => element.textContent), /link/)
  assert.equal(await taker.page.evaluate(() => document.activeElement.id), 'link')
  await taker.page.keyboard.down('Control')
  await taker.page.keyboard.press('KeyA')
  await taker.page.keyboard.up('Control')
  await taker.page.keyboard.type(link)
  await taker.page.keyboard.press('Enter')
  const note = await saved(taker, 'note.txt', async () => {
    await tabTo(taker.page, 'button[aria-label="Save note.txt"]')
    await taker.page.keyboard.press('Enter')
  })
  assert.equal(String(note), 'Nothing but keys.')

  // And takes it off the page, which asks first; the focus stays somewhere.
  await tabTo(taker.page, '#torrents .card-actions button[aria-label="Remove"]')
  await taker.page.keyboard.press('Enter')
  assert.ok(await taker.page.$('#torrents .card'), 'it was removed without a question')
  await taker.page.keyboard.press('Enter')
  await taker.page.waitForSelector('#torrents .card', { hidden: true, timeout: 5_000 })
  assert.notEqual(await taker.page.evaluate(() => document.activeElement.tagName), 'BODY')
  for (const one of [giver, taker]) isContent(one, host)
})

// Presses Tab until something has the focus, which must be seen to have it.
async function tabTo (page, selector) {
  await page.waitForSelector(selector, { timeout: 30_000 })
  const passed = []
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab')
    const focus = await page.evaluate(selector => {
      const element = document.activeElement
      const { outlineStyle, boxShadow } = getComputedStyle(element)
      return { there: element.matches(selector), visible: outlineStyle !== 'none' || boxShadow !== 'none', name: `${element.tagName}#${element.id}.${element.className}` }
    }, selector)
    passed.push(focus.name)
    if (!focus.there) continue
    assert.ok(focus.visible, `nothing shows that ${selector} has the focus`)
    return
  }
  assert.fail(`Tab never leads to ${selector}, but to ${[...new Set(passed)].join(', ')}`)
}

test('what the host does not have is told, and a link that is wrong', { skip, timeout: 60_000 }, async t => {
  const host = await startHost(t)
  const one = await person(t)
  await one.page.goto(`${host.url}/#magnet:?xt=urn:btih:${'0123456789'.repeat(4)}&dn=lost`)
  await until(() => one.page.$eval('#torrents .card', card => /Nobody/.test(card.textContent)), 30_000, () => 'the page to say that nobody has it')
  await one.page.type('#link', 'magnet:?xt=urn:btih:0123')
  await one.page.keyboard.press('Enter')
  const alert = await one.page.waitForSelector('#torrents [role=alert]:not([hidden]), #notices [role=alert]', { visible: true, timeout: 10_000 })
  assert.match(await alert.evaluate(element => element.textContent), /not a link/)
  isContent(one, host)
})
