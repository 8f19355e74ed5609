/** Line drawings on a grid of 24, drawn in the colour of the text around them. */

import { svg } from './dom.js'

const paths = {
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  folder: 'M3 6h6l2 2h10v11H3z',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01',
  video: 'M4 6h11v12H4zM15 11l5-3v8l-5-3z',
  audio: 'M9 18V6l10-2v12M9 18a2.5 2.5 0 1 1-2.5-2.5H9M19 16a2.5 2.5 0 1 1-2.5-2.5H19',
  text: 'M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6',
  archive: 'M4 5h16v4H4zM5 9v10h14V9M10 13h4',
  pause: 'M9 6v12M15 6v12',
  resume: 'M8 5l11 7-11 7z',
  remove: 'M6 6l12 12M18 6L6 18',
  save: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  preview: 'M3 12c4-7 14-7 18 0-4 7-14 7-18 0zM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  share: 'M12 15V4M8 8l4-4 4 4M5 13v7h14v-7',
  down: 'M12 5v14M6 13l6 6 6-6',
  up: 'M12 19V5M6 11l6-6 6 6',
  peers: 'M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3 19c.5-6 11.5-6 12 0M16 5.5a3 3 0 0 1 0 5M17.5 14c2 .7 3.3 2.3 3.5 5',
  time: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v6M12 7.5h.01',
} as const

export type IconName = keyof typeof paths

/** icon draws a sign that says nothing to a screen reader: its button or text does. */
export function icon(name: IconName): SVGSVGElement {
  return svg('svg', { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true' }, svg('path', { d: paths[name] }))
}

/** redraw makes an icon another one. */
export function redraw(drawing: SVGSVGElement, name: IconName): void {
  drawing.firstElementChild?.setAttribute('d', paths[name])
}

/** iconOfType chooses the sign of a media type. */
export function iconOfType(type: string): IconName {
  const [kind] = type.split('/')
  if (kind === 'image' || kind === 'video' || kind === 'audio' || kind === 'text') return kind
  if (/json|pdf|document|msword/.test(type)) return 'text'
  return /zip|tar|compressed|archive/.test(type) ? 'archive' : 'file'
}
