/** Where a torrent stands, as its card tells it. */

export type Phase = 'asking' | 'looking' | 'fetching' | 'sharing' | 'paused' | 'failed'

export interface Facts {
  readonly ready: boolean // the metadata is known
  readonly finished: boolean // every wanted file is here
  readonly paused: boolean
  readonly failed: boolean
  readonly peers: number
}

/** phaseOf puts what must be acted on first: an error, then a pause. */
export function phaseOf({ ready, finished, paused, failed, peers }: Facts): Phase {
  if (failed) return 'failed'
  if (paused) return 'paused'
  if (finished) return 'sharing'
  if (peers === 0) return 'looking'
  return ready ? 'fetching' : 'asking'
}

export const phaseNames: Readonly<Record<Phase, string>> = {
  asking: 'Asking what it is',
  looking: 'Looking for peers',
  fetching: 'Fetching',
  sharing: 'Sharing',
  paused: 'Paused',
  failed: 'Stopped',
}
