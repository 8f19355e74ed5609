/** QR codes as drawings. */

import { encode } from 'uqr'
import { svg } from './dom.js'

/** The quiet zone that ISO/IEC 18004 asks for, in modules. */
const quietZone = 4

/** qrCode draws a text; undefined where it is too long for any code (about 2,900 bytes). */
export function qrCode(text: string, label: string): SVGSVGElement | undefined {
  const modules = modulesOf(text)
  if (modules === undefined) return undefined
  const side = modules.length
  return svg('svg', { class: 'qr-code', viewBox: `0 0 ${side} ${side}`, role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges' },
    svg('path', { d: pathOf(modules) }))
}

function modulesOf(text: string): readonly (readonly boolean[])[] | undefined {
  try {
    return encode(text, { ecc: 'L', border: quietZone }).data
  } catch {
    return undefined
  }
}

/** pathOf joins the dark modules of a row into runs. */
function pathOf(modules: readonly (readonly boolean[])[]): string {
  let path = ''
  modules.forEach((row, y) => {
    const closed = [...row, false]
    let start = -1
    closed.forEach((dark, x) => {
      if (dark && start < 0) start = x
      if (!dark && start >= 0) {
        path += `M${start} ${y}h${x - start}v1h${start - x}z`
        start = -1
      }
    })
  })
  return path
}
