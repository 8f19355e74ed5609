/** The cards on the page, the newest first. */

import type { Client, Torrent } from 'shoal'
import { announce } from './announce.js'
import { torrentCard, type Card } from './card.js'
import type { PageConfig } from './config.js'
import { byId } from './dom.js'
import { explain, isAbort } from './errors.js'
import { hashingCard } from './hashing-card.js'
import { nameOf } from './intake.js'
import { notify } from './notice.js'

export interface Shelf {
  /** share hashes files and serves them. */
  share(files: readonly File[]): void
  /** fetch gets what a link or a .torrent file names. */
  fetch(link: string | Blob): void
  /** isServing reports whether somebody may be fetching from this page. */
  isServing(): boolean
}

/** shelf holds what this page shares and fetches; the client is made when the first card needs it. */
export function shelf(config: Promise<PageConfig>, getClient: () => Promise<Client>): Shelf {
  const place = byId('torrents', HTMLElement)
  const cards = new Map<Torrent, Card>()

  function show(element: Element): void {
    document.body.classList.add('busy')
    place.prepend(element)
  }

  function take(element: Element): void {
    element.remove()
    const isEmpty = place.childElementCount === 0
    document.body.classList.toggle('busy', !isEmpty)
    // The button that had the focus is gone with the card.
    const next = isEmpty ? byId('choose-files', HTMLButtonElement) : place
    next.focus({ preventScroll: true })
  }

  async function hash(files: readonly File[]): Promise<void> {
    const abort = new AbortController()
    const waiting = hashingCard(files, () => {
      abort.abort()
      take(waiting.element)
    })
    show(waiting.element)
    announce(`Preparing ${nameOf(files)}.`)
    try {
      const [page, client] = await Promise.all([config, getClient()])
      const torrent = await client.seed([...files], {
        name: nameOf(files),
        signal: abort.signal,
        onProgress: ({ done, total }) => waiting.update(done, total),
      })
      waiting.element.replaceWith(cardFor(torrent, page, true, new AbortController()))
    } catch (error) {
      if (!isAbort(error)) waiting.fail(explain(error))
    }
  }

  async function add(link: string | Blob): Promise<void> {
    const abort = new AbortController()
    const [page, client] = await Promise.all([config, getClient()])
    const torrent = client.add(link, { signal: abort.signal })
    const known = cards.get(torrent)
    if (known === undefined) {
      show(cardFor(torrent, page, false, abort))
      announce('Fetching. Looking for someone who has it.')
    } else {
      attendTo(known)
    }
  }

  function drop(torrent: Torrent, card: Card): void {
    cards.delete(torrent)
    card.dispose()
    take(card.element)
  }

  /** cardFor makes the card of a torrent; one that is on the page already keeps its card. */
  function cardFor(torrent: Torrent, page: PageConfig, isOwn: boolean, abort: AbortController): HTMLElement {
    const known = cards.get(torrent)
    if (known !== undefined) return known.element
    const card = torrentCard(torrent, {
      config: page,
      isOwn,
      onRemove(): void {
        drop(torrent, card)
        forgetShareLink(torrent)
        abort.abort()
        // A torrent whose link was bad is gone already.
        torrent.remove({ data: true }).catch(() => undefined)
      },
    })
    cards.set(torrent, card)
    torrent.ready.then(same => giveWay(torrent, card, same), () => undefined)
    return card.element
  }

  /** giveWay drops the card of a .torrent file when it turns out to be of a torrent that has a card. */
  function giveWay(torrent: Torrent, card: Card, same: Torrent): void {
    const known = cards.get(same)
    if (known === undefined || known === card) return
    drop(torrent, card)
    attendTo(known)
  }

  function attendTo(card: Card): void {
    card.element.scrollIntoView({ block: 'nearest' })
    card.element.focus()
  }

  return {
    share: files => void hash(files),
    fetch: link => void add(link).catch((error: unknown) => notify(explain(error), 'problem')),
    isServing: () => [...cards.values()].some(card => card.isServing()),
  }
}

/** forgetShareLink clears the address of a torrent that was removed, so that a reload does not fetch it again. */
function forgetShareLink({ infoHash }: Torrent): void {
  if (infoHash === '' || !location.hash.toLowerCase().includes(infoHash)) return
  history.replaceState(null, '', location.pathname + location.search)
}
