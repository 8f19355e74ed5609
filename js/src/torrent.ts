import { onAbort } from './abort.js'
import type { ByteProgress, FetchOptions, FileInfo, Limits, PeerInfo, Torrent, TorrentEventMap, TorrentFile, TorrentStats } from './api.js'
import { type Added, type Snapshot, type TorrentEvent, trouble } from './bridge.js'
import { Deferred } from './deferred.js'
import { ShoalError } from './error.js'
import { LiveFile, type Reader, type Window } from './file.js'
import type { Engine } from './loader.js'
import { plainLimits } from './options.js'

/** What a torrent asks of its client. */
export interface Host {
  /** Go knows the torrent by that number; the answer is the one that has it longest. */
  admit(torrent: LiveTorrent, number: number): LiveTorrent
  /** The torrent is gone; the answer is whether no other speaks of the same one. */
  forget(torrent: LiveTorrent): boolean
  /** Every object that speaks of the same torrent as this one. */
  alike(torrent: LiveTorrent): LiveTorrent[]
  /** A number that the client gives nothing else. */
  nextNumber(): number
}

export interface Hooks {
  files?: FetchOptions['files']
  onProgress?: (stats: TorrentStats) => void
  onHashed?: (hashed: ByteProgress) => void
}

/** Where a torrent is to be found in Go. */
interface Place {
  engine: Engine
  torrent: number
}

const noStats: TorrentStats = {
  done: 0,
  total: 0,
  downloaded: 0,
  uploaded: 0,
  downloadSpeed: 0,
  uploadSpeed: 0,
  peers: 0,
  timeRemaining: Infinity,
}

/**
 * A torrent from the call that brings it in until it ends. It ends once: by
 * remove, by close, by an abort before it is done, or with Go; the reason
 * rejects whatever is pending. An error only stops it, until resume.
 */
export class LiveTorrent extends EventTarget implements Torrent, Reader {
  readonly #host: Host
  readonly #hooks: Hooks
  readonly #ready = new Deferred<Torrent>()
  readonly #place = new Deferred<Place>()
  readonly #end = new AbortController()
  readonly #state: Snapshot
  #done = new Deferred<void>()
  #claims = 0
  #files: LiveFile[] = []

  constructor(host: Host, state: Snapshot, hooks: Hooks) {
    super()
    this.#host = host
    this.#state = state
    this.#hooks = hooks
  }

