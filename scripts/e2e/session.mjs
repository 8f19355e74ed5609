// What the tests and the benchmark of kept sessions share: a seeder, a browser
// whose pages resume, and what is asked of these.
import { browser, clientPage, give, serve, shoalPage, startHost, until } from './harness.mjs'

const MiB = 1 << 20

/** A seeder in a browser of its own, of a file on the disk where there is a path, and a browser for pages that resume. */
export async function world (t, { length = 100 * MiB, path, uplink, kind = 'chromium' } = {}) {
  const [origin, { tracker }] = [await serve(t), await startHost(t)]
  const [mine, theirs] = [await browser(t, kind), await browser(t)]
  const seeder = await clientPage(theirs, origin, { trackers: [tracker] })
  await give(seeder, { path, length })
  const { magnet, hash } = await seeder.evaluate(async uplink => {
    if (uplink) window.uplink = limitUplink(uplink)
    window.seeded = await client.seed(file)
    return { magnet: seeded.magnet, hash: await sha256(file) }
  }, uplink)
  const open = async () => {
    const page = await shoalPage(mine, origin)
    await resume(page)
    return page
  }
  const resume = page => page.evaluate(tracker => {
    window.began = performance.now()
    window.warnings = []
    window.client = shoal.createClient({ resume: true, iceServers: [], trackers: [tracker] })
    client.addEventListener('warning', ({ detail }) => warnings.push(`${detail.code}: ${detail.message}`))
  }, tracker)
  return { open, resume, seeder, magnet, hash, mine, origin, tracker }
}

export const begin = (page, magnet) => page.evaluate(async magnet => {
  await client.resumed
  window.torrent = await client.fetch(magnet)
}, magnet)

export const reach = (page, bytes) => until(() => page.evaluate(bytes => torrent.stats.done >= bytes && torrent.stats.done, bytes), 120_000, () => `${bytes} bytes`)

/** Kills the page's renderer. */
export async function kill (page) {
  const devtools = await page.createCDPSession()
  devtools.send('Page.crash').catch(() => {})
  await new Promise(resolve => page.once('error', resolve))
  await page.close()
}

/** The torrent that came back, once its pieces are known: how long that took, in ms from createClient, and how many bytes they are. */
export const back = page => page.evaluate(async () => {
  [window.torrent] = await client.resumed
  if (!torrent) return { warnings }
  while (torrent.pieces.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  return { took: performance.now() - began, done: torrent.stats.done, store: client.stats().store, warnings }
})

export const finish = page => page.evaluate(async () => {
  await torrent.done
  return { hash: await sha256(await torrent.files[0].blob()), downloaded: torrent.stats.downloaded, length: torrent.length }
})
