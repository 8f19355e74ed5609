import type { ByteRange, FileInfo, TorrentFile } from './api.js'
import type { FileEntry } from './bridge.js'
import { ShoalError } from './error.js'
import { checkPriority } from './options.js'

/** What a file asks of its torrent. */
export interface Reader {
  readonly pieceLength: number
  progressOf(file: number): number
  /** 0 does not want it. */
  select(file: number, priority: number): void
  /** A window on what will be read next, for as long as it is not closed. */
  window(file: number): Window
  /** Resolves when the bytes are verified. */
  read(file: number, start: number, end: number, signal?: AbortSignal): Promise<Uint8Array>
  blob(file: number, type: string): Promise<Blob>
}

/** Has what it shows fetched before everything else. */
export interface Window {
  show(start: number, end: number): void
  close(): void
}

/** Where reading begins and ends, and whether that is the whole file. */
interface Span {
  start: number
  end: number
  whole: boolean
}

/** Small pieces are read several at a time. */
const leastChunk = 1 << 20

/** How many bytes a window shows at least, and how many pieces. */
const leastAhead = 4 << 20
const leastPiecesAhead = 4

/** What select() means without a priority. */
const normal = 4

export function fileInfo({ index, path, length, type }: FileEntry): FileInfo {
  return { index, name: path.slice(path.lastIndexOf('/') + 1), path, length, type }
}

export class LiveFile implements TorrentFile {
  readonly index: number
  readonly name: string
  readonly path: string
  readonly length: number
  readonly type: string
  readonly #reader: Reader
  /** Of the first byte in the torrent. */
  readonly #offset: number

  constructor(reader: Reader, entry: FileEntry) {
    const info = fileInfo(entry)
    this.#reader = reader
    this.#offset = entry.offset
    this.index = info.index
    this.name = info.name
    this.path = info.path
    this.length = info.length
    this.type = info.type
  }

  get progress(): number {
    return this.#reader.progressOf(this.index)
  }

  stream(range?: ByteRange): ReadableStream<Uint8Array> {
    const span = this.#span(range)
    const stop = new AbortController()
    const window = this.#reader.window(this.index)
    let at = span.start
    return new ReadableStream<Uint8Array>(
      {
        pull: async controller => {
          if (at < span.end) {
            const next = this.#chunkEnd(at, span.end)
            controller.enqueue(await this.#read(window, at, next, span.end, stop.signal))
            at = next
          }
          if (at < span.end) return
          window.close()
          controller.close()
        },
        cancel: reason => {
          window.close()
          stop.abort(reason)
        },
      },
      // Nothing is read before it is asked for.
      { highWaterMark: 0 },
    )
  }

  blob(): Promise<Blob> {
    return this.#reader.blob(this.index, this.type)
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const blob = await this.blob()
    try {
      return await blob.arrayBuffer()
    } catch (cause) {
      throw new ShoalError('SOURCE_CHANGED', `${this.path} changed or is gone`, { cause })
    }
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.arrayBuffer())
  }

  async json(): Promise<unknown> {
    const text = await this.text()
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new ShoalError('INVALID_INPUT', `${this.path} is not JSON`, { cause })
    }
  }

  async bytes(range?: ByteRange): Promise<Uint8Array> {
    const span = this.#span(range)
    if (span.whole) return new Uint8Array(await this.arrayBuffer())
    const bytes = new Uint8Array(span.end - span.start)
    const window = this.#reader.window(this.index)
    for (let at = span.start; at < span.end; ) {
      const next = this.#chunkEnd(at, span.end)
      bytes.set(await this.#read(window, at, next, span.end), at - span.start)
      at = next
    }
    window.close()
    return bytes
  }

  select(priority: number = normal): void {
    checkPriority(priority)
    this.#reader.select(this.index, priority)
  }

  deselect(): void {
    this.#reader.select(this.index, 0)
  }

  /** Waits for a chunk, and has what comes after it fetched next. */
  async #read(window: Window, start: number, next: number, end: number, signal?: AbortSignal): Promise<Uint8Array> {
    const ahead = Math.max(leastAhead, leastPiecesAhead * this.#reader.pieceLength)
    window.show(start, Math.min(start + ahead, end))
    try {
      return await this.#reader.read(this.index, start, next, signal)
    } catch (error) {
      window.close()
      throw error
    }
  }

  /** Ends where a piece ends, as pieces are what is verified and kept. */
  #chunkEnd(at: number, end: number): number {
    const step = this.#reader.pieceLength * Math.ceil(leastChunk / this.#reader.pieceLength)
    const next = Math.floor((this.#offset + at) / step + 1) * step - this.#offset
    return Math.min(next, end)
  }

  #span(range: ByteRange = {}): Span {
    const { start = 0, end = this.length } = range
    const valid = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end <= this.length
    if (!valid) throw new ShoalError('INVALID_OPTION', `no range of ${this.length} bytes: start ${start}, end ${end}`)
    return { start, end, whole: start === 0 && end === this.length }
  }
}
