/** The card of files that are being hashed before they can be shared. */

import { button } from './button.js'
import { el, setText } from './dom.js'
import { formatBytes, formatPercent } from './format.js'
import { icon } from './icons.js'
import { describeFiles, isFolder, nameOf, sizeOf } from './intake.js'
import { meter } from './meter.js'

export interface HashingCard {
  readonly element: HTMLElement
  update(done: number, total: number): void
  /** fail says what went wrong; the button dismisses the card from then on. */
  fail(sentence: string): void
}

/** hashingCard shows files on their way to being shared; onCancel ends that. */
export function hashingCard(files: readonly File[], onCancel: () => void): HashingCard {
  const name = nameOf(files)
  const facts = `${describeFiles(files.length)} · ${formatBytes(sizeOf(files))}`
  const bar = meter(`Reading ${name}`)
  const percent = el('span', { class: 'percent' })
  const state = el('span', { class: 'pill', 'data-phase': 'hashing' }, 'Preparing')
  const problem = el('p', { class: 'notice problem', role: 'alert', hidden: true })
  const cancel = button('Cancel', undefined, onCancel, 'quiet')
  const element = el('article', { class: 'card', 'aria-label': name },
    el('header', { class: 'card-head' },
      el('span', { class: 'card-icon' }, icon(isFolder(files) ? 'folder' : 'file')),
      el('div', { class: 'card-title' }, el('h2', {}, name), el('p', { class: 'facts' }, facts)),
      el('div', { class: 'card-actions' }, cancel)),
    el('div', { class: 'state' }, state, percent),
    bar.element, problem)
  bar.update(undefined, 'Starting')

  return {
    element,
    update(done, total): void {
      const share = total === 0 ? 1 : done / total
      bar.update(share, `${formatPercent(share)} of ${formatBytes(total)} read`)
      setText(percent, `${formatPercent(share)} read`)
    },
    fail(sentence): void {
      state.dataset['phase'] = 'failed'
      setText(state, 'Not shared')
      setText(percent, '')
      bar.element.hidden = true
      problem.hidden = false
      problem.textContent = sentence
      setText(cancel, 'Dismiss')
    },
  }
}
