import type { ByteRange, FileInfo, TorrentFile } from './api.js'
import type { FileEntry } from './bridge.js'
import { ShoalError } from './error.js'

/** What a file asks of its torrent. */
export interface Reader {
  readonly pieceLength: number
  progressOf(file: number): number
  select(file: number, wanted: boolean): void
  /** wait: until the bytes are verified; otherwise they must be. */
  read(file: number, start: number, end: number, wait: boolean, signal?: AbortSignal): Promise<Uint8Array>
  blob(file: number, type: string): Promise<Blob>
}

/** Where reading begins and ends, and whether that is the whole file. */
interface Span {
  start: number
  end: number
  whole: boolean
}

/** Small pieces are read several at a time. */
const leastChunk = 1 << 20

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
    let at = span.start
    return new ReadableStream<Uint8Array>(
      {
        pull: async controller => {
          if (at < span.end) {
            const next = this.#chunkEnd(at, span.end)
            controller.enqueue(await this.#read(at, next, span.whole, stop.signal))
            at = next
          }
          if (at === span.end) controller.close()
        },
        cancel: reason => stop.abort(reason),
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
    for (let at = span.start; at < span.end; ) {
      const next = this.#chunkEnd(at, span.end)
      bytes.set(await this.#read(at, next, false), at - span.start)
      at = next
    }
    return bytes
  }

  select(priority?: number): void {
    if (priority !== undefined) throw new ShoalError('UNSUPPORTED', 'priorities are not there yet')
    this.#reader.select(this.index, true)
  }

  deselect(): void {
    this.#reader.select(this.index, false)
  }

  async #read(start: number, end: number, wait: boolean, signal?: AbortSignal): Promise<Uint8Array> {
    try {
      return await this.#reader.read(this.index, start, end, wait, signal)
    } catch (error) {
      if (!(error instanceof ShoalError) || error.code !== 'NOT_READY') throw error
      throw new ShoalError('UNSUPPORTED', 'a range of bytes that are not there yet', { cause: error })
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
