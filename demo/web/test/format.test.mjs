import assert from 'node:assert/strict'
import test from 'node:test'
import { load } from './load.mjs'

const { formatBytes, formatCount, formatPercent, formatSpeed, formatTimeLeft } = await load('format')

test('sizes have at most three digits and a unit', () => {
  const sizes = [
    [0, '0 B'], [1, '1 B'], [999, '999 B'], [1000, '1 KB'], [1500, '1.5 KB'], [24_600_000, '24.6 MB'], [99_940_000, '99.9 MB'],
    [99_960_000, '100 MB'], [812_000_000, '812 MB'], [999_600, '1 MB'], [999_999_999, '1 GB'], [4_700_000_000, '4.7 GB'], [2e12, '2 TB'], [-5, '0 B'],
  ]
  for (const [bytes, words] of sizes) assert.equal(formatBytes(bytes), words, String(bytes))
  assert.equal(formatSpeed(3_420_000), '3.4 MB/s')
})

test('nothing is 100 % before it is whole', () => {
  assert.equal(formatPercent(0), '0 %')
  assert.equal(formatPercent(0.429), '42 %')
  assert.equal(formatPercent(0.99999), '99 %')
  assert.equal(formatPercent(1), '100 %')
})

test('time remaining is said in words, and not at all where nobody knows', () => {
  const times = [
    [0, 'a few seconds left'], [31, 'less than a minute left'], [60, 'about a minute left'], [89, 'about a minute left'], [90, 'about 2 minutes left'],
    [1500, 'about 25 minutes left'], [3000, 'about an hour left'], [5300, 'about an hour left'], [7200, 'about 2 hours left'],
    [86_400 * 2, 'about 2 days left'], [86_400 * 90, 'more than two weeks left'], [Infinity, ''], [NaN, ''], [-1, ''],
  ]
  for (const [seconds, words] of times) assert.equal(formatTimeLeft(seconds), words, String(seconds))
})

test('counts agree with their noun', () => {
  assert.equal(formatCount(0, 'peer'), 'no peers')
  assert.equal(formatCount(1, 'peer'), '1 peer')
  assert.equal(formatCount(1200, 'file'), '1,200 files')
})
