/** Buttons. */

import { el } from './dom.js'
import { icon, type IconName } from './icons.js'

/** button makes a button with a sign and a word. */
export function button(label: string, sign: IconName | undefined, onClick: () => void, style = ''): HTMLButtonElement {
  const text = el('span', {}, label)
  const node = el('button', { type: 'button', class: `button ${style}`.trim() }, ...(sign === undefined ? [text] : [icon(sign), text]))
  node.addEventListener('click', onClick)
  return node
}

/** iconButton makes a button with a sign alone; its label is for screen readers and the pointer that rests on it. */
export function iconButton(label: string, sign: IconName, onClick: () => void): HTMLButtonElement {
  const node = el('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label }, icon(sign))
  node.addEventListener('click', onClick)
  return node
}

/** How long a button waits for the second click, and shows a result. */
const patience = 4000 // milliseconds

/** askTwice lets a button act only on a second click, with a warning in between. */
export function askTwice(node: HTMLButtonElement, mustAsk: () => boolean, question: string, act: () => void): void {
  const label = node.getAttribute('aria-label') ?? ''
  const disarm = (): void => {
    node.classList.remove('armed')
    node.removeAttribute('data-question')
    node.setAttribute('aria-label', label)
  }
  node.addEventListener('click', () => {
    if (!mustAsk() || node.classList.contains('armed')) {
      act()
      return
    }
    node.classList.add('armed')
    node.dataset['question'] = question
    node.setAttribute('aria-label', question)
    setTimeout(disarm, patience)
  })
  node.addEventListener('blur', disarm)
}

/** flash shows a word on a button for a moment. */
export function flash(node: HTMLButtonElement, word: string): void {
  const text = node.querySelector('span')
  if (text === null) return
  node.dataset['label'] ??= text.textContent ?? ''
  text.textContent = word
  setTimeout(() => {
    text.textContent = node.dataset['label'] ?? ''
  }, patience / 2)
}
