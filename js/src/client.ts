import { abortable } from './abort.js'
import type {
  Client,
  ClientOptions,
  ClientStats,
  FetchOptions,
  Limits,
  SeedInput,
  SeedOptions,
  Torrent,
  TorrentLink,
} from './api.js'
import { type Added, type IceServer, type KeepEvent, type Rates, type TorrentEvent, trouble } from './bridge.js'
import { EarlySockets } from './early.js'
import { ShoalError } from './error.js'
import { fileInfo } from './file.js'
import { gather } from './input.js'
import { hintOf, trackersOf } from './link.js'
import { Engine, load } from './loader.js'
import { checkClientOptions, checkFetchOptions, checkSeedOptions, plainLimits } from './options.js'
import { Session } from './session.js'
import { Storage } from './storage.js'
import { type Hooks, type Host, LiveTorrent } from './torrent.js'

/** From so many bytes on it pays to have what is seeded hashed by the storage worker. */
const manyBytes = 32 << 20

/**
 * A client fetches the .wasm when it is made, starts its engine on first use,
 * and a new one should that have ended by itself.
 */
export class LiveClient extends EventTarget implements Client, Host {
  readonly #options: ClientOptions
  /** By their number in Go. Where Go had a torrent already, several objects speak of it. */
  readonly #torrents = new Map<number, LiveTorrent[]>()
  #rates: Rates
  #lastNumber = 0
  #module: Promise<WebAssembly.Module> | undefined
  readonly #early = new EarlySockets()
  #engine: Promise<Engine> | undefined
  #running: Engine | undefined
  /** Of the engine. */
  #storage: Storage | undefined
  /** Of the engine too. */
  #session: Session | undefined
  readonly resumed: Promise<Torrent[]>
  #closed = false

  constructor(options: ClientOptions = {}) {
    super()
    checkClientOptions(options)
    this.#options = { ...options }
    const { uploadLimit = 0, downloadLimit = 0 } = options
    this.#rates = { upload: uploadLimit, download: downloadLimit }
    // What fails now is tried again, and told, when it is needed.
    this.#load().catch(() => undefined)
    this.resumed = this.#resume()
    this.resumed.catch(() => undefined)
  }

  get closed(): boolean {
    return this.#closed
  }

