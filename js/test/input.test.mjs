import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseInput } from 'create-torrent'
import { source } from './source.mjs'

const { gather } = await source('input')
const textOf = async input => Promise.all(input.files.map(file => file.blob.text()))
const refuses = (input, code) => assert.rejects(gather(input), error => error.code === code)

function file (path, content = path) {
  const made = new File([content], path.split('/').at(-1))
  if (path.includes('/')) Object.defineProperty(made, 'webkitRelativePath', { value: path })
  return made
}

test('everything that has no name of its own gets one, and name overrides it', async () => {
  const bytes = new TextEncoder().encode('hello')
  const padded = new Uint8Array([0, ...bytes, 0])
  const inputs = [
    ['hello', 'text.txt'],
    [new Blob(['hello']), 'data.bin'],
    [bytes, 'data.bin'],
    [bytes.buffer, 'data.bin'],
    [padded.subarray(1, 6), 'data.bin'],
    [new DataView(padded.buffer, 1, 5), 'data.bin'],
    [new Response('hello').body, 'data.bin'],
    [new File(['hello'], 'a.txt'), 'a.txt'],
    [[new File(['hello'], 'a.txt')], 'a.txt']
  ]
  for (const [input, name] of inputs) {
    const got = await gather(input)
    assert.deepEqual([got.name, got.multi, got.files.map(f => f.path), await textOf(got)], [name, false, [[name]], ['hello']])
  }
  const named = await gather('hello', 'b.txt')
  assert.deepEqual([named.name, named.files[0].path], ['b.txt', ['b.txt']])
})

test('a plain object is sent as JSON', async () => {
  for (const object of [{ a: [1, 'ü'] }, {}, Object.create(null)]) {
    const got = await gather(object)
    assert.equal(got.name, 'data.json')
    assert.deepEqual(await textOf(got), [JSON.stringify(object)])
  }
})

test('what cannot be seeded is INVALID_INPUT', async () => {
  const circle = {}
  circle.circle = circle
  for (const input of [null, undefined, 1, true, () => 1, new Map(), new Date(), [], [1], ['text'], [{}], [new Blob([])], circle, Promise.resolve('x')]) {
    await refuses(input, 'INVALID_INPUT')
  }
})

test('a stream that breaks off is INVALID_INPUT, and an abort cancels it', async () => {
  await refuses(new ReadableStream({ start: controller => controller.error(new Error('torn')) }), 'INVALID_INPUT')
  let cancelled
  const endless = new ReadableStream({ pull () { return new Promise(() => {}) }, cancel (reason) { cancelled = reason } })
  const abort = new AbortController()
  const gathering = gather(endless, undefined, abort.signal)
  abort.abort('enough')
  await assert.rejects(gathering, reason => reason === 'enough')
  assert.equal(cancelled, 'enough')
})

test('lists of files are named as create-torrent names them', async () => {
  const lists = {
    'a directory': ['dir/a', 'dir/sub/b', 'dir/sub/deep/c'],
    'files without a directory': ['b', 'a'],
    'two directories': ['one/a', 'two/b'],
    'a directory and a file beside it': ['dir/a', 'b'],
    'a file and a directory': ['b', 'dir/a'],
    'one file': ['a'],
    'one file in a directory': ['dir/a'],
    'junk among the files': ['dir/a', 'dir/.DS_Store', 'dir/b', 'dir/._b']
  }
  for (const [title, paths] of Object.entries(lists)) {
    const theirs = paths.map(path => Object.assign(new File([path], path.split('/').at(-1)), { fullPath: '/' + path }))
    const opts = {}
    const [files, single] = await new Promise((resolve, reject) => {
      // It keeps the name that it finds to itself; what it does first is to read opts.
      parseInput(theirs, opts, (error, files, single) => error ? reject(error) : resolve([files, single]))
    })
    const ours = await gather(paths.map(path => file(path)))
    assert.equal(ours.multi, !single, title)
    if (!single) assert.deepEqual(ours.files.map(f => f.path), files.map(f => f.path), title)
  }
  assert.equal((await gather([file('dir/a'), file('dir/b')])).name, 'dir')
  assert.equal((await gather([file('b'), file('a')])).name, 'b')
  assert.equal((await gather([file('one/b'), file('two/a')])).name, 'b')
  assert.equal((await gather([file('dir/a'), file('dir/b')], 'mine')).name, 'mine')
})

test('what systems leave behind is not shared, unless it is all there is', async () => {
  const left = ['.DS_Store', '._a', 'Thumbs.db', 'desktop.ini', '.a.txt.swp', '.~lock.a.odt#']
  const got = await gather(['dir/a', ...left.map(name => `dir/${name}`), 'dir/.gitignore'].map(path => file(path)))
  assert.deepEqual([got.name, got.files.map(f => f.path)], ['dir', [['a'], ['.gitignore']]])
  assert.equal((await gather(new File([''], 'Thumbs.db'))).name, 'Thumbs.db')
  assert.equal((await gather([file('Thumbs.db')])).name, 'Thumbs.db')
})

test('handles are read, and directories walked in an order of their own', async t => {
  class FileSystemFileHandle {
    constructor (name) { this.name = name }
    async getFile () { return new File([this.name], this.name) }
  }
  class FileSystemDirectoryHandle {
    constructor (name, entries) { Object.assign(this, { name, entries }) }
    async * values () { yield * this.entries }
  }
  Object.assign(globalThis, { FileSystemFileHandle, FileSystemDirectoryHandle })
  t.after(() => { delete globalThis.FileSystemFileHandle; delete globalThis.FileSystemDirectoryHandle })

  const one = await gather(new FileSystemFileHandle('a.txt'))
  assert.deepEqual([one.name, one.multi, await textOf(one)], ['a.txt', false, ['a.txt']])
  const tree = new FileSystemDirectoryHandle('dir', [
    new FileSystemFileHandle('z'),
    new FileSystemDirectoryHandle('sub', [new FileSystemFileHandle('c'), new FileSystemFileHandle('.DS_Store')]),
    new FileSystemFileHandle('a')
  ])
  const all = await gather(tree)
  assert.deepEqual([all.name, all.multi, all.files.map(f => f.path.join('/'))], ['dir', true, ['a', 'sub/c', 'z']])
  await assert.rejects(gather(tree, undefined, AbortSignal.abort('enough')), reason => reason === 'enough')
})
