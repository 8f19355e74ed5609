/** A promise that is settled from outside, once; nobody has to listen to its rejection. */
export class Deferred<T> {
  readonly promise: Promise<T>
  #state: 'pending' | 'resolved' | 'rejected' = 'pending'
  #resolve!: (value: T) => void
  #reject!: (reason: unknown) => void

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.promise.catch(() => undefined)
  }

  get settled(): boolean {
    return this.#state !== 'pending'
  }
  get resolved(): boolean {
    return this.#state === 'resolved'
  }
  get rejected(): boolean {
    return this.#state === 'rejected'
  }

  resolve(value: T): void {
    if (this.settled) return
    this.#state = 'resolved'
    this.#resolve(value)
  }

  reject(reason: unknown): void {
    if (this.settled) return
    this.#state = 'rejected'
    this.#reject(reason)
  }
}