  get torrents(): Torrent[] {
    return [...this.#torrents.values()].flatMap(([first]) => (first && first.infoHash !== '' ? [first] : []))
  }

  async seed(input: SeedInput, options: SeedOptions = {}): Promise<Torrent> {
    checkSeedOptions(options)
    const { signal, onProgress } = options
    signal?.throwIfAborted()
    this.#checkOpen()
    const [torrent, number] = this.#make(onProgress ? { onHashed: onProgress } : {})
    torrent.claim(signal)
    torrent.enter(async end => {
      const starting = this.#start()
      const [engine, { name, multi, files }] = await Promise.all([starting, gather(input, options.name, end)])
      if (files.reduce((sum, { blob }) => sum + blob.size, 0) >= manyBytes) this.#store(starting)
      const { pieceLength = 0, comment = '', private: isPrivate = false, webSeeds = [], trackers } = options
      const made = { pieceLength, comment, private: isPrivate, webSeeds, ...(trackers && { trackers }) }
      return { engine, added: await engine.call('seed', { torrent: number, name, multi, files, ...made }, end) }
    })
    return abortable(torrent.ready, signal)
  }

  async fetch(link: TorrentLink, options: FetchOptions = {}): Promise<Torrent> {
    return abortable(this.add(link, options).ready, options.signal)
  }

  add(link: TorrentLink, options: FetchOptions = {}): Torrent {
    checkFetchOptions(options)
    const { signal, files, onProgress } = options
    signal?.throwIfAborted()
    this.#checkOpen()
    const text = typeof link === 'string' ? link.trim() : link instanceof URL ? link.href : ''
    const { infoHash, name } = hintOf(text)
    const known = this.#find(infoHash)
    if (known) {
      known.claim(signal)
      return known
    }
    const hooks = { ...(files && { files }), ...(onProgress && { onProgress }) }
    const [torrent, number] = this.#make(hooks, { infoHash, name, magnet: infoHash && magnetOf(text) })
    torrent.claim(signal)
    torrent.enter(end => this.#add(number, text || link, options, end).finally(() => this.#early.close()))
    return torrent
  }

  stats(): ClientStats {
    return { ...(this.#running?.stats ?? Engine.noStats), ...(this.#storage?.kind ?? Storage.none) }
  }

  setLimits(limits: Limits): void {
    this.#rates = plainLimits(limits)
    // One that starts is told when it is open; one that ends needs none.
    this.#engine?.then(engine => engine.call('limit', this.#rates)).catch(() => undefined)
  }

  async close(): Promise<void> {
    const engine = this.#engine
    this.#closed = true
    this.#engine = undefined
    this.#endAll(torrent => torrent.end(closed()))
    // An engine that cannot start has nothing to close.
    const running = await engine?.catch(() => undefined)
    await running?.close()
    await this.#storage?.close()
    this.#session?.close()
  }

  admit(torrent: LiveTorrent, number: number): LiveTorrent {
    const alike = this.#torrents.get(number)
    if (!alike || alike.includes(torrent)) return torrent
    this.forget(torrent)
    alike.push(torrent)
    return alike[0] ?? torrent
  }

  forget(torrent: LiveTorrent): boolean {
    for (const [number, alike] of this.#torrents) {
      if (!alike.includes(torrent)) continue
      const others = alike.filter(other => other !== torrent)
      if (others.length > 0) this.#torrents.set(number, others)
      else this.#torrents.delete(number)
      return others.length === 0
    }
    return false
  }

  alike(torrent: LiveTorrent): LiveTorrent[] {
    return [...this.#torrents.values()].find(alike => alike.includes(torrent)) ?? []
  }

  nextNumber(): number {
    return ++this.#lastNumber
  }

  #make(hooks: Hooks, state: { infoHash?: string; name?: string; magnet?: string } = {}): [LiveTorrent, number] {
    const torrent = new LiveTorrent(this, state, hooks)
    const number = this.nextNumber()
    this.#torrents.set(number, [torrent])
    return [torrent, number]
  }

  #find(infoHash: string): LiveTorrent | undefined {
    if (infoHash === '') return undefined
    return [...this.#torrents.values()].flat().find(torrent => torrent.infoHash === infoHash)
  }

  async #add(number: number, link: TorrentLink, options: FetchOptions, end: AbortSignal): Promise<{ engine: Engine; added: Added }> {
    const starting = this.#start()
    this.#store(starting)
    this.#openEarly(link, options)
    const [engine, plain] = await Promise.all([starting, plainLink(link)])
    const { files = 'all', order, webSeeds = [], trackers, store } = options
    const wanted = typeof files === 'function' ? 'ask' : files
    const how = { sequential: order === 'sequential', memory: store === 'memory', webSeeds, ...(trackers && { trackers }) }
    return { engine, added: await engine.call('add', { torrent: number, link: plain, files: wanted, ...how }, end) }
  }

  /** The trackers of a magnet link, to which Go announces at once. A .torrent's depend on what is in it. */
  #openEarly(link: TorrentLink, options: FetchOptions): void {
    if (this.#running || typeof link !== 'string' || hintOf(link).infoHash === '') return
    this.#early.open([...trackersOf(link), ...(options.trackers ?? this.#options.trackers ?? [])])
  }

  async #load(): Promise<WebAssembly.Module> {
    this.#module ??= load(this.#options.wasmUrl)
    try {
      return await this.#module
    } catch (error) {
      this.#module = undefined
      throw error
    }
  }

  async #start(): Promise<Engine> {
    this.#checkOpen()
    this.#engine ??= this.#open()
    try {
      return await this.#engine
    } catch (error) {
      // The next call tries again.
      this.#engine = this.#module = undefined
      throw error
    }
  }

  /** The storage worker starts beside the engine. */
  #store(engine: Promise<Engine>): void {
    this.#storage?.start(port => {
      engine.then(running => running.call('storage', port ? { port } : {})).catch(() => undefined)
    })
  }

  async #open(): Promise<Engine> {
    const session = this.#options.resume ? await this.#openSession() : undefined
    this.#session = session
    // What another client's session keeps is not ours to touch.
    const storage = new Storage({ ...this.#options, resume: session !== undefined })
    this.#storage = storage
    if (this.#options.resume && this.#engine) this.#store(this.#engine)
    try {
      this.#checkOpen()
      return await this.#openEngine()
    } catch (error) {
      storage.close()
      session?.close()
      throw error
    }
  }

  async #openSession(): Promise<Session | undefined> {
    try {
      return await Session.open(error => this.#warn(error))
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error
      this.#warn(error)
      return undefined
    }
  }

  #warn(error: ShoalError): void {
    this.dispatchEvent(new CustomEvent('warning', { detail: error }))
  }

  /** What the session brings back needs no call to begin. */
  async #resume(): Promise<Torrent[]> {
    if (!this.#options.resume) return []
    await this.#start()
    return this.torrents
  }

  /** Takes what Go has brought back. */
  async #claim(engine: Engine, infoHashes: string[]): Promise<void> {
    await Promise.all(
      infoHashes.map(infoHash => {
        const [torrent, number] = this.#make({}, { infoHash })
        torrent.claim(undefined)
        return torrent.enter(async end => ({ engine, added: await engine.call('claim', { torrent: number, infoHash }, end) }))
      }),
    )
  }

  async #openEngine(): Promise<Engine> {
    const { trackers, iceServers, maxConnections } = this.#options
    const engine = await Engine.start(await this.#load(), this.#early, event => this.#handle(engine, event))
    try {
      const { resumed, faults } = await engine.call('open', {
        ...(trackers && { trackers }),
        ...(iceServers && { iceServers: iceServers.map(plainIceServer) }),
        ...(maxConnections && { maxConnections }),
        ...this.#rates,
        ...(this.#session && { session: this.#session.records }),
      })
      for (const fault of faults) this.#warn(trouble(fault))
      await this.#claim(engine, resumed)
      this.#session?.onLeave(() => engine.call('persist', {}).catch(() => undefined))
    } catch (error) {
      await engine.close()
      throw error
    }
    engine.ended.then(error => this.#lose(engine, error))
    this.#running = engine
    return engine
  }

  #handle(engine: Engine, event: KeepEvent | TorrentEvent): void {
    if (event.event === 'keep') {
      this.#session?.keep(event)
      return
    }
    const torrents = this.#torrents.get(event.torrent) ?? []
    if (event.event !== 'ask') {
      for (const torrent of torrents) torrent.handle(event)
      return
    }
    const files = torrents[0]?.choose(event.files.map(fileInfo)) ?? []
    engine.call('choose', { ask: event.ask, files }).catch(() => undefined)
  }

  /** Go has ended; if nobody closed it, every torrent hears of it. */
  #lose(engine: Engine, error: ShoalError): void {
    if (this.#running !== engine) return
    this.#running = undefined
    if (this.#closed) return
    this.#engine = undefined
    this.#storage?.close()
    this.#session?.close()
    this.#endAll(torrent => torrent.lose(error))
  }

  #endAll(end: (torrent: LiveTorrent) => void): void {
    for (const torrent of [...this.#torrents.values()].flat()) end(torrent)
  }

  #checkOpen(): void {
    if (this.#closed) throw closed()
  }
}

const closed = (): ShoalError => new ShoalError('CLOSED', 'the client was closed')

const magnetOf = (link: string): string => (/^magnet:/i.test(link) ? link : `magnet:?xt=urn:btih:${link}`)

async function plainLink(link: TorrentLink): Promise<string | Uint8Array> {
  if (typeof link === 'string' || link instanceof Uint8Array) return link
  if (link instanceof ArrayBuffer) return new Uint8Array(link)
  if (link instanceof Blob) return new Uint8Array(await link.arrayBuffer())
  throw new ShoalError('INVALID_LINK', 'a link is a string, a URL, or the bytes of a .torrent')
}

function plainIceServer({ urls, username = '', credential = '' }: RTCIceServer): IceServer {
  return { urls: typeof urls === 'string' ? [urls] : [...urls], username, credential }
}
