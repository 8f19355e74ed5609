/**
 * What can go wrong, by name. The list is closed: the first part arises in Go
 * (core/client/error.go holds the same), the second in the loader.
 */
export type ErrorCode =
  /** Not a magnet link, info hash, URL or .torrent. */
  | 'INVALID_LINK'
  /** A .torrent that breaks BEP 3 or our bounds. */
  | 'INVALID_TORRENT'
  /** A BitTorrent v2 link (btmh). */
  | 'UNSUPPORTED_VERSION'
  /** An unknown option, or a value out of range; the message names it. */
  | 'INVALID_OPTION'
  /** What cannot be seeded. */
  | 'INVALID_INPUT'
  /** Known, but not there yet. */
  | 'UNSUPPORTED'
  /** A .torrent URL that cannot be fetched. */
  | 'HTTP'
  /** A seeded file changed or is gone. */
  | 'SOURCE_CHANGED'
  /** The store cannot write or read. */
  | 'STORE'
  /** The origin's storage is full. */
  | 'QUOTA'
  /** The metadata or the bytes are not there yet. */
  | 'NOT_READY'
  /** The torrent was removed. */
  | 'REMOVED'
  /** The client was closed. */
  | 'CLOSED'
  /** A warning: a tracker cannot be reached or talks nonsense. */
  | 'TRACKER'
  /** A warning: nobody has answered yet. */
  | 'NO_PEERS'
  /** A warning: a web seed cannot be reached, or has not the torrent's bytes. */
  | 'WEB_SEED'
  /** A warning: the session, or a record of it, cannot be read or kept. */
  | 'SESSION'
  /** A warning: a peer has lied about data, and is shut out. */
  | 'PEER_BANNED'
  /** Our own fault. */
  | 'INTERNAL'
  /** shoal.wasm is not at its URL, or cannot be reached; see `wasmUrl`. */
  | 'WASM_NOT_FOUND'
  /** What lies at the URL of shoal.wasm is something else. */
  | 'WASM_TYPE'
  /** shoal.wasm is of another version than the script. */
  | 'WASM_VERSION'
  /** The page forbids WebAssembly: its script-src needs 'wasm-unsafe-eval'. */
  | 'WASM_BLOCKED'
  /** Not a web page with RTCPeerConnection: a server, a worker, an old browser. */
  | 'NO_WEBRTC'
  /** Options for a default client that exists already. */
  | 'CLIENT_EXISTS'

/** Every rejection is one of these, except an abort, which is the signal's reason. */
export class ShoalError extends Error {
  override readonly name = 'ShoalError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** What a thing that was thrown says. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
