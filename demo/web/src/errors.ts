/** Errors in words: what happened, and what a person can do about it. */

/** The codes of ShoalError; its list is closed and documented with the library. */
const sentences: Readonly<Record<string, string>> = {
  INVALID_LINK: 'This is not a link that can be fetched. Use a share link, a magnet link, an info hash or the address of a .torrent file.',
  INVALID_TORRENT: 'This .torrent file is damaged or breaks the rules, so it cannot be used. Ask for a fresh copy.',
  UNSUPPORTED_VERSION: 'This link is of BitTorrent version 2, which Shoal cannot fetch yet. Ask for a version 1 link.',
  INVALID_OPTION: 'This page asked for something the library does not know. Reload the page, in case an old copy of it was kept.',
  INVALID_INPUT: 'There is nothing here that can be shared. Choose at least one file.',
  UNSUPPORTED: 'This browser, or this version of Shoal, cannot do that yet.',
  HTTP: 'The .torrent file could not be fetched from its address. Its server may be down, or may not allow other pages to read it. Save the file and drop it here instead.',
  SOURCE_CHANGED: 'A file was changed, moved or deleted after it was shared, so it can no longer be sent. Remove it here and share it again.',
  STORE: 'The files could not be kept: this browser has no room left for them, or does not allow it. Close what you do not need, then try again.',
  NOT_READY: 'This part has not arrived yet. Try again in a moment.',
  REMOVED: 'This was removed.',
  CLOSED: 'Sharing has ended on this page. Reload it to begin again.',
  QUOTA: 'This browser has no room left for the files. What has come is safe. Free some space, then try again: it goes on where it stopped.',
  TRACKER: 'The server that introduces browsers to each other cannot be reached at the moment. Shoal keeps trying; check your connection if this lasts.',
  NO_PEERS: 'Nobody with this file has answered yet. Keep the page open: it begins as soon as someone who has it comes online.',
  WEB_SEED: 'A web server that is said to have this file cannot be used. It comes from other people all the same, if anyone has it.',
  SESSION: 'What this page remembers of earlier visits cannot be used. Everything else works as always.',
  PEER_BANNED: 'Somebody sent wrong data and was shut out. What they sent is fetched again from others; your file is not harmed.',
  INTERNAL: 'Something went wrong inside Shoal. Reload the page and try again.',
  WASM_NOT_FOUND: 'A part of this page (shoal.wasm) could not be loaded. Check your connection and reload the page.',
  WASM_TYPE: 'The server of this page sends shoal.wasm as the wrong kind of file. Whoever runs it must serve it as application/wasm.',
  WASM_VERSION: 'The parts of this page do not fit together: the browser kept an old one. Reload the page without its cache.',
  WASM_BLOCKED: 'This browser or the page’s security policy does not allow WebAssembly, which Shoal is made of. Try another browser, or leave its lockdown mode for this page.',
  NO_WEBRTC: 'This browser has no WebRTC, or it is switched off, so it cannot connect to others. Try a current Firefox, Chrome, Edge or Safari.',
  CLIENT_EXISTS: 'Sharing was started twice on this page. Reload it to begin again.',
}

/** Said while a torrent is shared, where the general sentence would be about fetching. */
const sentencesWhileSharing: Readonly<Record<string, string>> = {
  TRACKER: 'The server that introduces browsers to each other cannot be reached at the moment, so nobody new can find your files. Shoal keeps trying.',
  NO_PEERS: 'Nobody is fetching this yet. Send the link, and keep this page open.',
}

/** codeOf returns the code of a ShoalError, and undefined for any other value. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** explain says in words what an error means; sharing: for the one who has the files. */
export function explain(error: unknown, sharing = false): string {
  const code = codeOf(error)
  const known = code === undefined ? undefined : (sharing ? sentencesWhileSharing[code] : undefined) ?? sentences[code]
  if (known !== undefined) return known
  const reason = error instanceof Error ? error.message : String(error)
  return `Something went wrong: ${reason === '' ? 'the browser gave no reason.' : reason}`
}

/** isAbort reports whether an error is only that the person cancelled. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** explainedCodes lists the codes that have a sentence. */
export const explainedCodes: readonly string[] = Object.keys(sentences)
