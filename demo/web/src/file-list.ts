/** The files of a torrent: a row each, with what has arrived of it, a preview and a button to save it. */

import type { Torrent, TorrentFile } from 'shoal'
import { announce } from './announce.js'
import { button, iconButton } from './button.js'
import { el, setAttribute, setText } from './dom.js'
import { explain, isAbort } from './errors.js'
import { formatBytes, formatPercent } from './format.js'
import { icon, iconOfType } from './icons.js'
import { describeFiles } from './intake.js'
import { isSmallPreview, preview, previewKind, type Preview } from './preview.js'
import { saveAll, saveFile } from './save.js'

/** Rows shown until all are asked for. */
const firstRows = 8

export interface FileList {
  readonly element: HTMLElement
  update(): void
  dispose(): void
}

interface Row {
  readonly element: HTMLElement
  update(): void
  dispose(): void
}

/** fileList lists the files of a torrent whose metadata is known; onError is told what went wrong with saving. */
export function fileList(torrent: Torrent, isOwn: boolean, onError: (sentence: string) => void): FileList {
  const list = el('ul', { class: 'files' })
  const saveAllButton = button('Save all', 'save', () => guard(saveAll(torrent), onError), 'small')
  const head = el('div', { class: 'files-head' }, el('h3', {}, describeFiles(torrent.files.length)), saveAllButton)
  const element = el('div', { class: 'files-box' }, head, list)
  const rows: Row[] = []

  const show = (files: readonly TorrentFile[]): void => {
    for (const file of files) {
      const row = fileRow(file, isOwn, torrent.files.length === 1, onError)
      rows.push(row)
      list.append(row.element)
    }
  }
  show(torrent.files.slice(0, firstRows))
  const rest = torrent.files.slice(firstRows)
  if (rest.length > 0) {
    const more = button(`Show ${describeFiles(rest.length).replace('file', 'more file')}`, undefined, () => {
      more.remove()
      show(rest)
      update()
    }, 'quiet more')
    element.append(more)
  }

  const update = (): void => {
    head.hidden = torrent.files.length < 2
    saveAllButton.hidden = isOwn
    saveAllButton.disabled = torrent.files.some(file => file.progress < 1)
    saveAllButton.classList.toggle('primary', !saveAllButton.disabled)
    for (const row of rows) row.update()
  }
  return {
    element,
    update,
    dispose: () => rows.forEach(row => row.dispose()),
  }
}

function fileRow(file: TorrentFile, isOwn: boolean, isAlone: boolean, onError: (sentence: string) => void): Row {
  const size = el('span', { class: 'file-size' })
  const meter = el('span', { class: 'file-meter', 'aria-hidden': 'true' }, el('span'))
  const saveButton = button('Save', 'save', () => {
    guard(saveFile(file).then(() => announce(`${file.name} is handed to your downloads.`)), onError)
  }, 'small')
  saveButton.setAttribute('aria-label', `Save ${file.name}`)
  const previewButton = iconButton(`Preview ${file.name}`, 'preview', () => toggle())
  const element = el('li', { class: 'file' },
    icon(iconOfType(file.type)),
    el('div', { class: 'file-text' }, fileName(file), size),
    el('div', { class: 'file-actions' }, previewButton, saveButton),
    meter)
  let shown: Preview | undefined
  let offered = false

  const toggle = (): void => {
    if (shown === undefined) {
      shown = preview(file)
      element.append(shown.element)
    } else {
      shown.dispose()
      shown = undefined
    }
    setAttribute(previewButton, 'aria-expanded', String(shown !== undefined))
  }
  const showAlone = (): void => {
    saveButton.classList.add('primary')
    if (isSmallPreview(file)) toggle()
  }
  return {
    element,
    update(): void {
      const finished = file.progress >= 1
      setText(size, finished ? formatBytes(file.length) : `${formatBytes(file.length)} · ${formatPercent(file.progress)}`)
      meter.hidden = finished || isAlone // the card has a larger one
      meter.style.setProperty('--share', String(file.progress))
      saveButton.disabled = !finished
      saveButton.hidden = isOwn
      previewButton.hidden = !finished || previewKind(file.type) === undefined
      if (finished && !offered) {
        offered = true
        if (isAlone && !isOwn) showAlone()
      }
    },
    dispose: () => shown?.dispose(),
  }
}

/** fileName shows the folders of a path less loudly than the name. */
function fileName(file: TorrentFile): HTMLElement {
  const folders = file.path.slice(0, Math.max(0, file.path.length - file.name.length))
  return el('span', { class: 'file-name' }, el('span', { class: 'folders' }, folders), file.name)
}

/** guard says what went wrong with saving; that somebody closed the dialog is nothing. */
function guard(work: Promise<void>, onError: (sentence: string) => void): void {
  work.catch((error: unknown) => {
    if (!isAbort(error)) onError(explain(error))
  })
}
