import assert from 'node:assert/strict'
import { test } from 'node:test'
import { source } from './source.mjs'

const { checkClientOptions, checkFetchOptions, checkPriority, checkSeedOptions, plainLimits } = await source('options')
const refuses = (check, options, code, named) =>
  assert.throws(() => check(options), error => error.code === code && error.message.includes(named), JSON.stringify(options))

test('options that are there pass, and so does undefined', () => {
  checkSeedOptions({})
  checkSeedOptions({
    name: 'a', pieceLength: 1 << 14, comment: '', private: true, webSeeds: ['https://a/'], trackers: [], signal: new AbortController().signal, onProgress () {}
  })
  checkSeedOptions({ name: undefined, webSeeds: undefined })
  checkFetchOptions({ files: 'all', order: 'rarest', trackers: ['wss://a'], webSeeds: ['http://a'], store: 'auto' })
  checkFetchOptions({ order: 'sequential', webSeeds: [] })
  for (const files of ['none', [], [0, 3], () => true]) checkFetchOptions({ files })
  checkClientOptions({ trackers: ['ws://a'], iceServers: [{ urls: 'stun:a' }], store: 'memory', maxConnections: 1, wasmUrl: '/x.wasm', uploadLimit: 1, downloadLimit: 1e9 })
  checkClientOptions({ wasmUrl: new URL('https://example.com/shoal.wasm'), workerUrl: '/w.js' })
})

test('an unknown option is an error that names it', () => {
  for (const check of [checkSeedOptions, checkFetchOptions, checkClientOptions]) {
    refuses(check, { pieceSize: 1 }, 'INVALID_OPTION', 'pieceSize')
    refuses(check, { toString: 1 }, 'INVALID_OPTION', 'toString')
    for (const options of [null, 'name', 1]) refuses(check, options, 'INVALID_OPTION', 'options')
  }
})

test('a value out of range is an error that names its option', () => {
  const seed = { name: ['', 1], pieceLength: [0, 1 << 13, 100_000, 1 << 27, '16384', NaN], comment: [1], trackers: ['wss://a', ['http://a'], [1]], signal: [{}], onProgress: [1], private: [1, 'yes'], webSeeds: ['https://a', ['wss://a'], [1]] }
  const fetch = { files: ['some', [-1], [0.5], ['a'], 1], order: ['random', true], webSeeds: [['ftp://a']], store: ['disk'] }
  const client = { iceServers: [{}, [1], [null]], maxConnections: [0, -1, 1.5, Infinity, '5'], wasmUrl: [1], workerUrl: [1], uploadLimit: [0, -1, 0.5, '1'], downloadLimit: [0, Infinity], resume: [1, 'yes'] }
  for (const [check, table] of [[checkSeedOptions, seed], [checkFetchOptions, fetch], [checkClientOptions, client]]) {
    for (const [name, values] of Object.entries(table)) {
      for (const value of values) refuses(check, { [name]: value }, 'INVALID_OPTION', name)
    }
  }
})

test('what is to come is UNSUPPORTED, and named', () => {
  refuses(checkFetchOptions, { store: 'opfs' }, 'UNSUPPORTED', 'store')
  for (const [name, value] of Object.entries({ bootstrap: [], store: 'opfs' })) {
    refuses(checkClientOptions, { [name]: value }, 'UNSUPPORTED', name)
  }
})

test('limits are whole bytes per second, and what is missing is unlimited', () => {
  assert.deepEqual(plainLimits({}), { upload: 0, download: 0 })
  assert.deepEqual(plainLimits({ upload: 1000, download: undefined }), { upload: 1000, download: 0 })
  for (const limits of [null, 5, { up: 1 }, { upload: 0 }, { download: '5' }]) refuses(plainLimits, limits, 'INVALID_OPTION', '')
})

test('a priority is a whole number from 1 to 7', () => {
  for (const priority of [1, 4, 7]) checkPriority(priority)
  for (const priority of [0, 8, 1.5, '4', null]) refuses(checkPriority, priority, 'INVALID_OPTION', 'priority')
})
