/** The page: what comes in is shared or fetched, and gets a card. */

import { lazyClient } from './client.js'
import { loadConfig } from './config.js'
import { byId, setText } from './dom.js'
import { acceptDrops } from './drop.js'
import { explain } from './errors.js'
import { sortFiles } from './intake.js'
import { notify, notifyLimits } from './notice.js'
import { readLink, readShareLink } from './share-link.js'
import { shelf } from './shelf.js'

const config = loadConfig(new URL('config.json', document.baseURI))
const torrents = shelf(config, lazyClient(config))

function takeFiles(files: readonly File[]): void {
  const intake = sortFiles(files)
  if (intake.kind === 'share') torrents.share(intake.files)
  else if (intake.kind === 'fetch') intake.torrents.forEach(file => torrents.fetch(file))
  else notify('There was no file in that.', 'notice')
}

function takeText(text: string): void {
  const link = readLink(text)
  if (link !== undefined) torrents.fetch(link)
  else notify('That is not a link that can be fetched. To share a piece of text, write it into the text field.', 'notice')
}

function openShareLink(): void {
  const magnet = readShareLink(location.hash)
  if (magnet === undefined) return
  // Whoever follows a link wants to see what it brings, before what else the page can do.
  byId('main', HTMLElement).append(byId('intake', HTMLElement))
  torrents.fetch(magnet)
}

function listenToChoosers(): void {
  for (const [buttonId, inputId] of [['choose-files', 'files-input'], ['choose-folder', 'folder-input']] as const) {
    const input = byId(inputId, HTMLInputElement)
    byId(buttonId, HTMLButtonElement).addEventListener('click', () => input.click())
    input.addEventListener('change', () => {
      takeFiles([...input.files ?? []])
      input.value = '' // so that the same file can be chosen again
    })
  }
}

function listenToForms(): void {
  const link = byId('link', HTMLInputElement)
  const linkError = byId('link-error', HTMLParagraphElement)
  const complain = (sentence: string): void => {
    setText(linkError, sentence)
    link.setAttribute('aria-invalid', String(sentence !== ''))
  }
  link.addEventListener('input', () => complain(''))
  byId('link-form', HTMLFormElement).addEventListener('submit', event => {
    event.preventDefault()
    const found = readLink(link.value)
    if (found === undefined) {
      complain('Paste a share link, a magnet link, an info hash or the address of a .torrent file.')
      link.focus()
      return
    }
    link.value = ''
    torrents.fetch(found)
  })

  const text = byId('text', HTMLTextAreaElement)
  byId('text-form', HTMLFormElement).addEventListener('submit', event => {
    event.preventDefault()
    if (text.value.trim() === '') {
      text.focus()
      return
    }
    torrents.share([new File([text.value], 'note.txt', { type: 'text/plain' })])
    text.value = ''
    text.closest('details')?.removeAttribute('open')
  })
}

listenToChoosers()
listenToForms()
acceptDrops({ onFiles: takeFiles, onText: takeText, onError: error => notify(explain(error), 'problem') })
notifyLimits()
openShareLink()
addEventListener('hashchange', openShareLink)
addEventListener('beforeunload', event => {
  if (torrents.isServing()) event.preventDefault()
})
