/** The line of numbers on a card: speeds, peers, time remaining. */

import type { TorrentStats } from 'shoal'
import { el, setText } from './dom.js'
import { formatBytes, formatCount, formatSpeed, formatTimeLeft } from './format.js'
import { icon, type IconName } from './icons.js'
import type { Phase } from './phase.js'

export interface Numbers {
  readonly element: HTMLElement
  update(stats: TorrentStats, phase: Phase): void
}

/** numbers shows what moves, and hides what stands still. */
export function numbers(): Numbers {
  const down = number('down', 'Receiving')
  const up = number('up', 'Sending')
  const peers = number('peers', 'Connected')
  const time = number('time', 'Time remaining')
  const all = [down, up, peers, time]
  return {
    element: el('ul', { class: 'numbers' }, ...all.map(item => item.element)),
    update(stats, phase): void {
      const fetching = phase === 'fetching' || phase === 'looking' || phase === 'asking'
      down.show(fetching ? formatSpeed(stats.downloadSpeed) : '')
      up.show(stats.uploadSpeed > 0 || phase === 'sharing' ? upload(stats) : '')
      peers.show(phase === 'paused' || phase === 'failed' ? '' : formatCount(stats.peers, 'peer'))
      time.show(phase === 'fetching' ? formatTimeLeft(stats.timeRemaining) : '')
    },
  }
}

function upload({ uploadSpeed, uploaded }: TorrentStats): string {
  return uploaded > 0 ? `${formatSpeed(uploadSpeed)} · ${formatBytes(uploaded)} sent` : formatSpeed(uploadSpeed)
}

interface Item {
  readonly element: HTMLElement
  show(text: string): void
}

function number(sign: IconName, label: string): Item {
  const text = el('span')
  const element = el('li', { title: label }, icon(sign), el('span', { class: 'visually-hidden' }, `${label}: `), text)
  return {
    element,
    show(value): void {
      element.hidden = value === ''
      setText(text, value)
    },
  }
}
