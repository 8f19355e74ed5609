/** What came in, and what is to be done with it: files are shared, links and .torrent files are fetched. */

import { formatCount } from './format.js'

export type Intake =
  | { readonly kind: 'share'; readonly files: readonly File[] }
  | { readonly kind: 'fetch'; readonly torrents: readonly File[] }
  | { readonly kind: 'nothing' }

/** sortFiles decides: .torrent files alone are fetched, everything else is shared as it came. */
export function sortFiles(files: readonly File[]): Intake {
  if (files.length === 0) return { kind: 'nothing' }
  if (files.every(file => /\.torrent$/i.test(file.name) && folderOf(file) === '')) {
    return { kind: 'fetch', torrents: files }
  }
  return { kind: 'share', files }
}

/** nameOf names what is shared: the file, the folder that holds everything, or the first file and how many more. */
export function nameOf(files: readonly File[]): string {
  const [first] = files
  if (first === undefined) return ''
  if (files.length === 1) return first.name
  const folder = folderOf(first)
  if (folder !== '' && files.every(file => folderOf(file) === folder)) return folder
  return `${first.name} and ${files.length - 1} more`
}

/** sizeOf sums the lengths in bytes. */
export function sizeOf(files: readonly File[]): number {
  return files.reduce((sum, file) => sum + file.size, 0)
}

/** isFolder reports whether files are shared as a folder. */
export function isFolder(files: readonly File[]): boolean {
  return files.length > 1
}

/** describeFiles says how many files there are. */
export function describeFiles(count: number): string {
  return formatCount(count, 'file')
}

/** folderOf returns the outermost folder of a file's relative path; a file that was chosen by itself has none. */
function folderOf(file: File): string {
  const path = file.webkitRelativePath
  const slash = path.indexOf('/')
  return slash < 0 ? '' : path.slice(0, slash)
}
