import assert from 'node:assert/strict'
import test from 'node:test'
import { load } from './load.mjs'

const { binPieces, gridFor, hasPiece } = await load('pieces')

test('the first piece is the high bit of the first byte', () => {
  const bits = Uint8Array.of(0b1000_0001, 0b0100_0000)
  assert.deepEqual([...Array(16).keys()].filter(piece => hasPiece(bits, piece)), [0, 7, 9])
  assert.equal(hasPiece(bits, 99), false)
})

test('few pieces have a cell each', () => {
  assert.deepEqual([...binPieces(Uint8Array.of(0b1010_0000), 3, 100)], [1, 0, 1])
})

test('many pieces share cells, each piece in exactly one', () => {
  const bits = Uint8Array.of(0b1111_0000, 0b0000_0000, 0b1100_0000)
  assert.deepEqual([...binPieces(bits, 20, 5)], [1, 0, 0, 0, 0.5])
  const all = new Uint8Array(1250).fill(255)
  assert.ok(binPieces(all, 9_999, 317).every(share => share === 1))
})

test('a torrent without pieces has no cells', () => {
  assert.equal(binPieces(new Uint8Array(), 0, 10).length, 0)
})

test('cells fill the width in at most four rows, and none is left over', () => {
  for (const width of [290, 640, 780]) {
    for (const pieces of [1, 2, 40, 113, 500, 20_000]) {
      const { rows, columns, cellWidth } = gridFor(pieces, width)
      assert.ok(rows >= 1 && rows <= 4, `${rows} rows of ${pieces} in ${width}`)
      assert.ok(cellWidth >= 5)
      assert.ok(Math.abs(columns * (cellWidth + 2) - 2 - width) < 1e-6)
      assert.ok(columns * (rows - 1) < pieces, 'the last row is not empty')
    }
  }
})
