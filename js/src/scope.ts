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

/** Functions of the page like setTimeout insist on being called on the real globalThis. */
function fromPage(name: string | symbol): unknown {
  const value: unknown = Reflect.get(globalThis, name)
  const isMethod = typeof value === 'function' && !Object.hasOwn(value, 'prototype')
  return isMethod ? (value as () => unknown).bind(globalThis) : value
}
