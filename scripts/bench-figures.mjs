// What a benchmark reads of a browser from outside, and what it makes of
// several rounds.
import { readFileSync, readdirSync } from 'node:fs'

/** CPU seconds that the renderer processes of a browser have used; Linux only. */
export function rendererSeconds (browser) {
  const processes = new Map()
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    const [stat, command] = [`/proc/${pid}/stat`, `/proc/${pid}/cmdline`].map(read)
    if (!stat) continue // it has ended meanwhile
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // from the third on, proc(5)
    processes.set(Number(pid), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]), command })
  }
  const within = pid => pid === browser.process().pid || (processes.has(pid) && within(processes.get(pid).parent))
  let ticks = 0
  for (const [pid, one] of processes) {
    if (one.command.includes('--type=renderer') && within(pid)) ticks += one.ticks
  }
  return ticks / 100 // of a tick's length Linux tells programs no other
}

function read (path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Begins a trace of a page; what it returns ends it, and gives the longest task
 * of a renderer's main thread since, in ms of thread time. */
export async function watchTasks (page) {
  await page.tracing.start({ categories: ['toplevel', 'disabled-by-default-devtools.timeline'] })
  return async () => {
    const { traceEvents } = JSON.parse(Buffer.from(await page.tracing.stop()).toString())
    const thread = event => `${event.pid} ${event.tid}`
    const main = new Set(traceEvents.filter(e => e.name === 'thread_name' && e.args.name === 'CrRendererMain').map(thread))
    const tasks = traceEvents.filter(e => e.name.endsWith('RunTask') && main.has(thread(e)))
    return Math.max(0, ...tasks.map(e => (e.tdur ?? 0) / 1000))
  }
}

/** The middle value, or the mean of the middle two. */
export function median (list) {
  const sorted = list.toSorted((x, y) => x - y)
  const last = sorted.length - 1
  return (sorted[Math.floor(last / 2)] + sorted[Math.ceil(last / 2)]) / 2
}

/** Between which two of the values the true median lies with 95 %, whatever they
 * are distributed like; below six values no interval is that sure. */
export function interval (list) {
  const sorted = list.toSorted((x, y) => x - y)
  const n = sorted.length
  let cut = 0
  let ways = 1 // to choose cut of n
  for (let below = 1; 2 * below / 2 ** n <= 0.05; below += ways) {
    cut++
    ways = ways * (n - cut + 1) / cut
  }
  const skip = Math.max(cut - 1, 0)
  return [sorted[skip], sorted[n - 1 - skip]]
}
