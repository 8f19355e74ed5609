/** The share link of a torrent, and its QR code. */

import { announce } from './announce.js'
import { button, flash } from './button.js'
import { copyText, copyShortcut } from './copy.js'
import { el, setText } from './dom.js'
import { qrCode } from './qr.js'
import { makeShareLink, withoutTrackers } from './share-link.js'
import type { PageConfig } from './config.js'

/** sharePanel shows the link to a magnet link: open for whoever has just shared, folded for whoever fetched. */
export function sharePanel(magnet: string, name: string, config: PageConfig, open: boolean): HTMLElement {
  const link = makeShareLink(location.href, magnet)
  const field = el('input', { type: 'text', class: 'link-field', readonly: true, value: link, 'aria-label': `Share link of ${name}` })
  field.addEventListener('focus', () => field.select())
  const hint = el('p', { class: 'hint' }, 'Whoever opens this link fetches the files, while this page stays open.')
  const buttons = el('div', { class: 'buttons' }, copyButton('Copy link', () => link, field, hint, 'primary'))
  if (canShare(navigator)) {
    // A person who closes the sheet rejects it; there is nothing to say about that.
    buttons.append(button('Share…', 'share', () => navigator.share({ title: name, url: link }).catch(() => undefined)))
  }
  const box = el('div', { class: 'share-box' }, el('div', { class: 'share-link' }, field, buttons, hint))

  const pages = pagesForOthers(config.addresses)
  const [first] = pages
  if (first === undefined) {
    box.firstElementChild?.append(el('p', { class: 'hint' },
      'This page was opened as localhost, so the link works on this computer only. Open the page under the computer’s network address to share with other devices.'))
  } else {
    // The page finds the host's tracker by itself, and under the other address it has another name.
    const shortMagnet = withoutTrackers(magnet, config.trackers ?? [])
    const code = codeFor(shortMagnet, pages, first)
    box.append(code.element)
    if (isLoopback(location.hostname)) {
      buttons.append(copyButton('Copy link for other devices', () => makeShareLink(code.page(), shortMagnet), field, hint))
    }
  }
  return el('details', { class: 'share', open }, el('summary', {}, 'Share this'), box)
}

/** copyButton copies a link, or selects it in the field, and says which. */
function copyButton(label: string, link: () => string, field: HTMLInputElement, hint: HTMLElement, style = ''): HTMLButtonElement {
  const node = button(label, 'copy', () => {
    void copyText(link(), field).then(how => {
      const sentence = how === 'copied' ? 'Link copied.' : `The link is selected: copy it with ${copyShortcut()}.`
      if (how === 'copied') flash(node, 'Copied')
      setText(hint, sentence)
      announce(sentence)
    })
  }, style)
  return node
}

interface Code {
  readonly element: HTMLElement
  /** page returns the address that the code leads to. */
  page(): string
}

/** codeFor draws the code for another device, and lets one choose the address where the host knows several. */
function codeFor(magnet: string, pages: readonly string[], first: string): Code {
  const frame = el('div', { class: 'qr-frame' })
  const caption = el('figcaption', {}, isLoopback(location.hostname) ? 'Scan with a device on the same network' : 'Scan with another device')
  const element = el('figure', { class: 'qr' }, frame, caption)
  let page = first
  const show = (): void => {
    const drawing = qrCode(makeShareLink(page, magnet), `QR code of the share link, on ${new URL(page).host}`)
    element.hidden = drawing === undefined
    if (drawing !== undefined) frame.replaceChildren(drawing)
  }
  if (pages.length > 1) {
    const choice = el('select', { class: 'address', 'aria-label': 'Address for other devices' },
      ...pages.map(each => el('option', { value: each }, new URL(each).host)))
    choice.addEventListener('change', () => {
      page = choice.value
      show()
    })
    caption.append(choice)
  } else {
    caption.append(el('span', { class: 'address' }, new URL(page).host))
  }
  show()
  return { element, page: () => page }
}

/**
 * pagesForOthers lists under which addresses another device finds this page.
 * One that was opened as localhost has none of its own: the host knows some.
 */
function pagesForOthers(addresses: readonly string[]): readonly string[] {
  if (!isLoopback(location.hostname)) return [location.href]
  return addresses.filter(address => !isLoopback(new URL(address).hostname))
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || hostname.startsWith('127.')
}

function canShare(scope: object): boolean {
  return 'share' in scope
}
