/// <reference path="./go.d.ts" />
import type { Scope } from 'go:wasm_exec'

/**
 * What Go takes for globalThis: the page's own, read through, with a few names
 * of its own on top. Whatever is set on it stays on it, so that neither Go nor
 * its wasm_exec.js leaves a name on the page, nor takes one of the page's for
 * its own.
 */
export function makeScope(own: object): Scope {
  return new Proxy(Object.assign(Object.create(null) as object, own), {
    get: (names, name) => (Object.hasOwn(names, name) ? Reflect.get(names, name) : fromPage(name)),
    has: (names, name) => Object.hasOwn(names, name) || name in globalThis,
  })
}

/** Functions of the page as they are called on the real globalThis: setTimeout and its like insist on that, wrapped by the page or not. */
const bound = new WeakMap<object, unknown>()

function fromPage(name: string | symbol): unknown {
  const value: unknown = Reflect.get(globalThis, name)
  if (typeof value !== 'function' || isConstructor(name)) return value
  if (!bound.has(value)) bound.set(value, (value as () => unknown).bind(globalThis))
  return bound.get(value)
}

/** By its name: a wrapper that a page has put around a function can be called with new as well. */
const isConstructor = (name: string | symbol): boolean => /^[A-Z]/.test(String(name))
