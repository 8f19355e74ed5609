/// <reference path="./go.d.ts" />
// Gets shoal.wasm and runs it.

import define, { type Go } from 'go:wasm_exec'
import { Calls, type Counts, type Event, type KeepEvent, type Methods, type Port, type Reply, type TorrentEvent } from './bridge.js'
import type { EarlySockets } from './early.js'
import { ShoalError } from './error.js'
import { makeScope } from './scope.js'

/** Fetches the .wasm and compiles what has come of it. */
export async function load(wasmUrl: string | URL | undefined): Promise<WebAssembly.Module> {
  checkPlatform()
  const url = locate(wasmUrl)
  return compile(url, wasmUrl === undefined ? lasting(url) : url)
}

/** What an instance has said of itself as a whole. */
interface Told {
  version: string
  stats: Counts
}

/** One running instance of the .wasm. */
export class Engine {
  /** Before an engine has counted. */
  static readonly noStats: Counts = {
    torrents: 0,
    peers: 0,
    connections: 0,
    downloaded: 0,
    uploaded: 0,
    downloadSpeed: 0,
    uploadSpeed: 0,
  }

  readonly #calls: Calls
  readonly #told: Told
  readonly ended: Promise<ShoalError>

  private constructor(calls: Calls, told: Told, ended: Promise<ShoalError>) {
    this.#calls = calls
    this.#told = told
    this.ended = ended
  }

  /** Runs and greets. deliver is told every event of torrents and calls; Go takes the sockets that are open early. */
  static async start(module: WebAssembly.Module, early: EarlySockets, deliver: (event: KeepEvent | TorrentEvent) => void): Promise<Engine> {
    const told: Told = { version: '', stats: Engine.noStats }
    const receive = (message: Event | Reply) => {
      if (isReply(message)) calls.answer(message)
      else if (message.event === 'stats') told.stats = message.stats
      else if (message.event !== 'hello') deliver(message)
    }
    const port: Port = {
      version: SHOAL_VERSION,
      deliver(message) {
        if ('event' in message && message.event === 'hello') told.version = message.version
        // No listener of the page runs while Go waits for it.
        else queueMicrotask(() => receive(message))
      },
    }
    const calls = new Calls(port)
    const go = makeGo(port, early)
    // To finish what has come, Go's own start, and what it is told first take some
    // twenty to fifty ms each: tasks of their own, or the page would stand still.
    await task()
    const instance = await instantiate(module, go)
    const ended = run(go, instance, calls)
    if (told.version !== SHOAL_VERSION) {
      throw new ShoalError('WASM_VERSION', `shoal.wasm is of version ${told.version || 'unknown'}, the script of ${SHOAL_VERSION}`)
    }
    await task()
    return new Engine(calls, told, ended)
  }

  call<M extends keyof Methods>(method: M, params: Methods[M][0], signal?: AbortSignal): Promise<Methods[M][1]> {
    return this.#calls.call(method, params, signal)
  }

  get stats(): Counts {
    return this.#told.stats
  }

  /** Returns when Go has let go of everything and ended. */
  async close(): Promise<void> {
    // Where Go has ended before it could answer, that is the answer.
    await this.call('close', {}).catch(() => undefined)
    await this.ended
  }
}

const isReply = (message: Event | Reply): message is Reply => 'id' in message

function checkPlatform(): void {
  if (typeof RTCPeerConnection !== 'function') {
    throw new ShoalError('NO_WEBRTC', 'Shoal runs in web pages: there is no RTCPeerConnection here')
  }
  if (typeof WebAssembly !== 'object') throw new ShoalError('WASM_BLOCKED', 'there is no WebAssembly here')
  try {
    // The smallest module: it fails only where the page's policy forbids all.
    new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))
  } catch (cause) {
    const message = "the page's Content-Security-Policy forbids WebAssembly: its script-src needs 'wasm-unsafe-eval'"
    throw new ShoalError('WASM_BLOCKED', message, { cause })
  }
}

function locate(wasmUrl: string | URL | undefined): URL {
  try {
    if (wasmUrl !== undefined) return new URL(wasmUrl, document.baseURI)
    return new URL('./shoal.wasm', import.meta.url)
  } catch (cause) {
    throw new ShoalError('WASM_NOT_FOUND', 'cannot tell where shoal.wasm lies: give wasmUrl', { cause })
  }
}

/**
 * The URL under which the .wasm that belongs to this script never changes, so
 * that a server may have it kept for good. Where plain files lie, it is the same.
 */
