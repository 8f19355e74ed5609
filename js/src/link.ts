/** What a link says before Go has read it, so that add() can answer at once. */
export interface Hint {
  /** 40 hex digits, or '' where the link names none: a URL, a .torrent. */
  infoHash: string
  name: string
}

const hex = /^[0-9a-f]{40}$/i
const base32 = /^[a-z2-7]{32}$/i

export function hintOf(link: string): Hint {
  if (hex.test(link) || base32.test(link)) return { infoHash: toHex(link), name: '' }
  if (!/^magnet:/i.test(link)) return { infoHash: '', name: '' }
  const fields = new URLSearchParams(link.slice(link.indexOf('?') + 1))
  const topic = fields.getAll('xt').find(xt => /^urn:btih:/i.test(xt)) ?? ''
  return { infoHash: toHex(topic.slice('urn:btih:'.length)), name: fields.get('dn') ?? '' }
}

/** The trackers that a magnet link names. */
export function trackersOf(link: string): string[] {
  return /^magnet:/i.test(link) ? new URLSearchParams(link.slice(link.indexOf('?') + 1)).getAll('tr') : []
}

function toHex(hash: string): string {
  if (hex.test(hash)) return hash.toLowerCase()
  if (!base32.test(hash)) return ''
  const bits = Array.from(hash.toLowerCase(), digit => 'abcdefghijklmnopqrstuvwxyz234567'.indexOf(digit).toString(2).padStart(5, '0'))
  return bits.join('').replace(/.{4}/g, nibble => Number.parseInt(nibble, 2).toString(16))
}
