/** Notices about the page as a whole. */

import { button } from './button.js'
import { byId, el } from './dom.js'

/** notify shows a sentence above everything until it is dismissed; a problem is also said aloud. */
export function notify(sentence: string, kind: 'notice' | 'problem'): void {
  const node = el('div', { class: `notice page-notice ${kind}`, role: kind === 'problem' ? 'alert' : 'note' }, el('p', {}, sentence))
  node.append(button('Dismiss', undefined, () => node.remove(), 'quiet'))
  byId('notices', HTMLDivElement).append(node)
}

/** notifyLimits says what a browser withholds from a page that came over plain http. */
export function notifyLimits(): void {
  if (isSecureContext) return
  notify('This page came over plain http, so the browser withholds a few things: links are selected instead of copied, '
    + 'folders are saved file by file, and large files take longer to check. Everything else works.', 'notice')
}
