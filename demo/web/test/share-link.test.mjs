import assert from 'node:assert/strict'
import test from 'node:test'
import { load } from './load.mjs'

const { makeShareLink, readLink, readShareLink, withoutTrackers } = await load('share-link')

const hash = 'dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c'
const magnet = `magnet:?xt=urn:btih:${hash}&dn=Caf%C3%A9+%26+more&tr=wss%3A%2F%2Ftracker.example%2Fannounce`

test('a share link is the page and the magnet link behind a #', () => {
  assert.equal(makeShareLink('https://shoal.example/app/', magnet), `https://shoal.example/app/#${magnet}`)
})

test('the fragment that the page was opened with is replaced, its query stays', () => {
  assert.equal(makeShareLink('http://localhost:8080/?lang=en#magnet:?xt=urn:btih:old', magnet), `http://localhost:8080/?lang=en#${magnet}`)
})

test('what one page makes, another reads, from its address or from a pasted link', () => {
  const link = makeShareLink('https://shoal.example/', magnet)
  assert.equal(readShareLink(new URL(link).hash), magnet)
  assert.equal(readShareLink(link), magnet)
  assert.equal(readShareLink(`${link}\n`), magnet)
})

test('whatever a magnet link holds, no part of it is sent to the server of the page', () => {
  const url = new URL(makeShareLink('https://shoal.example/', 'magnet:?xt=urn:btih:aa&dn=a#b?c d'))
  assert.equal(url.search, '')
  assert.equal(url.pathname, '/')
})

test('a fragment that a messenger has escaped is read', () => {
  assert.equal(readShareLink(`https://shoal.example/#${encodeURIComponent(magnet)}`), magnet)
})

test('other fragments are no share links', () => {
  for (const text of ['', '#', '#torrents', 'https://shoal.example/', `#${hash}`, '#magnet:', '#magnet%3A%3Fxt=%', '#javascript:magnet:?x']) {
    assert.equal(readShareLink(text), undefined, text)
  }
})

test('a person may paste any kind of link', () => {
  const links = [
    [` ${magnet} `, magnet],
    [`MAGNET:?xt=urn:btih:${hash}`, `MAGNET:?xt=urn:btih:${hash}`],
    [`https://shoal.example/#${magnet}`, magnet],
    [hash, hash],
    [hash.toUpperCase(), hash.toUpperCase()],
    ['3WBFL3G4PSSV7MF37AJSHWDQMLNR63I4', '3WBFL3G4PSSV7MF37AJSHWDQMLNR63I4'],
    ['https://example.org/a/film.torrent?x=1', 'https://example.org/a/film.torrent?x=1'],
  ]
  for (const [pasted, link] of links) assert.equal(readLink(pasted), link, pasted)
})

test('what is no link is refused before the library is asked', () => {
  for (const text of ['', 'hello', `${hash}0`, 'magnet:', 'magnet:?xt=a b', 'ftp://example.org/x.torrent', 'https://', 'https://example.org', 'javascript:alert(1)']) {
    assert.equal(readLink(text), undefined, text)
  }
})

test('trackers that the page knows are left out of a code, others stay in their order', () => {
  const long = `magnet:?xt=urn:btih:${hash}&tr=ws%3A%2F%2Flocalhost%3A8080%2Fannounce&tr.1=wss%3A%2F%2Fa.example&tr=wss%3A%2F%2Fb.example&dn=x%20y`
  assert.equal(withoutTrackers(long, ['ws://localhost:8080/announce', 'wss://a.example']), `magnet:?xt=urn:btih:${hash}&tr=wss%3A%2F%2Fb.example&dn=x%20y`)
  assert.equal(withoutTrackers(long, []), long)
})
