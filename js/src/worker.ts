// shoal-worker.js: keeps torrents' bytes in the origin's private file system,
// in files that only a worker may open for reading and writing at once. The
// page starts it (storage.ts); after that Go talks to it through a port
// (wasm/store/worker.go). It knows files by torrent and number, checks nothing
// and decides nothing but how many files are open.

import { messageOf } from './error.js'
import { hold } from './lock.js'

/** The page's first word. */
export interface Begin {
  version: string
  /** Below the origin's directory "shoal". */
  folder: string
  /** Held for as long as the worker lives. */
  lock: string
  /** With a folder's name behind it: the lock that is held while somebody lives to whom the folder belongs. */
  life: string
  /** What is stored outlives the worker. */
  kept: boolean
  port: MessagePort
}

/** What the worker says to the page: once when it has begun, once when it has ended. */
export type Word = { ready: boolean; error?: string }

/** File, offset in it and length, again and again; padding is file -1. */
type Spans = number[]

/**
 * A batch is a list of numbers as text, as each thing that crosses from Go costs
 * as much as a few KB: of every step its id, what is done (an index into steps),
 * how many numbers its spans are, and these. data is that of its writes.
 */
type Request =
  | [id: number, op: 'open', place: string]
  | [id: number, op: 'batch', place: string, steps: string, data: Uint8Array]
  | [id: number, op: 'hash', place: string, blob: Blob, lengths: number[]]
  | [id: number, op: 'blob', place: string, spans: Spans, type: string, name: string]
  | [id: number, op: 'close', place: string, remove: boolean]

const steps = ['alone', 'write', 'read', 'verify'] as const

interface Step {
  id: number
  op: (typeof steps)[number] | undefined
  spans: Spans
}

type Answer = [id: number, error: { name: string; message: string } | null, value?: unknown]

/** What is told of a write or a verified piece: the id, and a digest. */
const recordSize = 4 + 20

/** FileSystemSyncAccessHandle, which TypeScript knows in workers only. */
interface Access {
  read(into: Uint8Array, at: { at: number }): number
  write(data: Uint8Array, at: { at: number }): number
  flush(): void
  close(): void
}

/** A system lets a process have so many files open; torrents may have more. */
const maxOpen = 100

/** For how many ms the word that blocks are written and pieces hashed waits for more of it: each message wakes the page. */
const gather = 8

/** How often, and after how many ms, what another is just letting go of is tried again. */
const tries = 20
const pause = 50

/** For how many ms a lock is waited for: whoever died a moment ago still has it. */
const patience = tries * pause

const scope = globalThis as unknown as Pick<Worker, 'postMessage' | 'addEventListener'>

class Store {
  readonly #kept: boolean
  readonly #port: MessagePort
  readonly #folder: FileSystemDirectoryHandle
  readonly #places = new Map<string, FileSystemDirectoryHandle>()
  /** By place and number; the least recently used first. */
  readonly #open = new Map<string, Access>()
  /** Lets go of a place's lock. */
  readonly #locks = new Map<string, () => void>()
  #answers: Answer[] = []
  /** Records of what was written and hashed. */
  #done: Uint8Array[] = []
  #buffers: ArrayBuffer[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  /** What is hashed is copied by the hashing, so one buffer does. */
  #scratch = new Uint8Array()

  constructor(folder: FileSystemDirectoryHandle, { kept, port }: Begin) {
    this.#kept = kept
    this.#port = port
    this.#folder = folder
  }

