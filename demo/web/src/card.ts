/** The card of one torrent. */

import type { Torrent } from 'shoal'
import { announce } from './announce.js'
import { askTwice, button, iconButton } from './button.js'
import type { PageConfig } from './config.js'
import { details, pieceCount, type Details } from './details.js'
import { el, setAttribute, setText } from './dom.js'
import { codeOf, explain, isAbort } from './errors.js'
import { fileList, type FileList } from './file-list.js'
import { formatBytes, formatPercent } from './format.js'
import { icon, iconOfType, redraw, type IconName } from './icons.js'
import { describeFiles } from './intake.js'
import { meter } from './meter.js'
import { numbers } from './numbers.js'
import { phaseNames, phaseOf, type Phase } from './phase.js'
import { pieceMap } from './pieces.js'
import { sharePanel } from './share-panel.js'

export interface CardOptions {
  readonly config: PageConfig
  /** Whether the files were shared from here, and not fetched. */
  readonly isOwn: boolean
  /** onRemove is called once, when the person removes the card. */
  onRemove(): void
}

export interface Card {
  readonly element: HTMLElement
  /** Whether somebody may be fetching from here. */
  isServing(): boolean
  /** dispose ends the drawing and gives back what previews hold. */
  dispose(): void
}

/**
 * torrentCard follows a torrent through its life: asking what it is, looking
 * for peers, fetching, sharing, and paused or failed in between. It reads the
 * torrent's snapshots once a frame at most, after an event.
 */
