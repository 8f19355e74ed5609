/**
 * The grammar of share links, in one place:
 *
 *     share-link = page-url "#" magnet
 *     magnet     = "magnet:?" parameters          as in BEP 9
 *
 * The magnet link stands in the fragment, which a browser never sends, so the
 * server of the page does not learn what is shared. Some messengers escape a
 * fragment on the way ("magnet%3A%3Fxt…"): that is read as well.
 */

/** makeShareLink joins the address of a page, whatever fragment it has, and a magnet link. */
export function makeShareLink(pageUrl: string, magnet: string): string {
  const url = new URL(pageUrl)
  url.hash = magnet
  return url.href
}

/** readShareLink returns the magnet link in a fragment ("#magnet:?…") or in a share link; undefined where there is none. */
export function readShareLink(text: string): string | undefined {
  const hash = text.indexOf('#')
  if (hash < 0) return undefined
  const fragment = text.slice(hash + 1).trim()
  if (isMagnet(fragment)) return fragment
  if (!/^magnet%3a/i.test(fragment)) return undefined
  const unescaped = unescape(fragment)
  return unescaped !== undefined && isMagnet(unescaped) ? unescaped : undefined
}

/**
 * readLink returns what a person pasted as a link to fetch: a magnet link, the
 * one in a share link, an info hash, or the address of a .torrent file. It
 * returns undefined for what is none of these; whether the link is a good one
 * is for the library to say.
 */
export function readLink(text: string): string | undefined {
  const link = text.trim()
  if (isMagnet(link)) return link
  const shared = readShareLink(link)
  if (shared !== undefined) return shared
  if (/^([0-9a-f]{40}|[0-9a-f]{64}|[a-z2-7]{32})$/i.test(link)) return link
  return /^https?:\/\/[^\s/]+\/\S+$/i.test(link) ? link : undefined
}

/**
 * withoutTrackers leaves out of a magnet link the trackers that the page which
 * opens it uses in any case: a QR code of half the length is read more easily.
 */
export function withoutTrackers(magnet: string, known: readonly string[]): string {
  const [scheme, query] = splitOnce(magnet, '?')
  const kept = query.split('&').filter(parameter => {
    const [key, value] = splitOnce(parameter, '=')
    return !(/^tr(\.\d+)?$/.test(key) && known.includes(unescape(value) ?? value))
  })
  return `${scheme}?${kept.join('&')}`
}

function isMagnet(text: string): boolean {
  return /^magnet:\?\S+$/i.test(text)
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function unescape(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // a stray "%": not escaped at all
  }
}
