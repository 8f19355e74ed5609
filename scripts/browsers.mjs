// Where the browsers are, and how tests start them.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import puppeteer from 'puppeteer-core'

const names = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  firefox: ['firefox-esr', 'firefox']
}
const overrides = { chromium: 'CHROME_PATH', firefox: 'FIREFOX_PATH' }

// What keeps a browser off the network and lets two of them meet on loopback.
const chromiumArgs = [
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns'
]
const firefoxPrefs = {
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.peerconnection.ice.loopback': true,
  'app.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false
}

const runnable = path => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The path of a browser, or undefined. kind is "chromium" or "firefox". */
export function findBrowser (kind) {
  const override = process.env[overrides[kind]]
  if (override) return override
  for (const name of names[kind]) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      if (runnable(join(folder, name))) return join(folder, name)
    }
  }
  return undefined
}

/** A browser process of its own, with an empty profile. pipe: spoken to without a socket. */
export function launch (kind, { args = [], executablePath = findBrowser(kind), pipe = false } = {}) {
  if (!executablePath) {
    throw new Error(`no ${kind} found: install it or set ${overrides[kind]}`)
  }
  if (kind === 'firefox') {
    return puppeteer.launch({ browser: 'firefox', executablePath, headless: true, extraPrefsFirefox: firefoxPrefs, args })
  }
  return puppeteer.launch({ executablePath, pipe, headless: true, args: [...chromiumArgs, ...args], protocolTimeout: 600_000 })
}
