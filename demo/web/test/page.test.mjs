import assert from 'node:assert/strict'
import test from 'node:test'
import { load } from './load.mjs'

const { nameOf, sizeOf, sortFiles } = await load('intake')
const { readConfig } = await load('config')
const { phaseOf } = await load('phase')
const { safePath } = await load('save')

const file = (path, size = 1) => ({ name: path.split('/').at(-1), size, webkitRelativePath: path.includes('/') ? path : '' })

test('.torrent files alone are fetched, among others they are shared', () => {
  assert.equal(sortFiles([file('a.torrent'), file('B.TORRENT')]).kind, 'fetch')
  assert.equal(sortFiles([file('a.torrent'), file('b.txt')]).kind, 'share')
  assert.equal(sortFiles([file('folder/a.torrent')]).kind, 'share')
  assert.equal(sortFiles([]).kind, 'nothing')
})

test('what is shared is called after its file, its folder or its first file', () => {
  assert.equal(nameOf([file('a.txt')]), 'a.txt')
  assert.equal(nameOf([file('trip/a.jpg'), file('trip/day 2/b.jpg')]), 'trip')
  assert.equal(nameOf([file('trip/a.jpg'), file('other/b.jpg')]), 'a.jpg and 1 more')
  assert.equal(nameOf([file('a.txt'), file('b.txt'), file('c.txt')]), 'a.txt and 2 more')
  assert.equal(sizeOf([file('a', 3), file('b', 4)]), 7)
})

test('a host’s configuration is taken where it is well-formed', () => {
  const iceServers = [{ urls: 'stun:192.0.2.1:3478' }, { urls: ['turn:a'], username: 'u', credential: 'c' }]
  const config = readConfig({ trackers: ['wss://a', 7], iceServers: [...iceServers, { urls: 7 }, null], addresses: ['http://192.0.2.1:8080/', 'javascript:x', 'http://'], version: '1' })
  assert.deepEqual(config, { trackers: ['wss://a'], iceServers, addresses: ['http://192.0.2.1:8080/'] })
})

test('without a configuration the library’s own trackers and servers apply', () => {
  for (const nothing of [undefined, null, 'html', [], {}]) {
    assert.deepEqual(readConfig(nothing), { trackers: undefined, iceServers: undefined, addresses: [] })
  }
})

test('a torrent goes from asking over fetching to sharing', () => {
  const facts = { ready: false, finished: false, paused: false, failed: false, peers: 0 }
  assert.equal(phaseOf(facts), 'looking')
  assert.equal(phaseOf({ ...facts, peers: 1 }), 'asking')
  assert.equal(phaseOf({ ...facts, peers: 1, ready: true }), 'fetching')
  assert.equal(phaseOf({ ...facts, ready: true }), 'looking')
  assert.equal(phaseOf({ ...facts, ready: true, finished: true }), 'sharing')
  assert.equal(phaseOf({ ...facts, ready: true, finished: true, paused: true }), 'paused')
  assert.equal(phaseOf({ ...facts, ready: true, paused: true, failed: true }), 'failed')
})

test('a stranger’s path leads nowhere but below the chosen folder', () => {
  assert.deepEqual(safePath('a/b/c.txt', 'x'), { folders: ['a', 'b'], name: 'c.txt' })
  assert.deepEqual(safePath('../../etc/./passwd', 'x'), { folders: ['etc'], name: 'passwd' })
  assert.deepEqual(safePath('a\\..\\b.txt', 'x'), { folders: ['a'], name: 'b.txt' })
  assert.deepEqual(safePath('/..//', 'x'), { folders: [], name: 'x' })
})
