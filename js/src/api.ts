// The public types: what a page sees of Shoal.

import type { ShoalError } from './error.js'

/**
 * What can be seeded. A string is the content itself; a plain object is sent
 * as JSON; an array is a list of files, never JSON. A directory handle is
 * walked. A stream is read to its end first.
 */
export type SeedInput =
  | File
  | Blob
  | ArrayBuffer
  | ArrayBufferView
  | string
  | ReadableStream<Uint8Array>
  | FileSystemFileHandle
  | FileSystemDirectoryHandle
  | FileList
  | File[]
  | object

/** A magnet link, an info hash, the URL of a .torrent, or a .torrent's bytes. */
export type TorrentLink = string | URL | Uint8Array | ArrayBuffer | Blob

/** Bytes so far and in all. */
export interface ByteProgress {
  readonly done: number
  readonly total: number
}

export interface SeedOptions {
  /**
   * The torrent's name. Where it is missing: the file's own name, the common
   * directory of several files, "text.txt", "data.json" or "data.bin".
   */
  name?: string
  /** Bytes, a power of two from 16 KiB; chosen by length where it is missing. */
  pieceLength?: number
  /** Kept in the .torrent file, outside what the info hash covers. */
  comment?: string
  /** Peers are met through the torrent's own trackers alone (BEP 27), so name some. */
  private?: boolean
  /** Instead of the client's; [] announces nowhere. */
  trackers?: string[]
  /** http(s) URLs where the same files lie (BEP 19); they go into magnet and torrentFile. */
  webSeeds?: string[]
  /** Aborting before the promise has resolved leaves nothing behind. */
  signal?: AbortSignal
  /** Told how many bytes have been hashed. */
  onProgress?: (hashed: ByteProgress) => void
}

export interface FetchOptions {
  /** Which files to download; 'all' where it is missing. */
  files?: 'all' | 'none' | number[] | ((file: FileInfo) => boolean)
  /**
   * 'rarest' where it is missing: what few peers have comes first, which keeps
   * a swarm alive. What stream() and bytes() wait for comes first in any order.
   */
  order?: 'rarest' | 'sequential'
  /** Instead of the client's, beside the link's own. */
  trackers?: string[]
  /**
   * http(s) URLs where the files lie (BEP 19), beside the link's own. The server
   * must answer ranges and, from another origin, allow them (CORS).
   */
  webSeeds?: string[]
  /** 'auto' is where the client keeps what it fetches; 'opfs' is UNSUPPORTED yet. */
  store?: 'auto' | 'opfs' | 'memory'
  /** Aborting before `done` takes the torrent away again, unless others asked for it. */
  signal?: AbortSignal
  /** Told whenever the torrent's statistics change. */
  onProgress?: (stats: TorrentStats) => void
}

export interface ClientOptions {
  /**
   * For torrents that name none, and beside those they name. Default:
   * wss://tracker.openwebtorrent.com, wss://tracker.webtorrent.dev and
   * wss://tracker.btorrent.xyz.
   */
  trackers?: string[]
  /** Default: stun:stun.l.google.com:19302 and stun:stun.cloudflare.com:3478. */
  iceServers?: RTCIceServer[]
  /** Not there yet: UNSUPPORTED. */
  bootstrap?: string[]
  /**
   * Where what is fetched is kept. 'auto', the default: in the origin's private
   * file system, or in memory where that does not work; see stats().store.
   * 'opfs' is UNSUPPORTED yet.
   */
  store?: 'auto' | 'opfs' | 'memory'
  /** How many connections there may be, unanswered offers counted. Default: 55. */
  maxConnections?: number
  /** Bytes per second, for all torrents together; unlimited where it is missing. */
  uploadLimit?: number
  /** Bytes per second, for all torrents together; unlimited where it is missing. */
  downloadLimit?: number
  /**
   * Keep the session in the origin's storage, and bring back what was kept: every
   * torrent that was fetched, its choices and its verified pieces. One client of
   * an origin has the session at a time.
   */
  resume?: boolean
  /** Where shoal.wasm lies; beside the script where it is missing. */
  wasmUrl?: string | URL
  /** Where shoal-worker.js lies; beside the script where it is missing. */
  workerUrl?: string | URL
}

/** Bytes per second each way; what is missing is unlimited. */
export interface Limits {
  upload?: number
  download?: number
}