export function torrentCard(torrent: Torrent, { config, isOwn, onRemove }: CardOptions): Card {
  let ready = false
  let finished = false
  let paused = false
  let failure: unknown // why the torrent stopped
  let warning: unknown // the last one, shown while nobody is connected
  let removed = false
  let files: FileList | undefined
  let facts: Details | undefined

  const sign = icon('file')
  const title = el('h2')
  const about = el('p', { class: 'facts' })
  const state = el('span', { class: 'pill' })
  const percent = el('span', { class: 'percent' })
  const bar = meter('Progress')
  const pieces = pieceMap()
  const pieceBox = el('div', { class: 'pieces-box' }, pieces.element)
  const line = numbers()
  const problem = el('div', { class: 'notice problem', role: 'alert', hidden: true })
  const quiet = el('p', { class: 'notice', hidden: true })
  const body = el('div', { class: 'card-body' })
  const pauseButton = iconButton('Pause', 'pause', togglePause)
  const removeButton = iconButton('Remove', 'remove', () => undefined)
  askTwice(removeButton, () => finished, isOwn ? 'Stop sharing?' : 'Remove for good?', remove)

  const element = el('article', { class: 'card', tabindex: '-1' },
    el('header', { class: 'card-head' },
      el('span', { class: 'card-icon' }, sign),
      el('div', { class: 'card-title' }, title, about),
      el('div', { class: 'card-actions' }, pauseButton, removeButton)),
    el('div', { class: 'state' }, state, percent, line.element),
    bar.element, pieceBox, problem, quiet, body)

  function phase(): Phase {
    return phaseOf({ ready, finished, paused, failed: failure !== undefined, peers: torrent.stats.peers })
  }

  function togglePause(): void {
    paused = !paused
    if (paused) torrent.pause()
    else torrent.resume()
    announce(paused ? `${torrent.name} is paused.` : `${torrent.name} goes on.`)
    update()
  }

  function tryAgain(): void {
    failure = undefined
    hideProblem()
    torrent.resume()
    update()
  }

  function remove(): void {
    if (!removed) onRemove()
  }

  function dispose(): void {
    removed = true
    files?.dispose()
    pieces.dispose()
  }

  function showReady(): void {
    if (removed) return
    ready = true
    files = fileList(torrent, isOwn, sentence => showProblem(sentence, false))
    facts = details(torrent)
    const share = sharePanel(torrent.magnet, torrent.name, config, isOwn)
    // Whoever shares needs the link first, whoever fetches the files.
    body.append(...(isOwn ? [share, files.element] : [files.element, share]), facts.element)
    redraw(sign, signOf(torrent))
    update()
  }

  function showFinished(): void {
    if (finished || removed) return
    finished = true
    announce(isOwn ? `${torrent.name} is ready. Copy its link to share it.` : `${torrent.name} has arrived.`)
    update()
  }

  function showFailure(error: unknown): void {
    if (removed || isAbort(error) || codeOf(error) === 'REMOVED') return
    failure = error
    // Without metadata there is nothing to resume: the link itself is bad.
    showProblem(explain(error, isOwn), ready)
    update()
  }

  function showProblem(sentence: string, canRetry: boolean): void {
    problem.hidden = false
    problem.replaceChildren(el('p', {}, sentence), canRetry
      ? button('Try again', undefined, tryAgain)
      : button('Dismiss', undefined, () => (ready ? hideProblem() : remove()), 'quiet'))
  }

  function hideProblem(): void {
    problem.hidden = true
  }

  function update(): void {
    if (removed) return
    const now = phase()
    const { stats } = torrent
    const share = finished ? 1 : shareOf(stats.done, stats.total)
    element.dataset['phase'] = now
    setText(title, torrent.name === '' ? 'Something shared with you' : torrent.name)
    setAttribute(element, 'aria-label', title.textContent ?? '')
    setText(about, aboutFor(now))
    state.dataset['phase'] = now
    setText(state, phaseNames[now])
    setText(percent, ready && !finished ? `${formatPercent(share)} of ${formatBytes(stats.total)}` : '')
    bar.element.hidden = finished || (failure !== undefined && !ready)
    bar.update(ready ? share : undefined, ready ? `${formatPercent(share)} of ${formatBytes(stats.total)}` : phaseNames[now])
    line.update(stats, now)
    updatePauseButton(now)
    const hint = hintFor(now)
    quiet.hidden = hint === ''
    setText(quiet, hint)
    pieceBox.hidden = !ready
    if (ready) pieces.update(torrent.pieces, pieceCount(torrent))
    files?.update()
    facts?.update()
  }

  function aboutFor(now: Phase): string {
    if (ready) return `${describeFiles(torrent.files.length)} · ${formatBytes(torrent.length)}`
    return now === 'failed' ? '' : 'What it holds is told by someone who has it'
  }

  function updatePauseButton(now: Phase): void {
    const label = paused ? 'Resume' : 'Pause'
    pauseButton.hidden = !ready || now === 'failed'
    setAttribute(pauseButton, 'aria-label', label)
    pauseButton.title = label
    const drawing = pauseButton.querySelector('svg')
    if (drawing !== null) redraw(drawing, paused ? 'resume' : 'pause')
  }

  /** hintFor is a word of patience: a warning is no failure. */
  function hintFor(now: Phase): string {
    if (warning === undefined || torrent.stats.peers > 0 || now === 'paused' || now === 'failed') return ''
    return explain(warning, now === 'sharing')
  }

  let drawing = false
  const updateSoon = (): void => {
    if (drawing) return
    drawing = true
    requestAnimationFrame(() => {
      drawing = false
      update()
    })
  }
  torrent.addEventListener('progress', updateSoon)
  torrent.addEventListener('peer', updateSoon)
  torrent.addEventListener('warning', event => {
    warning = event.detail
    updateSoon()
  })
  torrent.addEventListener('error', event => showFailure(event.detail))
  torrent.ready.then(showReady, showFailure)
  torrent.addEventListener('done', showFinished)
  // Why it did not finish is told by ready or by an error event.
  torrent.done.then(showFinished, () => undefined)
  update()

  return { element, isServing: () => finished && !paused && !removed && torrent.stats.peers > 0, dispose }
}

function signOf({ files }: Torrent): IconName {
  const [only] = files
  return files.length === 1 && only !== undefined ? iconOfType(only.type) : 'folder'
}

function shareOf(done: number, total: number): number {
  return total === 0 ? 0 : done / total
}
