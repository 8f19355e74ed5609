// A program that uses every public type, as a strict compiler sees it.
import * as shoal from 'shoal'
import type { Client, ErrorCode, PeerInfo, Torrent, TorrentFile } from 'shoal'

export async function share(file: File, signal: AbortSignal): Promise<string> {
  const torrent: Torrent = await shoal.seed(file, { name: 'a', signal, onProgress: ({ done, total }) => done / total })
  torrent.addEventListener('progress', event => console.log(event.detail.downloadSpeed))
  torrent.addEventListener('peer', ({ detail: { peer, gone } }) => (gone ? drop(peer) : undefined))
  torrent.addEventListener('error', event => explain(event.detail))
  torrent.addEventListener('warning', event => explain(event.detail), { once: true })
  torrent.addEventListener('done', () => undefined)
  return torrent.magnet
}

export async function get(link: string | URL | Blob): Promise<unknown[]> {
  const torrent = await shoal.fetch(link, { files: file => file.type.startsWith('text/'), trackers: [] })
  await torrent.done
  const file: TorrentFile | undefined = torrent.files[0]
  if (!file) return []
  const range: Uint8Array = await file.bytes({ start: 1, end: 2 })
  const stream: ReadableStream<Uint8Array> = file.stream()
  return [range, stream, await file.blob(), await file.arrayBuffer(), await file.text(), await file.json(), file.progress]
}

export async function own(): Promise<void> {
  const client: Client = shoal.createClient({ iceServers: [{ urls: 'stun:example.com' }], maxConnections: 10 })
  const torrent = client.add('magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567', { files: [0] })
  torrent.pause()
  torrent.resume()
  await torrent.remove({ data: true })
  for (const input of ['text', { json: true }, [new File([], 'a')], new Uint8Array(1), new Blob()]) await client.seed(input)
  console.log(client.stats().connections, client.torrents.length)
  await client.close()
  // @ts-expect-error an option that there is not
  shoal.createClient({ trackres: [] })
  // @ts-expect-error what is a snapshot cannot be set
  torrent.name = ''
}

function explain(error: shoal.ShoalError): string {
  const code: ErrorCode = error.code
  return code === 'WASM_BLOCKED' ? 'ask for wasm-unsafe-eval' : error.message
}

const drop = (peer: PeerInfo): string => peer.client
