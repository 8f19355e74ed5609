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
import type { Added, IceServer, Rates, TorrentEvent } from './bridge.js'
import { ShoalError } from './error.js'
import { fileInfo } from './file.js'
import { gather } from './input.js'
import { hintOf } from './link.js'
import { Engine } from './loader.js'
import { checkClientOptions, checkFetchOptions, checkSeedOptions, plainLimits } from './options.js'
import { type Hooks, type Host, LiveTorrent } from './torrent.js'

/** A client starts its engine on first use, and a new one should that have ended by itself. */
export class LiveClient extends EventTarget implements Client, Host {
  readonly #options: ClientOptions
  /** By their number in Go. Where Go had a torrent already, several objects speak of it. */
  readonly #torrents = new Map<number, LiveTorrent[]>()
  #rates: Rates
  #lastNumber = 0
  #engine: Promise<Engine> | undefined
  #running: Engine | undefined
  #closed = false

  constructor(options: ClientOptions = {}) {
    super()
    checkClientOptions(options)
    this.#options = { ...options }
    const { uploadLimit = 0, downloadLimit = 0 } = options
    this.#rates = { upload: uploadLimit, download: downloadLimit }
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
      const [engine, { name, multi, files }] = await Promise.all([this.#start(), gather(input, options.name, end)])
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
    torrent.enter(end => this.#add(number, text || link, options, end))
    return torrent
  }

  stats(): ClientStats {
    return this.#running?.stats ?? Engine.noStats
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
    const [engine, plain] = await Promise.all([this.#start(), plainLink(link)])
    const { files = 'all', order, webSeeds = [], trackers } = options
    const wanted = typeof files === 'function' ? 'ask' : files
    const how = { sequential: order === 'sequential', webSeeds, ...(trackers && { trackers }) }
    return { engine, added: await engine.call('add', { torrent: number, link: plain, files: wanted, ...how }, end) }
  }

  async #start(): Promise<Engine> {
    this.#checkOpen()
    this.#engine ??= this.#open()
    try {
      return await this.#engine
    } catch (error) {
      // The next call tries again.
      this.#engine = undefined
      throw error
    }
  }

  async #open(): Promise<Engine> {
    const { wasmUrl, trackers, iceServers, maxConnections } = this.#options
    const engine = await Engine.start(wasmUrl, event => this.#handle(engine, event))
    try {
      await engine.call('open', {
        ...(trackers && { trackers }),
        ...(iceServers && { iceServers: iceServers.map(plainIceServer) }),
        ...(maxConnections && { maxConnections }),
        ...this.#rates,
      })
    } catch (error) {
      await engine.close()
      throw error
    }
    engine.ended.then(error => this.#lose(engine, error))
    this.#running = engine
    return engine
  }

  #handle(engine: Engine, event: TorrentEvent): void {
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
