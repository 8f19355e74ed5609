/**
 * Takes a lock of the origin; the answer lets it go. Rejects where another still
 * holds it after so many ms, which without a number are as many as it takes.
 */
export function hold(name: string, patience?: number): Promise<() => void> {
  const options = patience === undefined ? {} : { signal: AbortSignal.timeout(patience) }
  return new Promise((resolve, reject) => {
    const held = () => new Promise<void>(release => resolve(release))
    navigator.locks.request(name, options, held).catch(reject)
  })
}