/** An EventTarget whose events are known by their names. */
interface Listens<Events> extends EventTarget {
  addEventListener<K extends keyof Events>(
    type: K,
    listener: (this: this, event: Events[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void
  removeEventListener<K extends keyof Events>(
    type: K,
    listener: (this: this, event: Events[K]) => void,
    options?: boolean | EventListenerOptions,
  ): void
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void
}

export interface ClientEventMap {
  /** Something is wrong with the session; torrents go on without it. */
  warning: CustomEvent<ShoalError>
}

/** One peer in the sense of BitTorrent: its torrents share connections and budget. */
export interface Client extends Listens<ClientEventMap> {
  seed(input: SeedInput, options?: SeedOptions): Promise<Torrent>
  fetch(link: TorrentLink, options?: FetchOptions): Promise<Torrent>
  add(link: TorrentLink, options?: FetchOptions): Torrent
  /** In the order in which they were added. */
  readonly torrents: Torrent[]
  /** Resolves with the torrents that the session has brought back; see the option resume. */
  readonly resumed: Promise<Torrent[]>
  stats(): ClientStats
  /** Instead of the options uploadLimit and downloadLimit, from now on. */
  setLimits(limits: Limits): void
  /** Ends every torrent and frees the memory. A closed client stays closed. */
  close(): Promise<void>
}

/** Counts since the client was made; bytes are payload. */
export interface ClientStats {
  readonly torrents: number
  readonly peers: number
  /** Unanswered offers counted. */
  readonly connections: number
  /** Where what is fetched is kept: the origin's private file system, or memory. */
  readonly store: 'opfs' | 'memory'
  /** Why it is memory; '' where it is not. */
  readonly storeReason: string
  readonly downloaded: number
  readonly uploaded: number
  /** Bytes per second. */
  readonly downloadSpeed: number
  /** Bytes per second. */
  readonly uploadSpeed: number
}

export interface TorrentEventMap {
  /** Bytes, rates or pieces have changed; at most five times a second. */
  progress: CustomEvent<TorrentStats>
  /** A peer was met, or is gone. */
  peer: CustomEvent<PeerChange>
  /** Something is wrong that does not stop the torrent. */
  warning: CustomEvent<ShoalError>
  /** Every selected file is verified and stored. */
  done: CustomEvent<void>
  /** The torrent has stopped; resume() tries again, unless it is gone. */
  error: CustomEvent<ShoalError>
}

/**
 * One torrent. Its properties are snapshots, renewed a few times a second;
 * before `ready` the lengths are 0 and the lists empty.
 */
export interface Torrent extends Listens<TorrentEventMap> {
  /** The metadata is known. */
  readonly ready: Promise<Torrent>
  /** 40 hex digits; '' while a .torrent URL is still being fetched. */
  readonly infoHash: string
  readonly magnet: string
  readonly name: string
  /** Bytes. */
  readonly length: number
  /** Bytes. */
  readonly pieceLength: number
  /** Verified pieces as BEP 3 sends them: the first is the highest bit of the first byte. */
  readonly pieces: Uint8Array
  /** The .torrent file. */
  readonly torrentFile: Uint8Array
  readonly files: TorrentFile[]
  readonly peers: PeerInfo[]
  readonly stats: TorrentStats
  /**
   * Every selected file is verified and stored. The torrent goes on seeding
   * until remove() or close().
   */
  readonly done: Promise<void>
  /** Of this torrent, within the client's. */
  setLimits(limits: Limits): void
  /** Stops transfer both ways. */
  pause(): void
  resume(): void
  /** Takes the torrent out of the client; `data` deletes what was stored. */
  remove(options?: { data?: boolean }): Promise<void>
}

/** What is known of a file before any of its bytes. */
export interface FileInfo {
  readonly index: number
  readonly name: string
  /** From the torrent's name downward, with slashes. */
  readonly path: string
  /** Bytes. */
  readonly length: number
  /** A media type, from the file's name; 'application/octet-stream' where unknown. */
  readonly type: string
}

/** A range of a file in bytes: from start, before end. */
export interface ByteRange {
  start?: number
  end?: number
}

/**
 * One file of a torrent. Reading selects a file that was not, and waits for
 * what is missing: stream() gives the bytes in order as they are verified and
 * has what it needs next fetched first, as bytes() of a range does; the others
 * resolve when the file is complete. All end with the torrent.
 */
export interface TorrentFile extends FileInfo {
  /** 0 to 1, the verified part. */
  readonly progress: number
  stream(range?: ByteRange): ReadableStream<Uint8Array>
  blob(): Promise<Blob>
  arrayBuffer(): Promise<ArrayBuffer>
  text(): Promise<string>
  json(): Promise<unknown>
  bytes(range?: ByteRange): Promise<Uint8Array>
  /** Wants the file: from 1, after everything else, to 7, before it; 4 where it is missing. */
  select(priority?: number): void
  deselect(): void
}

export interface TorrentStats {
  /** Verified bytes of the selected files. */
  readonly done: number
  /** Bytes of the selected files. */
  readonly total: number
  /** Payload bytes, wasted ones included. */
  readonly downloaded: number
  readonly uploaded: number
  /** Bytes per second. */
  readonly downloadSpeed: number
  /** Bytes per second. */
  readonly uploadSpeed: number
  readonly peers: number
  /** Seconds until done at this speed: 0 when done, Infinity when nothing comes. */
  readonly timeRemaining: number
}

/** A connected peer. */
export interface PeerInfo {
  /** The 20-byte peer id, in hex. */
  readonly id: string
  /** What the peer id says, "WebTorrent 3.0.0". */
  readonly client: string
  /** 0 to 1, what the peer has. */
  readonly progress: number
  readonly downloaded: number
  readonly uploaded: number
  readonly downloadSpeed: number
  readonly uploadSpeed: number
  /** We are choked by it. */
  readonly choked: boolean
  /** It is choked by us. */
  readonly choking: boolean
  /** It wants our pieces. */
  readonly interested: boolean
  /** We want its pieces. */
  readonly interesting: boolean
}

export interface PeerChange {
  readonly peer: PeerInfo
  readonly gone: boolean
}
