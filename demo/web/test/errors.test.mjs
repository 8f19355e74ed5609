import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import test from 'node:test'
import { load } from './load.mjs'

const { codeOf, explain, explainedCodes, isAbort } = await load('errors')

const shoalError = (code, message = 'inner words') => Object.assign(new Error(message), { code })

test('every code of the core has a sentence', async () => {
  const source = await readFile(new URL('../../../core/client/error.go', import.meta.url), 'utf8')
  const codes = [...source.matchAll(/^\s*Code\w+\s+Code = "(\w+)"/gm)].map(match => match[1])
  assert.ok(codes.includes('INTERNAL'), 'the codes are found')
  assert.deepEqual(codes.filter(code => !explainedCodes.includes(code)), [])
})

test('every code of the npm module has a sentence, and no sentence is for another', async () => {
  const source = await readFile(new URL('../../../js/src/error.ts', import.meta.url), 'utf8')
  const codes = [...source.matchAll(/^\s*\| '([A-Z_]+)'/gm)].map(match => match[1])
  assert.deepEqual([...explainedCodes].sort(), codes.sort())
})

test('a sentence says what happened without the code or the inner words', () => {
  for (const code of explainedCodes) {
    const sentence = explain(shoalError(code))
    assert.match(sentence, /^[A-Z].*\.$/)
    assert.ok(!sentence.includes(code) && !sentence.includes('inner words'), sentence)
  }
})

test('nobody being there is told with patience, and otherwise to the one who shares', () => {
  assert.match(explain(shoalError('NO_PEERS')), /Keep the page open/)
  assert.match(explain(shoalError('NO_PEERS'), true), /Send the link/)
  assert.equal(explain(shoalError('STORE'), true), explain(shoalError('STORE')))
})

test('an unknown error keeps its own words', () => {
  assert.equal(explain(new Error('the disk is on fire')), 'Something went wrong: the disk is on fire')
  assert.equal(explain('odd'), 'Something went wrong: odd')
  assert.equal(explain(new Error('')), 'Something went wrong: the browser gave no reason.')
  assert.equal(codeOf({ code: 'STORE' }), undefined)
})

test('a cancelled call is told from a broken one', () => {
  assert.ok(isAbort(AbortSignal.abort().reason))
  assert.ok(!isAbort(shoalError('REMOVED')))
})
