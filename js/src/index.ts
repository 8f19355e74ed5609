/**
 * Shoal shares files and data directly between web pages: seed in one, fetch
 * in another. `fetch` is shaped like the web's own: it resolves when the
 * torrent is known, and the bodies are read from its files.
 */

import type { Client, ClientOptions, FetchOptions, SeedInput, SeedOptions, Torrent, TorrentLink } from './api.js'
import { LiveClient } from './client.js'
import { ShoalError } from './error.js'

export type {
  ByteProgress,
  ByteRange,
  Client,
  ClientEventMap,
  ClientOptions,
  ClientStats,
  FetchOptions,
  FileInfo,
  Limits,
  PeerChange,
  PeerInfo,
  SeedInput,
  SeedOptions,
  Torrent,
  TorrentEventMap,
  TorrentFile,
  TorrentLink,
  TorrentStats,
} from './api.js'
export { ShoalError, type ErrorCode } from './error.js'

/** The only state of this module: what seed, fetch and add use. */
const shared: { client?: LiveClient } = {}

/** Resolves when the input is hashed and ready to serve; needs no tracker's answer. */
export async function seed(input: SeedInput, options?: SeedOptions): Promise<Torrent> {
  return defaultClient().seed(input, options)
}

/** Resolves when the torrent's metadata is known: add(link, options).ready. */
export async function fetch(link: TorrentLink, options?: FetchOptions): Promise<Torrent> {
  return defaultClient().fetch(link, options)
}

/**
 * Answers at once, before the metadata is known: its events already fire. A
 * link whose info hash is there already gives the same Torrent. A .torrent's
 * bytes or URL give an object of their own, whose ready is that same Torrent.
 */
export function add(link: TorrentLink, options?: FetchOptions): Torrent {
  return defaultClient().add(link, options)
}

/** A client of its own, with one instance of the .wasm, started on first use. */
export function createClient(options?: ClientOptions): Client {
  return new LiveClient(options)
}

/** What seed, fetch and add use, made on first use, and anew after its close; options only then. */
export function defaultClient(options?: ClientOptions): Client {
  if (shared.client && !shared.client.closed) {
    if (options) throw new ShoalError('CLIENT_EXISTS', 'the default client has its options already')
    return shared.client
  }
  shared.client = new LiveClient(options)
  return shared.client
}
