// Where fetched bytes are kept: by a worker in the origin's private file system
// (worker.ts), or in the page's memory where that does not work. A probe
// decides, and no feature's name.

import { abortable } from './abort.js'
import type { ClientOptions, ClientStats } from './api.js'
import { messageOf } from './error.js'
import { hold } from './lock.js'
import type { Begin, Word } from './worker.js'

type Kind = Pick<ClientStats, 'store' | 'storeReason'>

/**
 * How long a worker may take to begin, and to clear up, in ms. One that fails
 * says so at once; on a busy machine one that works may take seconds.
 */
const beginTime = 10_000
const endTime = 2000

/** One that has lived for so many ms and dies is replaced; a younger one would only die again. */
const leastLife = 5000

/** The storage worker of one engine, begun when first something is fetched. */
export class Storage {
  static readonly none: Kind = { store: 'memory', storeReason: 'nothing has been fetched yet' }

  readonly #options: ClientOptions
  readonly #end = new AbortController()
  #kind = Storage.none
  #worker: Worker | undefined
  #running: Promise<void> | undefined

  constructor(options: ClientOptions) {
    this.#options = options
  }

  get kind(): Kind {
    return this.#kind
  }

  /** tell is given the port of every worker that begins; without one, memory it is. */
  start(tell: (port?: MessagePort) => void): void {
    this.#running ??= this.#run(tell).catch((error: unknown) => {
      this.#kind = { store: 'memory', storeReason: messageOf(error) }
      tell()
    })
  }

  /** Ends the worker, which takes with it what is not kept. */
  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    if (worker) {
      const ended = word(worker, endTime)
      worker.postMessage(null)
      // One that says nothing is ended all the same.
      await ended.catch(() => undefined)
      worker.terminate()
    }
    this.#end.abort(new Error('the client was closed'))
    await this.#running
  }

  async #run(tell: (port?: MessagePort) => void): Promise<void> {
    if (this.#options.store === 'memory') throw new Error("the option store is 'memory'")
    if (!isSecureContext || !navigator.locks) throw new Error('the page is not served securely (https)')
    const name = crypto.randomUUID()
    const folder = this.#options.resume ? 'kept' : name
    const release = await hold(life + name)
    try {
      for (let number = 1; ; number++) {
        const lock = `${life}${name}-${number}`
        const began = performance.now()
        const port = await this.#begin({ folder, lock, life, kept: this.#options.resume ?? false })
        this.#kind = { store: 'opfs', storeReason: '' }
        tell(port)
        // It is ours when the worker has died, for which there is no event.
        await navigator.locks.request(lock, { signal: this.#end.signal }, () => undefined)
        this.#worker = undefined
        if (performance.now() - began < leastLife) throw new Error('the storage worker has stopped')
      }
    } finally {
      release()
    }
  }

  async #begin(how: Omit<Begin, 'version' | 'port'>): Promise<MessagePort> {
    this.#end.signal.throwIfAborted()
    const { port1, port2 } = new MessageChannel()
    const worker = open(locate(this.#options.workerUrl))
    const first: Begin = { version: SHOAL_VERSION, port: port2, ...how }
    worker.postMessage(first, [port2])
    try {
      const { ready, error } = await abortable(word(worker, beginTime), this.#end.signal)
      if (!ready) throw new Error(error)
    } catch (error) {
      worker.terminate()
      throw error
    }
    this.#worker = worker
    return port1
  }
}

const life = 'shoal-'

/** What a worker says next. */
async function word(worker: Worker, limit: number): Promise<Word> {
  const done = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    return await new Promise<Word>((resolve, reject) => {
      const { signal } = done
      const fail = (why: string) => reject(new Error(why))
      worker.addEventListener('message', event => resolve((event as MessageEvent<Word>).data), { signal })
      worker.addEventListener('error', () => fail('shoal-worker.js cannot be loaded; see workerUrl and the worker-src of the page'), { signal })
      timer = setTimeout(() => fail(`the storage worker has said nothing for ${limit} ms`), limit)
    })
  } finally {
    clearTimeout(timer)
    done.abort()
  }
}

function locate(workerUrl: string | URL | undefined): URL {
  return workerUrl === undefined ? new URL('./shoal-worker.js', import.meta.url) : new URL(workerUrl, document.baseURI)
}

/** A worker's script must be of the page's own origin: one of another is loaded by a script of ours. */
function open(url: URL): Worker {
  if (url.origin === location.origin) return new Worker(url)
  const script = URL.createObjectURL(new Blob([`importScripts(${JSON.stringify(url.href)})`], { type: 'text/javascript' }))
  try {
    return new Worker(script)
  } finally {
    // The worker has begun to fetch it.
    URL.revokeObjectURL(script)
  }
}
