// What crosses between this package and Go: structured-cloneable objects only,
// so that Go can move to a worker.

import type { ClientStats, PeerInfo, TorrentStats } from './api.js'
import { type ErrorCode, ShoalError } from './error.js'
import type { Entry } from './session.js'

/** A file of a torrent. Padding is left out, so index may differ from its place in the list. */
export interface FileEntry {
  index: number
  /** With slashes. */
  path: string
  length: number
  /** Of its first byte in the torrent. */
  offset: number
  type: string
}

/** A torrent's properties, as far as they have changed. Go pushes it. */
export interface Snapshot {
  infoHash?: string
  name?: string
  magnet?: string
  /** With the metadata, once. */
  length?: number
  pieceLength?: number
  torrentFile?: Uint8Array
  files?: FileEntry[]
  stats?: TorrentStats
  peers?: PeerInfo[]
  pieces?: Uint8Array
  /** The verified part of each file, 0 to 1, by index. */
  progress?: number[]
}

export interface Trouble {
  code: ErrorCode
  message: string
}

/**
 * The answer to seed and add. A torrent is a number that this side has chosen,
 * so that its events find it from the first on; the answer's is another where
 * Go had the torrent already, and then it is not fresh.
 */
export interface Added {
  torrent: number
  fresh: boolean
  snapshot: Snapshot
}

/** What Go counts of a client. */
export type Counts = Omit<ClientStats, 'store' | 'storeReason'>

interface OfTorrent {
  torrent: number
}

export interface IceServer {
  urls: string[]
  username: string
  credential: string
}

/** Bytes per second; 0 is unlimited. */
export interface Rates {
  upload: number
  download: number
}

/** Every method: its parameters and its result. */
export interface Methods {
  open: [
    { trackers?: string[]; iceServers?: IceServer[]; maxConnections?: number; session?: Entry[] } & Rates,
    /** The info hashes of what the session has brought back, and what is wrong with it. */
    { resumed: string[]; faults: Trouble[] },
  ]
  /** Takes what the session has brought back. */
  claim: [OfTorrent & { infoHash: string }, Added]
  /** Keeps at once what has changed. */
  persist: [Record<never, never>, null]
  seed: [
    OfTorrent & {
      name: string
      multi: boolean
      files: { path: string[]; blob: Blob }[]
      pieceLength: number
      comment: string
      private: boolean
      trackers?: string[]
      webSeeds: string[]
    },
    Added,
  ]
  add: [
    OfTorrent & {
      link: string | Uint8Array
      files: 'all' | 'none' | 'ask' | number[]
      sequential: boolean
      /** Keep it there, whatever the client does. */
      memory: boolean
      trackers?: string[]
      webSeeds: string[]
    },
    Added,
  ]
  /** A way to the storage worker, in place of any before; without one there is none. */
  storage: [{ port?: MessagePort }, null]
  /** Answers the event 'ask'. */
  choose: [{ ask: number; files: number[] }, null]
  remove: [OfTorrent & { data: boolean }, null]
  pause: [OfTorrent, null]
  resume: [OfTorrent, null]
  /** 0 does not want it, 7 wants it most. */
  select: [OfTorrent & { file: number; priority: number }, null]
  /** Of a torrent, or of all together where none is named. */
  limit: [Partial<OfTorrent> & Rates, null]
  /** What a reader needs next of a file; a new window replaces its last. */
  window: [OfTorrent & { reader: number; file: number; start: number; end: number }, null]
  closeWindow: [OfTorrent & { reader: number }, null]
  /** Bytes of a file, start to end, once they are verified. */
  read: [OfTorrent & { file: number; start: number; end: number }, Uint8Array]
  /** A complete file, made of stored or source bytes where they lie. */
  blob: [OfTorrent & { file: number; type: string }, Blob]
  /** Ends the call of that id. */
  cancel: [{ call: number }, null]
  close: [Record<never, never>, null]
}

/** What Go tells of its own accord. */
export type Event = { event: 'hello'; version: string } | { event: 'stats'; stats: Counts } | KeepEvent | TorrentEvent

/** A record of the session. */
export type KeepEvent = { event: 'keep' } & Entry

export type TorrentEvent =
  | { event: 'hashed'; torrent: number; done: number; total: number }
  /** Which files are wanted? Answered by choose. */
  | { event: 'ask'; torrent: number; ask: number; files: FileEntry[] }
  | { event: 'ready' | 'progress' | 'done'; torrent: number; snapshot: Snapshot }
  | { event: 'peer'; torrent: number; snapshot: Snapshot; peer: PeerInfo; gone: boolean }
  | { event: 'warning' | 'error'; torrent: number; snapshot: Snapshot; error: Trouble }

export type Reply = { id: number; result: unknown } | { id: number; error: Trouble }

/** The one object that goes in: Go sets post, we set deliver. */
export interface Port {
  readonly version: string
  post?: (message: object) => void
  readonly deliver: (message: Event | Reply) => void
}

interface Pending {
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** Matches replies to calls. */
export class Calls {
  readonly #port: Pick<Port, 'post'>
  readonly #pending = new Map<number, Pending>()
  #last = 0
  #ended: ShoalError | undefined

  constructor(port: Pick<Port, 'post'>) {
    this.#port = port
  }

  /** An abort tells Go, whose answer still comes. */
  call<M extends keyof Methods>(method: M, params: Methods[M][0], signal?: AbortSignal): Promise<Methods[M][1]> {
    const id = ++this.#last
    const reply = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      this.#post({ id, method, params })
    })
    if (!signal) return reply as Promise<Methods[M][1]>
    const cancel = () => this.#post({ id: ++this.#last, method: 'cancel', params: { call: id } })
    // What was aborted while the engine started fires no event any more.
    if (signal.aborted) cancel()
    signal.addEventListener('abort', cancel)
    return reply.finally(() => signal.removeEventListener('abort', cancel)) as Promise<Methods[M][1]>
  }

  answer(reply: Reply): void {
    const pending = this.#pending.get(reply.id)
    this.#pending.delete(reply.id)
    if ('error' in reply) pending?.reject(trouble(reply.error))
    else pending?.resolve(reply.result)
  }

  /** Go has stopped: what was asked and what will be asked ends with error. */
  end(error: ShoalError): void {
    if (this.#ended) return
    this.#ended = error
    for (const pending of this.#pending.values()) pending.reject(error)
    this.#pending.clear()
  }

  #post(message: { id: number; method: string; params: object }): void {
    if (this.#ended) this.#pending.get(message.id)?.reject(this.#ended)
    else this.#port.post?.(message)
  }
}

export const trouble = ({ code, message }: Trouble): ShoalError => new ShoalError(code, message)
