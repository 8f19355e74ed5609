/** The one client of this page. */

import { createClient, type Client, type ClientOptions } from 'shoal'
import type { PageConfig } from './config.js'

/** lazyClient makes the client when it is first asked for, so that the .wasm waits until somebody wants something. */
export function lazyClient(config: Promise<PageConfig>): () => Promise<Client> {
  let client: Promise<Client> | undefined
  return () => {
    client ??= config.then(known => createClient(optionsFrom(known)))
    return client
  }
}

function optionsFrom({ trackers, iceServers }: PageConfig): ClientOptions {
  return {
    ...(trackers === undefined ? {} : { trackers }),
    ...(iceServers === undefined ? {} : { iceServers }),
  }
}