  /** Carries out requests one after the other and answers them together. */
  async serve(requests: Request[]): Promise<void> {
    for (const request of requests) await this.#try([request[0]], () => this.#perform(request))
    if (this.#answers.length > 0) this.#flush()
  }

  async #try(ids: number[], act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      const why = await plain(error)
      for (const id of ids) this.#answer([id, why])
    }
  }

  async #perform(request: Request): Promise<void> {
    const [id, op, place] = request
    switch (op) {
      case 'open':
        return this.#answer([id, null, await this.#enter(place)])
      case 'batch':
        return this.#batch(place, request[3], request[4])
      case 'hash':
        void this.#try([id], () => this.#hash(id, request[3], request[4]))
        return
      case 'blob':
        return this.#answer([id, null, await this.#blob(place, request[3], request[4], request[5])])
      case 'close':
        await this.#leave(place, request[3] || !this.#kept)
        return this.#answer([id, null])
    }
  }

  /** Opens a place; the answer is whether it is new. Two tabs never write to one. */
  async #enter(place: string): Promise<boolean> {
    if (this.#kept && !this.#locks.has(place)) this.#locks.set(place, await hold(`shoal:${place}`, patience))
    const fresh = await this.#folder.getDirectoryHandle(place).then(() => false, absent)
    this.#places.set(place, await this.#folder.getDirectoryHandle(place, { create: true }))
    return fresh
  }

  /** Takes the steps in order; blocks that follow each other in a file are one write. */
  async #batch(place: string, text: string, data: Uint8Array): Promise<void> {
    let at = 0
    let run = new Run(data, at)
    const end = async () => {
      const { ids, spans } = run
      if (ids.length > 0) await this.#try(ids, () => this.#write(place, run.data, spans).then(() => ids.forEach(id => this.#tell(id))))
      run = new Run(data, at)
    }
    for (const { id, op, spans } of stepsOf(text)) {
      if (op !== 'write' || !run.takes(spans)) await end()
      if (op === 'write') at = run.add(id, spans)
      else await this.#try([id], () => (op === 'read' ? this.#give(id, place, spans) : this.#verify(id, place, spans)))
    }
    await end()
  }

  async #leave(place: string, remove: boolean): Promise<void> {
    for (const [key, file] of this.#open) {
      if (!key.startsWith(`${place}/`)) continue
      this.#open.delete(key)
      if (!remove) file.flush()
      file.close()
    }
    this.#places.delete(place)
    try {
      if (remove) await again(() => this.#folder.removeEntry(place, { recursive: true })).catch(absent)
    } finally {
      this.#locks.get(place)?.()
      this.#locks.delete(place)
    }
  }

  async #write(place: string, data: Uint8Array, spans: Spans): Promise<void> {
    for (const [file, offset, begin, end] of parts(spans)) {
      if (file < 0) continue
      const access = await this.#access(place, file)
      const part = data.subarray(begin, end)
      if (access.write(part, { at: offset }) < part.length) throw new DOMException('a write was cut short', 'QuotaExceededError')
    }
  }

  async #give(id: number, place: string, spans: Spans): Promise<void> {
    const data = new Uint8Array(sum(spans))
    await this.#read(place, spans, data)
    this.#answer([id, null, data], data.buffer)
  }

  /** What was never written is zeros. */
  async #read(place: string, spans: Spans, into: Uint8Array): Promise<void> {
    for (const [file, offset, begin, end] of parts(spans)) {
      const part = into.subarray(begin, end)
      const got = file < 0 ? 0 : (await this.#access(place, file)).read(part, { at: offset })
      part.fill(0, got)
    }
  }

  /** Hashes beside what comes next. Where the browser cannot, the bytes are the answer. */
  async #verify(id: number, place: string, spans: Spans): Promise<void> {
    const length = sum(spans)
    if (this.#scratch.length < length) this.#scratch = new Uint8Array(length)
    const data = this.#scratch.subarray(0, length)
    await this.#read(place, spans, data)
    const subtle = (crypto as Partial<Crypto>).subtle
    if (!subtle) {
      const copy = data.slice()
      return this.#answer([id, null, copy], copy.buffer)
    }
    const hashed = subtle.digest('SHA-1', data)
    void this.#try([id], async () => this.#tell(id, new Uint8Array(await hashed)))
  }

  /** Hashes pieces of what is seeded, beside what comes next. */
  async #hash(id: number, blob: Blob, lengths: number[]): Promise<void> {
    const data = new Uint8Array(await blob.arrayBuffer())
    let end = 0
    const pieces = lengths.map(length => data.subarray(end, (end += length)))
    if (end !== data.length) throw new DOMException('a file is not as long as it was', 'NotReadableError')
    const digests = new Uint8Array(20 * lengths.length)
    const hashing = pieces.map(piece => crypto.subtle.digest('SHA-1', piece))
    release(data.buffer)
    const sums = await Promise.all(hashing)
    sums.forEach((digest, i) => digests.set(new Uint8Array(digest), 20 * i))
    this.#answer([id, null, digests], digests.buffer)
  }

  /** Of a whole file, a File that lies on disk. */
  async #blob(place: string, spans: Spans, type: string, name: string): Promise<Blob> {
    const slices: Blob[] = []
    for (const [number, offset, begin, end] of parts(spans)) {
      if (number < 0) slices.push(new Blob([new Uint8Array(end - begin)]))
      else slices.push((await this.#file(place, number)).slice(offset, offset + end - begin))
    }
    return name === '' ? new Blob(slices, { type }) : new File(slices, name, { type })
  }

  async #file(place: string, number: number): Promise<File> {
    this.#open.get(`${place}/${number}`)?.flush()
    return (await this.#place(place).getFileHandle(`${number}`, { create: true })).getFile()
  }

  async #access(place: string, file: number): Promise<Access> {
    const key = `${place}/${file}`
    const access = this.#open.get(key) ?? (await this.#openFile(place, file))
    this.#open.delete(key)
    this.#open.set(key, access)
    const [oldest] = this.#open
    if (this.#open.size > maxOpen && oldest) {
      this.#open.delete(oldest[0])
      oldest[1].close()
    }
    return access
  }

  async #openFile(place: string, file: number): Promise<Access> {
    const handle = await this.#place(place).getFileHandle(`${file}`, { create: true })
    return openAccess(handle)
  }

  #place(place: string): FileSystemDirectoryHandle {
    const folder = this.#places.get(place)
    if (!folder) throw new DOMException('the store is not open', 'InvalidStateError')
    return folder
  }

  #answer(answer: Answer, buffer?: ArrayBuffer): void {
    if (answer[0] === 0) return // nobody waits for it
    this.#answers.push(answer)
    if (buffer) this.#buffers.push(buffer)
    this.#flushSoon()
  }

  #tell(id: number, digest?: Uint8Array): void {
    const record = new Uint8Array(recordSize)
    new DataView(record.buffer).setUint32(0, id, true)
    if (digest) record.set(digest, 4)
    this.#done.push(record)
    this.#flushSoon()
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => this.#flush(), gather)
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#answers.length + this.#done.length === 0) return
    const done = new Uint8Array(recordSize * this.#done.length)
    this.#done.forEach((record, i) => done.set(record, recordSize * i))
    this.#port.postMessage([done, this.#answers], [done.buffer, ...this.#buffers])
    this.#answers = []
    this.#done = []
    this.#buffers = []
  }

  /** Closes what is open. */
  end(): void {
    for (const file of this.#open.values()) file.close()
    this.#open.clear()
  }
}