function lasting(url: URL): URL {
  if (!url.protocol.startsWith('http')) return url // what is inlined has no query
  const known = new URL(url)
  known.searchParams.set('h', SHOAL_WASM)
  return known
}

/**
 * url is what is told where something is wrong. What a cache holds may be wrong,
 * and for good; so it is asked for once more, past all caches.
 */
async function compile(url: URL, lasting: URL): Promise<WebAssembly.Module> {
  try {
    return await compiled(url, lasting, 'default')
  } catch (error) {
    if (!(error instanceof ShoalError) || error.code !== 'WASM_TYPE') throw error
    return compiled(url, lasting, 'reload')
  }
}

async function compiled(url: URL, lasting: URL, cache: RequestCache): Promise<WebAssembly.Module> {
  const response = await request(url, lasting, cache)
  const type = response.headers.get('Content-Type') ?? ''
  try {
    if (type.trim().toLowerCase() === 'application/wasm') return await WebAssembly.compileStreaming(response)
    return await WebAssembly.compile(await response.arrayBuffer())
  } catch (cause) {
    if (!(cause instanceof WebAssembly.CompileError)) throw notFound(url, 'broke off', cause)
    const message = `${brief(url)} (${type || 'of no type'}) is not the shoal.wasm that belongs to this script`
    throw new ShoalError('WASM_TYPE', message, { cause })
  }
}

async function request(url: URL, lasting: URL, cache: RequestCache): Promise<Response> {
  let response: Response
  try {
    // As text: pages wrap fetch, and not all of them know of URLs.
    response = await fetch(lasting.href, { cache })
  } catch (cause) {
    throw notFound(url, 'cannot be reached (network, CORS or the connect-src of the page)', cause)
  }
  if (!response.ok) throw notFound(url, `answers ${response.status}`)
  return response
}

const notFound = (url: URL, what: string, cause?: unknown): ShoalError =>
  new ShoalError('WASM_NOT_FOUND', `${brief(url)} ${what}; give wasmUrl if shoal.wasm lies elsewhere`, { cause })

/** What is inlined may be megabytes long. */
const brief = ({ href }: URL): string => (href.length > 200 ? `${href.slice(0, 200)}…` : href)

/** Resolves in the page's next task. A timer would be late in a hidden page. */
function task(): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  return new Promise(resolve => {
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}

/** Go looks up shoalPort, and the names of Node that the page must not see. */
function makeGo(port: Port, early: EarlySockets): Go {
  const scope = makeScope({ shoalPort: port, WebSocket: early.constructible, fs: undefined, process: undefined, path: undefined, Go: undefined })
  const output = { writeSync: makeWriter() }
  define(scope, output)
  if (!scope.Go || !scope.fs) throw new ShoalError('INTERNAL', 'wasm_exec.js defines no Go')
  scope.fs.writeSync = output.writeSync
  return new scope.Go()
}

/** Go writes only when it panics. */
function makeWriter(): (fd: number, bytes: Uint8Array) => number {
  const decoder = new TextDecoder()
  let rest = ''
  return (_fd, bytes) => {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) console.error(line)
    return bytes.length
  }
}

async function instantiate(module: WebAssembly.Module, go: Go): Promise<WebAssembly.Instance> {
  try {
    return await WebAssembly.instantiate(module, go.importObject)
  } catch (cause) {
    throw new ShoalError('WASM_TYPE', 'the .wasm is not the one that belongs to this script', { cause })
  }
}

/** Resolves when the program has ended, in whatever way; by then nothing is pending. */
function run(go: Go, instance: WebAssembly.Instance, calls: Calls): Promise<ShoalError> {
  return new Promise(resolve => {
    let over = false
    const end = (error: ShoalError) => {
      over = true
      for (const timer of go._scheduledTimeouts.values()) clearTimeout(timer)
      calls.end(error)
      resolve(error)
    }
    go.exit = code => end(code === 0 ? closed() : new ShoalError('INTERNAL', `Go stopped with code ${code}`))
    const resume = go._resume.bind(go)
    go._resume = () => {
      // A promise that Go no longer waits for may settle after the end.
      if (over) return
      try {
        resume()
      } catch (cause) {
        end(new ShoalError('INTERNAL', 'Go stopped', { cause }))
        throw cause
      }
    }
    go.run(instance).catch((cause: unknown) => end(new ShoalError('INTERNAL', 'Go stopped', { cause })))
  })
}

const closed = (): ShoalError => new ShoalError('CLOSED', 'the client was closed')
