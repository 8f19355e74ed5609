/** So many sockets at most: what a link names is anybody's word. */
const most = 8

/**
 * Sockets to trackers that are opened while the .wasm still comes. Go makes its
 * sockets as ever, and gets those of them that are there already.
 */
export class EarlySockets {
  readonly #sockets = new Map<string, WebSocket>()

  open(trackers: readonly string[]): void {
    for (const tracker of trackers) {
      const url = nameOf(tracker)
      if (!/^wss?:/i.test(url) || this.#sockets.has(url) || this.#sockets.size >= most) continue
      try {
        this.#sockets.set(url, new WebSocket(url))
      } catch {
        // Go will be told of it, and says so.
      }
    }
  }

  /** What Go takes for WebSocket. */
  get constructible(): (url: string) => WebSocket {
    const take = (url: string) => this.#take(url)
    return function (url: string): WebSocket {
      return take(url) ?? new WebSocket(url)
    }
  }

  /** Closes those that Go has not taken. */
  close(): void {
    for (const socket of this.#sockets.values()) socket.close()
    this.#sockets.clear()
  }

  #take(url: string): WebSocket | undefined {
    const socket = this.#sockets.get(nameOf(url))
    this.#sockets.delete(nameOf(url))
    if (!socket || socket.readyState > WebSocket.OPEN) return undefined
    if (socket.readyState === WebSocket.OPEN) {
      // Its event is over. Go listens before any microtask runs.
      queueMicrotask(() => socket.dispatchEvent(new Event('open')))
    }
    return socket
  }
}

/** Go names a tracker without a slash at the end. */
const nameOf = (tracker: string): string => tracker.replace(/\/$/, '')
