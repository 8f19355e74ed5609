/** The drawing of a torrent's pieces: one cell a piece, or several pieces a cell where there are many. */

import { formatPercent } from './format.js'
import { setAttribute } from './dom.js'

const cellHeight = 9 // CSS pixels, as the next two
const leastCellWidth = 5
const gap = 2
const mostRows = 4

/** hasPiece reads a bit field in wire form: the high bit of byte 0 is piece 0 (BEP 3). */
export function hasPiece(bits: Uint8Array, piece: number): boolean {
  return ((bits[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0
}

/** binPieces shares pieces out over at most so many cells, and returns for each the share of its pieces that are there. */
export function binPieces(bits: Uint8Array, pieces: number, mostCells: number): Float32Array {
  const cells = Math.max(0, Math.min(pieces, mostCells))
  const shares = new Float32Array(cells)
  for (let cell = 0; cell < cells; cell++) {
    const from = Math.floor((cell * pieces) / cells)
    const to = Math.floor(((cell + 1) * pieces) / cells)
    let had = 0
    for (let piece = from; piece < to; piece++) {
      if (hasPiece(bits, piece)) had += 1
    }
    shares[cell] = had / (to - from)
  }
  return shares
}

interface Grid {
  readonly columns: number
  readonly rows: number
  readonly cellWidth: number
}

/** gridFor fits cells into a width: one row where they fit, up to four else. */
export function gridFor(pieces: number, width: number): Grid {
  const mostColumns = Math.max(1, Math.floor((width + gap) / (leastCellWidth + gap)))
  const rows = Math.min(mostRows, Math.max(1, Math.ceil(pieces / mostColumns)))
  const columns = Math.max(1, Math.min(mostColumns, Math.ceil(pieces / rows)))
  return { rows, columns, cellWidth: (width + gap) / columns - gap }
}

export interface PieceMap {
  readonly element: HTMLCanvasElement
  /** update takes the pieces as they are now, and draws if they differ from what is drawn. */
  update(bits: Uint8Array, pieces: number): void
  dispose(): void
}

/** pieceMap makes a canvas that draws itself anew when the pieces, its width or the colours change. */
export function pieceMap(): PieceMap {
  const canvas = document.createElement('canvas')
  canvas.className = 'pieces'
  canvas.setAttribute('role', 'img')
  let bits = new Uint8Array()
  let pieces = 0

  const redraw = (): void => {
    if (canvas.isConnected && pieces > 0) draw(canvas, bits, pieces)
  }
  const resized = new ResizeObserver(redraw)
  resized.observe(canvas)
  const scheme = matchMedia('(prefers-color-scheme: dark)')
  scheme.addEventListener('change', redraw)

  return {
    element: canvas,
    update(now, count): void {
      if (count === pieces && sameBytes(now, bits)) return
      bits = now.slice()
      pieces = count
      redraw()
    },
    dispose(): void {
      resized.disconnect()
      scheme.removeEventListener('change', redraw)
    },
  }
}

function draw(canvas: HTMLCanvasElement, bits: Uint8Array, pieces: number): void {
  const width = canvas.parentElement?.clientWidth ?? 0
  const context = canvas.getContext('2d')
  if (width === 0 || context === null) return
  const { columns, rows, cellWidth } = gridFor(pieces, width)
  const height = rows * (cellHeight + gap) - gap
  scaleToScreen(canvas, context, width, height)

  const style = getComputedStyle(canvas)
  const missing = style.getPropertyValue('--piece-missing')
  const had = style.getPropertyValue('--piece-had')
  const shares = binPieces(bits, pieces, columns * rows)
  shares.forEach((share, cell) => {
    const x = (cell % columns) * (cellWidth + gap)
    const y = Math.floor(cell / columns) * (cellHeight + gap)
    context.globalAlpha = 1
    fillCell(context, missing, x, y, cellWidth)
    // A cell of which one piece in a hundred is there should differ from an empty one.
    context.globalAlpha = share === 0 || share === 1 ? share : 0.2 + 0.6 * share
    fillCell(context, had, x, y, cellWidth)
  })
  setAttribute(canvas, 'aria-label', describe(bits, pieces))
}

function scaleToScreen(canvas: HTMLCanvasElement, context: CanvasRenderingContext2D, width: number, height: number): void {
  const scale = devicePixelRatio
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  canvas.style.setProperty('height', `${height}px`)
  context.setTransform(scale, 0, 0, scale, 0, 0)
}

function fillCell(context: CanvasRenderingContext2D, colour: string, x: number, y: number, width: number): void {
  context.fillStyle = colour
  context.beginPath()
  context.roundRect(x, y, width, cellHeight, 2)
  context.fill()
}

function describe(bits: Uint8Array, pieces: number): string {
  let had = 0
  for (let piece = 0; piece < pieces; piece++) {
    if (hasPiece(bits, piece)) had += 1
  }
  return `${had} of ${pieces} pieces here, ${formatPercent(had / pieces)}`
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
