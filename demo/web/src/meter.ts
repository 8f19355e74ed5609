/** A progress bar. */

import { el, setAttribute } from './dom.js'

export interface Meter {
  readonly element: HTMLElement
  /** update shows a share of 1, or that nobody knows it yet. */
  update(share: number | undefined, inWords: string): void
}

/** meter makes a progress bar with a name for those who do not see it. */
export function meter(label: string): Meter {
  const element = el('div', { class: 'meter', role: 'progressbar', 'aria-label': label, 'aria-valuemin': '0', 'aria-valuemax': '100' }, el('span'))
  return {
    element,
    update(share, inWords): void {
      element.classList.toggle('unknown', share === undefined)
      if (share === undefined) element.removeAttribute('aria-valuenow')
      else setAttribute(element, 'aria-valuenow', String(Math.floor(share * 100)))
      setAttribute(element, 'aria-valuetext', inWords)
      element.style.setProperty('--share', String(share ?? 0))
    },
  }
}