  get ready(): Promise<Torrent> {
    return this.#ready.promise
  }
  get done(): Promise<void> {
    return this.#done.promise
  }
  get infoHash(): string {
    return this.#state.infoHash ?? ''
  }
  get magnet(): string {
    return this.#state.magnet ?? ''
  }
  get name(): string {
    return this.#state.name ?? ''
  }
  get length(): number {
    return this.#state.length ?? 0
  }
  get pieceLength(): number {
    return this.#state.pieceLength ?? 0
  }
  get pieces(): Uint8Array {
    return this.#state.pieces ?? new Uint8Array()
  }
  get torrentFile(): Uint8Array {
    return this.#state.torrentFile ?? new Uint8Array()
  }
  get files(): TorrentFile[] {
    return [...this.#files]
  }
  get peers(): PeerInfo[] {
    return this.#state.peers ?? []
  }
  get stats(): TorrentStats {
    return this.#state.stats ?? noStats
  }

  pause(): void {
    this.#tell(({ engine, torrent }) => engine.call('pause', { torrent }))
  }

  resume(): void {
    if (this.#done.rejected && !this.#end.signal.aborted) this.#done = new Deferred()
    this.#tell(({ engine, torrent }) => engine.call('resume', { torrent }))
  }

  async remove(options: { data?: boolean } = {}): Promise<void> {
    const { data = false } = options
    const place = this.#place.resolved && !this.#end.signal.aborted ? this.#place.promise : undefined
    const reason = new ShoalError('REMOVED', 'the torrent was removed')
    for (const torrent of this.#host.alike(this)) torrent.end(reason)
    if (!place) return
    const { engine, torrent } = await place
    await engine.call('remove', { torrent, data })
  }

  progressOf(file: number): number {
    return this.#state.progress?.[file] ?? 0
  }

  setLimits(limits: Limits): void {
    const rates = plainLimits(limits)
    this.#tell(({ engine, torrent }) => engine.call('limit', { torrent, ...rates }))
  }

  select(file: number, priority: number): void {
    this.#tell(({ engine, torrent }) => engine.call('select', { torrent, file, priority }))
  }

  window(file: number): Window {
    const reader = this.#host.nextNumber()
    return {
      show: (start, end) => this.#tell(({ engine, torrent }) => engine.call('window', { torrent, reader, file, start, end })),
      close: () => this.#tell(({ engine, torrent }) => engine.call('closeWindow', { torrent, reader })),
    }
  }

  async read(file: number, start: number, end: number, signal?: AbortSignal): Promise<Uint8Array> {
    const { engine, torrent } = await this.#reach()
    return engine.call('read', { torrent, file, start, end }, signal)
  }

  async blob(file: number, type: string): Promise<Blob> {
    const { engine, torrent } = await this.#reach()
    return engine.call('blob', { torrent, file, type })
  }

  /**
   * One more call wants this torrent. Its abort before done takes the claim
   * back, and the last claim taken back takes the torrent away.
   */
  claim(signal: AbortSignal | undefined): void {
    this.#claims++
    if (!signal || this.#done.resolved) return
    const off = onAbort(signal, () => {
      if (!this.#done.resolved && --this.#claims === 0) this.#withdraw(signal.reason)
    })
    this.#done.promise.then(off, off)
  }

  /** Runs the call that brings the torrent in; its signal is this torrent's end. */
  async enter(add: (signal: AbortSignal) => Promise<{ engine: Engine; added: Added }>): Promise<void> {
    try {
      const { engine, added } = await add(this.#end.signal)
      if (this.#end.signal.aborted) await leave(engine, added)
      else this.#settle(engine, added)
    } catch (error) {
      this.lose(error)
    }
  }

  /** What Go tells of this torrent. */
  handle(event: Exclude<TorrentEvent, { event: 'ask' }>): void {
    if ('snapshot' in event) this.#take(event.snapshot)
    switch (event.event) {
      case 'hashed':
        this.#hooks.onHashed?.({ done: event.done, total: event.total })
        return
      case 'ready':
        return
      case 'progress':
        this.#hooks.onProgress?.(this.stats)
        return this.#emit('progress', this.stats)
      case 'peer':
        return this.#emit('peer', { peer: event.peer, gone: event.gone })
      case 'warning':
        return this.#emit('warning', trouble(event.error))
      case 'done':
        this.#done.resolve()
        return this.#emit('done', undefined)
      case 'error':
        return this.#stop(trouble(event.error))
    }
  }

  /** The page's own function says which files it wants; where it throws, the torrent goes again. */
  choose(files: FileInfo[]): number[] {
    const wanted = this.#hooks.files
    if (typeof wanted !== 'function') return files.map(file => file.index)
    try {
      return files.filter(file => wanted(file)).map(file => file.index)
    } catch (error) {
      this.#withdraw(error)
      return []
    }
  }

  /** Rejects what is pending; the answer is whether no other object speaks of this torrent. */
  end(reason: unknown): boolean {
    if (this.#end.signal.aborted) return false
    const last = this.#host.forget(this)
    this.#end.abort(reason)
    this.#place.reject(reason)
    this.#ready.reject(reason)
    this.#done.reject(reason)
    return last
  }

  /** Ends for a reason that nobody on this side has asked for. */
  lose(reason: unknown): void {
    if (this.#end.signal.aborted) return
    this.end(reason)
    if (reason instanceof ShoalError) this.#emit('error', reason)
  }

  #withdraw(reason: unknown): void {
    const place = this.#place.promise
    if (this.end(reason)) place.then(({ engine, torrent }) => engine.call('remove', { torrent, data: true })).catch(ignore)
  }

  #settle(engine: Engine, added: Added): void {
    const same = this.#host.admit(this, added.torrent)
    this.#place.resolve({ engine, torrent: added.torrent })
    this.#take(added.snapshot, same)
  }

  #take(snapshot: Snapshot, same: LiveTorrent = this): void {
    Object.assign(this.#state, snapshot)
    if (!snapshot.files) return
    this.#files = snapshot.files.map(entry => new LiveFile(this, entry))
    this.#ready.resolve(same)
  }

  /** Stopped until resume. Before the metadata there is nothing to go on with. */
  #stop(error: ShoalError): void {
    this.#ready.reject(error)
    this.#done.reject(error)
    this.#emit('error', error)
  }

  async #reach(): Promise<Place> {
    this.#end.signal.throwIfAborted()
    return this.#place.promise
  }

  /** A command without an answer; where the torrent has ended it does nothing. */
  #tell(command: (place: Place) => Promise<null>): void {
    this.#place.promise.then(command).catch(ignore)
  }

  #emit<K extends keyof TorrentEventMap>(type: K, detail: TorrentEventMap[K]['detail']): void {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}

/** The call was given up while Go was at it. */
async function leave(engine: Engine, { torrent, fresh }: Added): Promise<void> {
  if (fresh) await engine.call('remove', { torrent, data: true })
}

const ignore = (): undefined => undefined
