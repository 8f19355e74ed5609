/** What the curious want to know of a torrent: its hash, its pieces, its peers. */

import type { PeerInfo, Torrent } from 'shoal'
import { button } from './button.js'
import { el, setText } from './dom.js'
import { formatBytes, formatPercent, formatSpeed } from './format.js'
import { saveBlob } from './save.js'

/** Peers listed; a popular torrent has more of them than anyone reads. */
const mostPeers = 20

export interface Details {
  readonly element: HTMLElement
  update(): void
}

/** details folds away the technical side of a torrent whose metadata is known. */
export function details(torrent: Torrent): Details {
  const peers = el('tbody')
  const table = el('table', { class: 'peers' },
    el('thead', {}, el('tr', {}, ...['Peer', 'Has', 'Down', 'Up'].map(title => el('th', { scope: 'col' }, title)))),
    peers)
  const nobody = el('p', { class: 'hint' }, 'No peers are connected.')
  const sent = el('dd')
  const received = el('dd')
  const element = el('details', { class: 'details' },
    el('summary', {}, 'Details'),
    el('dl', {},
      el('dt', {}, 'Info hash'), el('dd', {}, el('code', {}, torrent.infoHash)),
      el('dt', {}, 'Pieces'), el('dd', {}, `${pieceCount(torrent).toLocaleString('en')} of ${formatBytes(torrent.pieceLength)}`),
      el('dt', {}, 'Received'), received,
      el('dt', {}, 'Sent'), sent,
      el('dt', {}, 'Magnet link'), el('dd', {}, el('a', { href: torrent.magnet }, 'Open in another program'))),
    button('Save .torrent file', 'save', () => saveBlob(torrentBlob(torrent), `${torrent.name}.torrent`), 'quiet'),
    nobody, table)

  const update = (): void => {
    setText(received, formatBytes(torrent.stats.downloaded))
    setText(sent, formatBytes(torrent.stats.uploaded))
    if (!element.open) return
    const connected = torrent.peers.slice(0, mostPeers)
    nobody.hidden = connected.length > 0
    table.hidden = connected.length === 0
    peers.replaceChildren(...connected.map(peerRow))
  }
  element.addEventListener('toggle', update)
  return { element, update }
}

/** pieceCount counts the pieces of a torrent whose metadata is known. */
export function pieceCount({ length, pieceLength }: Torrent): number {
  return pieceLength > 0 ? Math.ceil(length / pieceLength) : 0
}

function peerRow(peer: PeerInfo): HTMLElement {
  return el('tr', {},
    el('td', {}, peer.client === '' ? 'Unknown program' : peer.client),
    el('td', {}, formatPercent(peer.progress)),
    el('td', {}, formatSpeed(peer.downloadSpeed)),
    el('td', {}, formatSpeed(peer.uploadSpeed)))
}

function torrentBlob(torrent: Torrent): Blob {
  return new Blob([torrent.torrentFile.slice()], { type: 'application/x-bittorrent' })
}
