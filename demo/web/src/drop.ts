/** Dropping and pasting, anywhere on the page. */

export interface Dropped {
  onFiles(files: readonly File[]): void
  onText(text: string): void
  onError(error: unknown): void
}

/** acceptDrops takes files, folders and links that are dropped on the page or pasted into it. */
export function acceptDrops(to: Dropped): void {
  // Entering a child fires before leaving its parent: the count says whether something still hovers.
  let depth = 0
  const hover = (by: number): void => {
    depth = Math.max(0, depth + by)
    document.body.classList.toggle('dragging', depth > 0)
  }
  addEventListener('dragenter', event => {
    if (isOurs(event)) hover(1)
  })
  addEventListener('dragleave', event => {
    if (isOurs(event)) hover(-1)
  })
  addEventListener('dragover', event => {
    if (!isOurs(event) || event.dataTransfer === null) return
    event.preventDefault()
    event.dataTransfer.dropEffect = 'copy'
  })
  addEventListener('drop', event => {
    hover(-depth)
    if (!isOurs(event) || event.dataTransfer === null) return
    event.preventDefault()
    take(event.dataTransfer, to)
  })
  addEventListener('paste', event => {
    if (event.clipboardData === null || isField(event.target)) return
    event.preventDefault()
    take(event.clipboardData, to)
  })
}

/** take reads a transfer. Its items die with the event, so what they hold is asked for at once. */
function take(transfer: DataTransfer, to: Dropped): void {
  const entries: FileSystemEntry[] = []
  const files: File[] = []
  for (const item of transfer.items) {
    if (item.kind !== 'file') continue
    const entry = item.webkitGetAsEntry()
    if (entry?.isDirectory === true) entries.push(entry)
    else {
      const file = item.getAsFile()
      if (file !== null) files.push(file)
    }
  }
  if (entries.length > 0) {
    Promise.all(entries.map(entry => filesUnder(entry))).then(found => to.onFiles([...files, ...found.flat()]), to.onError)
  } else if (files.length > 0) {
    to.onFiles(files)
  } else {
    to.onText(transfer.getData('text/uri-list') || transfer.getData('text/plain'))
  }
}

/** filesUnder walks a folder; each file carries its path in webkitRelativePath, as from a folder field. */
async function filesUnder(entry: FileSystemEntry): Promise<File[]> {
  if (isDirectory(entry)) {
    const children = await childrenOf(entry)
    const found: File[] = []
    for (const child of children) found.push(...await filesUnder(child))
    return found
  }
  return isFile(entry) ? [await fileOf(entry)] : []
}

async function fileOf(entry: FileSystemFileEntry): Promise<File> {
  const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject))
  return Object.defineProperty(file, 'webkitRelativePath', { value: entry.fullPath.replace(/^\//, '') })
}

async function childrenOf(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader()
  const children: FileSystemEntry[] = []
  for (;;) {
    // A reader gives about a hundred at a time, and none when it is through.
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (batch.length === 0) break
    children.push(...batch)
  }
  return children.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function isDirectory(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile
}

/** isOurs leaves alone what is dragged into a text field. */
function isOurs(event: DragEvent): boolean {
  const types = event.dataTransfer?.types ?? []
  if (types.includes('Files')) return true
  return !isField(event.target) && (types.includes('text/uri-list') || types.includes('text/plain'))
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement
}