/** Writes that are one: their data lies together, and goes together into one file. */
class Run {
  readonly ids: number[] = []
  spans: Spans = []
  readonly #all: Uint8Array
  readonly #begin: number
  #end: number

  constructor(all: Uint8Array, begin: number) {
    this.#all = all
    this.#begin = this.#end = begin
  }

  get data(): Uint8Array {
    return this.#all.subarray(this.#begin, this.#end)
  }

  takes([file, offset]: Spans): boolean {
    const [ours, begin = 0, length = 0] = this.spans
    return this.ids.length === 0 || (this.spans.length === 3 && file === ours && offset === begin + length)
  }

  /** The answer is where the data of the next write begins. */
  add(id: number, spans: Spans): number {
    this.ids.push(id)
    const [file = -1, begin = 0, length = 0] = this.spans
    const [, , more = 0, ...others] = spans
    this.spans = this.ids.length === 1 ? spans : [file, begin, length + more, ...others]
    this.#end += sum(spans)
    return this.#end
  }
}

function* stepsOf(text: string): Generator<Step> {
  const numbers = text.split(',').map(Number)
  for (let i = 0; i < numbers.length; ) {
    const [id = 0, op = 0, count = 0] = numbers.slice(i, i + 3)
    yield { id, op: steps[op], spans: numbers.slice(i + 3, i + 3 + count) }
    i += 3 + count
  }
}

const sum = (spans: Spans): number => parts(spans).at(-1)?.[3] ?? 0

