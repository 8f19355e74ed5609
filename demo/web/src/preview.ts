/** Small previews of files that have arrived. */

import type { TorrentFile } from 'shoal'
import { el } from './dom.js'

type Kind = 'image' | 'video' | 'audio' | 'text'

const mostText = 20_000 // bytes shown of a text
const mostUnasked = 32_000_000 // bytes of a file that is shown without being asked for

/** previewKind says as what a file can be shown; undefined where it cannot. */
export function previewKind(type: string): Kind | undefined {
  const [kind] = type.split('/')
  if (kind === 'image' || kind === 'video' || kind === 'audio' || kind === 'text') return kind
  return type === 'application/json' ? 'text' : undefined
}

/** isSmallPreview reports whether a file is small enough to be shown without a click. */
export function isSmallPreview(file: TorrentFile): boolean {
  return previewKind(file.type) !== undefined && file.length <= mostUnasked
}

export interface Preview {
  readonly element: HTMLElement
  /** dispose gives the bytes back that the preview holds. */
  dispose(): void
}

/** preview shows a finished file. The bytes are read when it is first seen. */
export function preview(file: TorrentFile): Preview {
  const element = el('div', { class: 'preview', 'aria-busy': 'true' })
  let url: string | undefined
  let disposed = false

  const show = async (): Promise<void> => {
    const blob = await file.blob()
    if (disposed) return
    const kind = previewKind(file.type)
    if (kind === 'text') {
      element.append(el('pre', { tabindex: '0' }, await excerpt(blob)))
    } else if (kind !== undefined) {
      url = URL.createObjectURL(blob)
      element.append(media(kind, url, file.name, () => element.replaceChildren(cannotShow())))
    }
    element.removeAttribute('aria-busy')
  }
  const seen = new IntersectionObserver(entries => {
    if (!entries.some(entry => entry.isIntersecting)) return
    seen.disconnect()
    show().catch(() => element.replaceChildren(cannotShow()))
  })
  seen.observe(element)

  return {
    element,
    dispose(): void {
      disposed = true
      seen.disconnect()
      if (url !== undefined) URL.revokeObjectURL(url)
      element.remove()
    },
  }
}

function media(kind: Exclude<Kind, 'text'>, url: string, name: string, onError: () => void): HTMLElement {
  const node = kind === 'image' ? el('img', { alt: name }) : el(kind, { controls: true, preload: 'metadata', 'aria-label': name })
  node.addEventListener('error', onError)
  node.src = url
  return node
}

async function excerpt(blob: Blob): Promise<string> {
  const text = await blob.slice(0, mostText).text()
  return blob.size > mostText ? `${text}…` : text
}

function cannotShow(): HTMLElement {
  return el('p', {}, 'This browser cannot show this file, but you can save it.')
}
