// A network of hosts for tests and benchmarks, each in a namespace of its own:
// the program netlab (docs/netlab.md), and how browsers and programs are started
// in its hosts.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { findBrowser } from '../browsers.mjs'

const root = normalize(join(dirname(fileURLToPath(import.meta.url)), '../..'))
const binary = join(root, 'build/netlab')

/** Why there can be no lab here, for node:test's skip, or false. */
export function noLab () {
  if (process.platform !== 'linux') return 'network namespaces need Linux'
  if (process.getuid() !== 0) return 'network namespaces need root'
  if (!existsSync('/dev/net/tun')) return 'no TUN devices here'
  return spawnSync('ip', ['-V']).status !== 0 && 'no iproute2 here'
}

/**
 * Brings a network up. hosts maps names to { delay (ms, to the middle of the
 * network and back alike), up, down (bytes per second), queue (bytes), loss (0
 * to 1, either way) }, all of them optional. The lab ends with close(), or with
 * this process.
 */
export async function startLab ({ hosts, seed = 1 }) {
  execFileSync('go', ['build', '-o', binary, './scripts/netlab'], { cwd: root })
  const child = spawn(binary, ['run', '-seed', String(seed), ...Object.entries(hosts).map(spec)])
  const lab = new Lab(child)
  try {
    lab.places = (await lab.line()).hosts
  } catch (error) {
    await lab.close()
    throw error
  }
  return lab
}

/** A host as netlab's command line has it. */
export function spec ([name, { delay, ...rest }]) {
  const options = Object.entries({ ...(delay === undefined ? {} : { delay: `${delay}ms` }), ...rest })
  return [name, ...options.map(([key, value]) => `${key}=${value}`)].join(',')
}

class Lab {
  constructor (child) {
    this.child = child
    this.folder = mkdtempSync(join(tmpdir(), 'shoal-lab-'))
    this.errors = ''
    child.stderr.setEncoding('utf8').on('data', chunk => { this.errors += chunk })
    child.stdin.on('error', () => {}) // it has ended, which line() tells
    this.exited = new Promise(resolve => child.once('close', resolve))
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  async line () {
    const { value, done } = await this.lines.next()
    if (done) throw new Error(`netlab ended: ${this.errors.trim()}`)
    return JSON.parse(value)
  }

  /** A host: { ip, namespace, exec, wrapper, browser }. */
  host (name) {
    const place = this.places[name]
    if (!place) throw new Error(`there is no host ${name}`)
    const exec = ['ip', 'netns', 'exec', place.namespace]
    // A program that runs another one within the host, where only a path can be named.
    const wrapper = executable => {
      const path = join(this.folder, `${name}-${executable.replaceAll('/', '_')}`)
      writeFileSync(path, `#!/bin/sh\nexec ${exec.join(' ')} '${executable}' "$@"\n`, { mode: 0o755 })
      return path
    }
    return {
      ...place,
      /** What goes before a command's arguments so that it runs within. */
      exec,
      wrapper,
      /** Options for launch('chromium', …): a browser within, that takes the page's origin for a secure one. */
      browser: origin => ({
        executablePath: wrapper(findBrowser('chromium')),
        pipe: true, // the namespace has a localhost of its own
        args: [`--unsafely-treat-insecure-origin-as-secure=${origin}`]
      })
    }
  }

  /** What each host's link has carried, dropped and lost so far, and how late the router was. */
  stats () {
    this.child.stdin.write('\n')
    return this.line()
  }

  /** Removes the network, and whatever still runs within. */
  async close () {
    this.child.stdin.end()
    await this.exited
    rmSync(this.folder, { recursive: true, force: true })
  }
}
