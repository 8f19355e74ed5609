/** Saving files to where the person keeps files. */

import type { Torrent, TorrentFile } from 'shoal'

/** How long an object URL is kept after the click: the browser may ask where to first. */
const keepURLFor = 60_000 // milliseconds

/** saveFile hands a finished file to the browser's downloads. */
export async function saveFile(file: TorrentFile): Promise<void> {
  saveBlob(await file.blob(), file.name)
}

/** saveBlob hands bytes to the browser's downloads under a name. */
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const anchor = document.createElement('a')
  anchor.href = url
  anchor.download = name
  anchor.click()
  setTimeout(() => URL.revokeObjectURL(url), keepURLFor)
}

/**
 * saveAll saves every file: into a new folder where the person chooses, with
 * the paths they had, if the browser can write to folders; else one by one into
 * its downloads. It must be called in the turn of a click.
 */
export async function saveAll(torrent: Torrent): Promise<void> {
  if (!canPickFolder(window)) {
    for (const file of torrent.files) await saveFile(file)
    return
  }
  const picked = await window.showDirectoryPicker({ mode: 'readwrite' })
  const folder = await picked.getDirectoryHandle(safePath(torrent.name, torrent.infoHash).name, { create: true })
  for (const file of torrent.files) await writeInto(folder, file)
}

async function writeInto(folder: FileSystemDirectoryHandle, file: TorrentFile): Promise<void> {
  const { folders, name } = safePath(file.path, file.name)
  let place = folder
  for (const step of folders) place = await place.getDirectoryHandle(step, { create: true })
  const handle = await place.getFileHandle(name, { create: true })
  await file.stream().pipeTo(await handle.createWritable())
}

/** safePath splits a torrent's path, which a stranger wrote, and leaves out what would lead elsewhere. */
export function safePath(path: string, fallback: string): { folders: string[]; name: string } {
  const steps = path.split(/[/\\]/).filter(step => step !== '' && step !== '.' && step !== '..')
  const name = steps.pop() ?? fallback
  return { folders: steps, name }
}

interface FolderPicker {
  showDirectoryPicker(options: { mode: 'readwrite' }): Promise<FileSystemDirectoryHandle>
}

function canPickFolder(scope: object): scope is FolderPicker {
  return 'showDirectoryPicker' in scope
}