/** Spans with where they lie among the bytes that are read or written. */
function parts(spans: Spans): [file: number, offset: number, begin: number, end: number][] {
  let begin = 0
  const all: [number, number, number, number][] = []
  for (let i = 0; i < spans.length; i += 3) {
    const [file = -1, offset = 0, length = 0] = spans.slice(i, i + 3)
    all.push([file, offset, begin, begin + length])
    begin += length
  }
  return all
}

/** Gives back memory at once: what is handed over to a port that is closed is gone. The browser's collector would let hundreds of MB pile up. */
const release = (buffer: ArrayBuffer): void => sink.postMessage(null, [buffer])

const sink = new MessageChannel().port1
sink.close()

async function plain(error: unknown): Promise<{ name: string; message: string }> {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  if (name !== 'QuotaExceededError') return { name, message }
  const { usage, quota } = await navigator.storage.estimate().catch(() => ({}) as StorageEstimate)
  return { name, message: `${message} (the origin has ${usage} of ${quota} bytes)` }
}

/** True of what is not there; any other error is thrown on. */
function absent(error: unknown): boolean {
  if (error instanceof DOMException && error.name === 'NotFoundError') return true
  throw error
}

const openAccess = (handle: FileSystemFileHandle): Promise<Access> =>
  again(() => (handle as unknown as { createSyncAccessHandle(): Promise<Access> }).createSyncAccessHandle())

/** Tries for a second what a worker that has just ended may still hold. */
async function again<T>(act: () => Promise<T>): Promise<T> {
  for (let left = tries; ; left--) {
    try {
      return await act()
    } catch (error) {
      const held = error instanceof DOMException && ['NoModificationAllowedError', 'InvalidStateError'].includes(error.name)
      if (!held || left === 0) throw error
      await new Promise(resolve => setTimeout(resolve, pause))
    }
  }
}

/** Only what works is used: a file is written, read and removed. */
async function probe(folder: FileSystemDirectoryHandle): Promise<void> {
  const access = await openAccess(await folder.getFileHandle('probe', { create: true }))
  const want = Uint8Array.of(83, 104, 111, 97, 108)
  const got = new Uint8Array(want.length)
  try {
    access.write(want, { at: 3 })
    access.flush()
    if (access.read(got, { at: 3 }) !== want.length || `${got}` !== `${want}`) throw new Error('a file is read otherwise than it was written')
  } finally {
    access.close()
  }
  await folder.removeEntry('probe')
}

/** Removes the folders of those who are dead. */
async function sweep(all: FileSystemDirectoryHandle, life: string): Promise<void> {
  const names = (all as unknown as { keys(): AsyncIterable<string> }).keys()
  for await (const name of names) {
    // What is kept, and what others may have put here, has no such name.
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name)) continue
    await navigator.locks.request(life + name, { ifAvailable: true }, async lock => {
      if (lock) await all.removeEntry(name, { recursive: true }).catch(() => undefined)
    })
  }
}

async function begin(first: Begin): Promise<void> {
  if (first.version !== SHOAL_VERSION) throw new Error(`shoal-worker.js is of version ${SHOAL_VERSION}, the script of ${first.version}`)
  await hold(first.lock, patience)
  const origin = await navigator.storage.getDirectory()
  const all = await origin.getDirectoryHandle('shoal', { create: true })
  const folder = await all.getDirectoryHandle(first.folder, { create: true })
  try {
    await probe(folder)
  } catch (error) {
    if (!first.kept) await all.removeEntry(first.folder, { recursive: true }).catch(() => undefined)
    throw error
  }
  const store = new Store(folder, first)
  let tail = Promise.resolve()
  first.port.onmessage = ({ data }: MessageEvent<Request[]>) => {
    tail = tail.then(() => store.serve(data))
  }
  scope.addEventListener('message', () => {
    tail = tail.then(async () => {
      store.end()
      // What stays is removed by the next worker of the origin.
      if (!first.kept) await again(() => all.removeEntry(first.folder, { recursive: true })).catch(() => undefined)
      say({ ready: false })
    })
  })
  say({ ready: true })
  await sweep(all, first.life).catch(() => undefined)
}

const say = (word: Word): void => scope.postMessage(word)

scope.addEventListener(
  'message',
  event => {
    begin((event as MessageEvent<Begin>).data).catch((error: unknown) => {
      say({ ready: false, error: messageOf(error) })
    })
  },
  { once: true },
)
