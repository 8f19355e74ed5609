// Where a client's session is kept: records that Go writes and reads, opaque
// bytes by name, in the origin's IndexedDB. One client of the origin has it at a
// time, as long as it holds the lock.

import { messageOf, ShoalError } from './error.js'
import { hold } from './lock.js'

/** One thing that Go keeps; without data it is taken away. */
export interface Entry {
  name: string
  data?: Uint8Array
}

const lockName = 'shoal-session'
const databaseName = 'shoal'
/** A newer one belongs to a newer Shoal, and is left alone. */
const databaseVersion = 1
const storeName = 'session'

/**
 * How long to wait for the lock, in ms. After a reload the page before may hold it
 * for a moment more.
 */
const patience = 1000

export class Session {
  readonly records: Entry[]
  readonly #database: IDBDatabase
  readonly #release: () => void
  readonly #left = new AbortController()
  readonly #failed: (error: ShoalError) => void
  #asked: boolean
  #told = false

  private constructor(database: IDBDatabase, records: Entry[], release: () => void, failed: (error: ShoalError) => void) {
    this.#database = database
    this.records = records
    this.#release = release
    this.#failed = failed
    this.#asked = records.some(isTorrent)
    // A newer Shoal in another page has to wait for nobody.
    database.onversionchange = () => database.close()
  }

  /** Rejects where another client has the session, or the page has nowhere to keep one. failed is told of what cannot be kept, once. */
  static async open(failed: (error: ShoalError) => void): Promise<Session> {
    const release = await take()
    let database: IDBDatabase | undefined
    try {
      database = await openDatabase()
      return new Session(database, await load(database), release, failed)
    } catch (cause) {
      database?.close()
      release()
      if (cause instanceof ShoalError) throw cause
      throw new ShoalError('SESSION', `the session cannot be read: ${messageOf(cause)}`, { cause })
    }
  }

  /** Calls keep when the page may be about to end. */
  onLeave(keep: () => void): void {
    const { signal } = this.#left
    addEventListener('pagehide', keep, { signal })
    document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && keep(), { signal })
  }

  keep({ name, data }: Entry): void {
    if (data && isTorrent({ name })) this.#askForPersistence()
    try {
      const transaction = this.#database.transaction(storeName, 'readwrite', { durability: 'relaxed' })
      const records = transaction.objectStore(storeName)
      if (data) records.put(data, name)
      else records.delete(name)
      transaction.onabort = () => this.#fail(transaction.error)
      // Not to wait for the page, which may be gone.
      transaction.commit?.()
    } catch (error) {
      this.#fail(error)
    }
  }

  close(): void {
    this.#left.abort()
    // What is being written is written first.
    this.#database.close()
    this.#release()
  }

  /** Once an origin, when first there is something to lose. */
  #askForPersistence(): void {
    if (this.#asked) return
    this.#asked = true
    // Nobody has to grant it.
    navigator.storage?.persist?.().catch(() => undefined)
  }

  #fail(cause: unknown): void {
    if (this.#told || this.#left.signal.aborted) return
    this.#told = true
    this.#failed(new ShoalError('SESSION', `the session cannot be kept: ${messageOf(cause)}`, { cause }))
  }
}

const isTorrent = ({ name }: { name: string }): boolean => name.endsWith('.torrent')

/** Takes the session's lock; the answer lets it go. */
async function take(): Promise<() => void> {
  if (typeof navigator !== 'object' || typeof navigator.locks !== 'object') {
    throw new ShoalError('SESSION', 'there is no session here: the page is not served securely (https)')
  }
  return hold(lockName, patience).catch((cause: unknown) => {
    const isHeld = cause instanceof DOMException && ['TimeoutError', 'AbortError'].includes(cause.name)
    const message = isHeld ? 'another client of this origin has the session' : `there is no session here: ${messageOf(cause)}`
    throw new ShoalError('SESSION', message, { cause })
  })
}

async function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(databaseName, databaseVersion)
  request.onupgradeneeded = () => request.result.createObjectStore(storeName)
  try {
    return await answer(request)
  } catch (cause) {
    if (!(cause instanceof DOMException) || cause.name !== 'VersionError') throw cause
    throw new ShoalError('SESSION', 'the session is of a newer version of Shoal, and is left alone', { cause })
  }
}

async function load(database: IDBDatabase): Promise<Entry[]> {
  const records = database.transaction(storeName).objectStore(storeName)
  const [names, values] = await Promise.all([answer(records.getAllKeys()), answer(records.getAll())])
  return names.flatMap((name, i) => {
    const data: unknown = values[i]
    return typeof name === 'string' && data instanceof Uint8Array ? [{ name, data }] : []
  })
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
