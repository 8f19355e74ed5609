/** What a screen reader should say without being asked. */

import { byId } from './dom.js'

/** announce says a sentence once, when the reader is free. */
export function announce(sentence: string): void {
  const status = byId('status', HTMLDivElement)
  // The same sentence twice in a row would not be a change.
  status.textContent = status.textContent === sentence ? `${sentence}\u00a0` : sentence
}
