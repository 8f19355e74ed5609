// Options are checked here and nowhere else: what is unknown, out of range or
// not there yet is an error that names the option.

import type { ClientOptions, FetchOptions, Limits, SeedOptions } from './api.js'
import type { Rates } from './bridge.js'
import { messageOf, ShoalError } from './error.js'

/** Says what a value ought to be where it is something else. */
type Check = (value: unknown) => string | undefined

const string: Check = value => (typeof value === 'string' ? undefined : 'a string')

const boolean: Check = value => (typeof value === 'boolean' ? undefined : 'true or false')

const func: Check = value => (typeof value === 'function' ? undefined : 'a function')

const natural: Check = value =>
  Number.isSafeInteger(value) && (value as number) > 0 ? undefined : 'a whole number above 0'

const strings: Check = value =>
  Array.isArray(value) && value.every(item => typeof item === 'string') ? undefined : 'a list of strings'

const objects: Check = value =>
  Array.isArray(value) && value.every(item => typeof item === 'object' && item !== null) ? undefined : 'a list of objects'

const url: Check = value => (typeof value === 'string' || value instanceof URL ? undefined : 'a URL')

const signal: Check = value =>
  typeof AbortSignal === 'function' && value instanceof AbortSignal ? undefined : 'an AbortSignal'

const urls =
  (scheme: string): Check =>
  value =>
    strings(value) === undefined && (value as string[]).every(item => new RegExp(`^${scheme}s?://`, 'i').test(item))
      ? undefined
      : `a list of ${scheme}:// or ${scheme}s:// URLs`

const trackers = urls('ws')

const webSeeds = urls('http')

const files: Check = value => {
  if (value === 'all' || value === 'none' || typeof value === 'function') return undefined
  const numbers = Array.isArray(value) && value.every(item => Number.isSafeInteger(item) && item >= 0)
  return numbers ? undefined : "'all', 'none', a list of file numbers or a function"
}

// BEP 3 has no least piece length; below 16 KiB a piece would be less than a block.
const pieceLength: Check = value =>
  typeof value === 'number' && value >= 1 << 14 && value <= 1 << 26 && Number.isInteger(Math.log2(value))
    ? undefined
    : 'a power of two from 16384 to 67108864'

const unsupported =
  (...known: unknown[]): Check =>
  value => {
    if (known.includes(value)) return undefined
    throw new ShoalError('UNSUPPORTED', 'not there yet')
  }

const oneOf =
  (possible: string[], supported = possible): Check =>
  value =>
    possible.includes(value as string) ? unsupported(...supported)(value) : possible.map(item => `'${item}'`).join(' or ')

const store = oneOf(['auto', 'opfs', 'memory'], ['auto', 'memory'])

const seedChecks: Record<keyof SeedOptions, Check> = {
  name: value => (typeof value === 'string' && value !== '' ? undefined : 'a string that is not empty'),
  pieceLength,
  comment: string,
  private: boolean,
  trackers,
  webSeeds,
  signal,
  onProgress: func,
}

const fetchChecks: Record<keyof FetchOptions, Check> = {
  files,
  order: oneOf(['rarest', 'sequential']),
  trackers,
  webSeeds,
  store,
  signal,
  onProgress: func,
}

const clientChecks: Record<keyof ClientOptions, Check> = {
  trackers,
  iceServers: objects,
  bootstrap: unsupported(),
  store,
  maxConnections: natural,
  uploadLimit: natural,
  downloadLimit: natural,
  resume: boolean,
  wasmUrl: url,
  workerUrl: url,
}

const limitChecks: Record<keyof Limits, Check> = { upload: natural, download: natural }

/** Throws INVALID_OPTION or UNSUPPORTED; an option that is undefined is not there. */
function check(options: unknown, checks: Record<string, Check>): void {
  if (typeof options !== 'object' || options === null) {
    throw new ShoalError('INVALID_OPTION', 'options must be an object')
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (!Object.hasOwn(checks, name)) throw new ShoalError('INVALID_OPTION', `unknown option: ${name}`)
    checkOne(name, value, checks[name])
  }
}

function checkOne(name: string, value: unknown, one: Check | undefined): void {
  let wanted: string | undefined
  try {
    wanted = one?.(value)
  } catch (error) {
    throw new ShoalError('UNSUPPORTED', `option ${name}: ${messageOf(error)}`)
  }
  if (wanted !== undefined) throw new ShoalError('INVALID_OPTION', `option ${name} must be ${wanted}`)
}

export function checkSeedOptions(options: unknown): asserts options is SeedOptions {
  check(options, seedChecks)
}

export function checkFetchOptions(options: unknown): asserts options is FetchOptions {
  check(options, fetchChecks)
}

export function checkClientOptions(options: unknown): asserts options is ClientOptions {
  check(options, clientChecks)
}

/** Bytes per second each way, 0 for unlimited. */
export function plainLimits(limits: unknown): Rates {
  check(limits, limitChecks)
  const { upload = 0, download = 0 } = limits as Limits
  return { upload, download }
}

export function checkPriority(priority: unknown): asserts priority is number {
  const whole = Number.isSafeInteger(priority) && (priority as number) >= 1 && (priority as number) <= 7
  if (!whole) throw new ShoalError('INVALID_OPTION', 'a priority is a whole number from 1 to 7')
}
