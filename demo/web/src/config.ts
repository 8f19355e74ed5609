/** What the host of this page tells it: its own tracker, its STUN servers, its addresses. */

export interface PageConfig {
  /** Trackers to use; undefined: the library's. */
  readonly trackers: string[] | undefined
  /** STUN and TURN servers to use; undefined: the library's. */
  readonly iceServers: RTCIceServer[] | undefined
  /** URLs under which other devices on the network reach this page. */
  readonly addresses: readonly string[]
}

/** loadConfig asks the host. A page that is hosted as plain files has no config.json, and needs none. */
export async function loadConfig(url: URL): Promise<PageConfig> {
  try {
    const response = await fetch(url, { cache: 'no-cache' })
    return readConfig(response.ok ? await response.json() : undefined)
  } catch {
    return readConfig(undefined)
  }
}

/** readConfig takes what is well-formed and leaves the rest. */
export function readConfig(value: unknown): PageConfig {
  const { trackers, iceServers, addresses } = isRecord(value) ? value : {}
  return {
    trackers: Array.isArray(trackers) ? trackers.filter(isString) : undefined,
    iceServers: Array.isArray(iceServers) ? iceServers.filter(isIceServer) : undefined,
    addresses: Array.isArray(addresses) ? addresses.filter(isString).filter(isPageAddress) : [],
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

function isIceServer(value: unknown): value is RTCIceServer {
  if (!isRecord(value)) return false
  const { urls, username, credential } = value
  return (isString(urls) || (Array.isArray(urls) && urls.every(isString)))
    && (username === undefined || isString(username))
    && (credential === undefined || isString(credential))
}

function isPageAddress(value: string): boolean {
  return /^https?:\/\//.test(value) && URL.canParse(value)
}
