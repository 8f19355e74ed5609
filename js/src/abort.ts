/** The promise, or the signal's reason if that comes first. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  const { promise: aborted, off } = abortOf(signal)
  return Promise.race([promise, aborted]).finally(off)
}

function abortOf(signal: AbortSignal): { promise: Promise<never>; off: () => void } {
  let off = () => undefined as void
  const promise = new Promise<never>((_, reject) => {
    off = onAbort(signal, () => reject(signal.reason))
  })
  return { promise, off }
}

/** Calls fn once when the signal aborts, at once if it has; the answer takes it off. */
export function onAbort(signal: AbortSignal, fn: () => void): () => void {
  if (signal.aborted) fn()
  else signal.addEventListener('abort', fn, { once: true })
  return () => signal.removeEventListener('abort', fn)
}
