import assert from 'node:assert/strict'
import { test } from 'node:test'
import { source } from './source.mjs'

const { makeScope } = await source('scope')

test('a function that the page has wrapped, as monitoring scripts do, is called on the page', t => {
  // Given a function of the browser that insists on its this,
  function native () {
    if (this !== globalThis) throw new TypeError('Illegal invocation')
    return 'called'
  }
  // and a wrapper that hands its own on,
  globalThis.wrapped = function (...args) { return native.apply(this, args) }
  t.after(() => { delete globalThis.wrapped })
  const scope = makeScope({})
  assert.equal(scope.wrapped(), 'called')
  assert.equal(scope.wrapped, scope.wrapped)
})

test('a constructor is the page\'s own, with what it has', () => {
  const scope = makeScope({})
  assert.equal(scope.Promise, Promise)
  assert.equal(scope.Uint8Array, Uint8Array)
})

test('what is set stays off the page, and what the page sets is seen', t => {
  const scope = makeScope({ fs: undefined })
  scope.fs = 1
  scope.another = 2
  globalThis.late = () => 3
  t.after(() => { delete globalThis.late })
  assert.deepEqual([scope.fs, scope.another, scope.late(), 'late' in scope, 'another' in globalThis], [1, 2, 3, true, false])
})
