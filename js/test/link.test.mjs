import assert from 'node:assert/strict'
import { test } from 'node:test'
import { source } from './source.mjs'

const { hintOf, trackersOf } = await source('link')

test('the info hash and the name are known before Go has read a link', () => {
  const hash = '0123456789abcdef0123456789abcdef01234567'
  const base32 = 'AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH'
  const table = {
    [hash]: [hash, ''],
    [hash.toUpperCase()]: [hash, ''],
    [base32]: [hash, ''],
    [base32.toLowerCase()]: [hash, ''],
    [`magnet:?xt=urn:btih:${hash}`]: [hash, ''],
    [`MAGNET:?dn=a+b%20c&xt=urn:btih:${base32}&tr=wss://x`]: [hash, 'a b c'],
    [`magnet:?xt=urn:btmh:1220aa&xt=urn:btih:${hash}`]: [hash, ''],
    'magnet:?xt=urn:btmh:1220aa': ['', ''],
    'magnet:?xt=urn:btih:short': ['', ''],
    'magnet:': ['', ''],
    'https://example.com/a.torrent': ['', ''],
    '': ['', '']
  }
  for (const [link, [infoHash, name]] of Object.entries(table)) assert.deepEqual(hintOf(link), { infoHash, name }, link)
})

test('so are the trackers of a magnet link', () => {
  const magnet = 'magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567'
  assert.deepEqual(trackersOf(`${magnet}&tr=wss%3A%2F%2Fa%2Fannounce&dn=x&tr=wss://b`), ['wss://a/announce', 'wss://b'])
  assert.deepEqual(trackersOf(magnet), [])
  assert.deepEqual(trackersOf('https://example.com/?tr=wss://a'), [])
})
