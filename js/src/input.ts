// What a page hands to seed() becomes a list of files with names. Names follow
// create-torrent, so that the same files have the same info hash.

import type { SeedInput } from './api.js'
import { ShoalError } from './error.js'

/** One file to be seeded. A path goes from the torrent's name downward. */
export interface InputFile {
  path: string[]
  blob: Blob
}

export interface Input {
  name: string
  /** Whether the files lie in a directory called name. */
  multi: boolean
  files: InputFile[]
}

/** Left behind by operating systems and editors; nobody means to share these. */
const junk = /^(\.DS_Store|\.AppleDouble|\.LSOverride|\.Spotlight-V100|\.Trashes|\._.*|\.~lock\..*#|\..*\.swp|ehthumbs\.db|thumbs\.db|desktop\.ini)$/i

/** Reads what it must: streams to their end, directories to their leaves. */
export async function gather(input: SeedInput, name?: string, signal?: AbortSignal): Promise<Input> {
  if (Array.isArray(input)) return named(input.map(located), name)
  if (isInstance(input, 'FileList')) return named(Array.from(input as FileList).map(located), name)
  if (isDirectory(input)) return named(await walk(input, [input.name], signal), name)
  if (isFile(input)) return single(input, name ?? input.name)
  const [blob, fallback] = await content(input, signal)
  return single(blob, name ?? fallback)
}

/** The bytes of an input that has no name of its own, and the name it gets. */
async function content(input: SeedInput, signal?: AbortSignal): Promise<[Blob, string]> {
  if (typeof input === 'string') return [new Blob([input]), 'text.txt']
  if (input instanceof Blob) return [input, 'data.bin']
  if (input instanceof ArrayBuffer || ArrayBuffer.isView(input)) return [new Blob([input as BlobPart]), 'data.bin']
  if (isInstance(input, 'ReadableStream')) return [await drain(input as ReadableStream<Uint8Array>, signal), 'data.bin']
  if (isInstance(input, 'FileSystemFileHandle')) {
    const file = await (input as FileSystemFileHandle).getFile()
    return [file, file.name]
  }
  return [new Blob([json(input)]), 'data.json']
}

function json(input: unknown): string {
  if (!isPlain(input)) {
    throw new ShoalError('INVALID_INPUT', `cannot seed ${describe(input)}`)
  }
  try {
    return JSON.stringify(input)
  } catch (cause) {
    throw new ShoalError('INVALID_INPUT', 'the object has no form in JSON', { cause })
  }
}

function isPlain(input: unknown): boolean {
  if (typeof input !== 'object' || input === null) return false
  const prototype: unknown = Object.getPrototypeOf(input)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function describe(input: unknown): string {
  if (typeof input !== 'object' || input === null) return String(input)
  return `an object of class ${input.constructor?.name ?? 'unknown'}`
}

/** The stream goes to where Blobs lie, and an abort cancels it. */
async function drain(stream: ReadableStream<Uint8Array>, signal?: AbortSignal): Promise<Blob> {
  try {
    const bytes = stream.pipeThrough(new TransformStream(), signal ? { signal } : {})
    return await new Response(bytes).blob()
  } catch (cause) {
    signal?.throwIfAborted()
    throw new ShoalError('INVALID_INPUT', 'the stream cannot be read to its end', { cause })
  }
}

async function walk(directory: FileSystemDirectoryHandle, path: string[], signal?: AbortSignal): Promise<InputFile[]> {
  const files: InputFile[] = []
  for await (const entry of directory.values()) {
    signal?.throwIfAborted()
    const below = [...path, entry.name]
    if (isDirectory(entry)) files.push(...(await walk(entry, below, signal)))
    else files.push({ path: below, blob: await (entry as FileSystemFileHandle).getFile() })
  }
  // A directory lists its entries in any order; the info hash must not depend on it.
  return files.sort((a, b) => compare(a.path.join('/'), b.path.join('/')))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** A dropped file carries fullPath (set by drag-and-drop libraries), a picked one webkitRelativePath. */
function located(file: File & { fullPath?: unknown }): InputFile {
  if (!isFile(file)) throw new ShoalError('INVALID_INPUT', 'a list may hold only File objects')
  const full = typeof file.fullPath === 'string' ? file.fullPath : ''
  const path = (full || file.webkitRelativePath || file.name).split('/')
  return { path: path[0] === '' ? path.slice(1) : path, blob: file }
}

/** Names a list of files as create-torrent does. */
function named(all: InputFile[], name?: string): Input {
  const kept = all.filter(file => !junk.test(last(file.path)))
  const files = kept.length > 0 ? kept : all
  const first = files[0]
  if (first === undefined) throw new ShoalError('INVALID_INPUT', 'there is no file to seed')
  if (files.length === 1) return single(first.blob, name ?? last(first.path))
  const prefix = first.path[0]
  const common = files.every(file => file.path.length > 1 && file.path[0] === prefix)
  if (!common) return { name: name ?? last(first.path), multi: true, files }
  return { name: name ?? prefix ?? '', multi: true, files: files.map(file => ({ ...file, path: file.path.slice(1) })) }
}

function single(blob: Blob, name: string): Input {
  return { name, multi: false, files: [{ path: [name], blob }] }
}

const last = (path: string[]): string => path[path.length - 1] ?? ''

const isFile = (value: unknown): value is File => isInstance(value, 'File')

const isDirectory = (value: unknown): value is FileSystemDirectoryHandle => isInstance(value, 'FileSystemDirectoryHandle')

/** instanceof for classes that not every platform has. */
function isInstance(value: unknown, name: string): boolean {
  const type: unknown = Reflect.get(globalThis, name)
  return typeof type === 'function' && value instanceof type
}
