// What a benchmark reads of a browser from outside, and what it makes of
// several rounds.
import { readFileSync, readdirSync } from 'node:fs'

/** CPU seconds that the renderer processes of a browser have used; Linux only. */
export function rendererSeconds (browser) {
  const ticks = renderers(browser).map(({ stat }) => Number(stat[11]) + Number(stat[12]))
  return ticks.reduce((sum, one) => sum + one, 0) / 100 // of a tick's length Linux tells programs no other
}

/** Bytes of a browser's largest renderer that lie in memory: { now, peak }, the peak since that process began; Linux only. */
export function rendererBytes (browser) {
  const field = (pid, name) => Number(read(`/proc/${pid}/status`).match(`${name}:\\s+(\\d+) kB`)?.[1] ?? 0) * 1024
  const all = name => Math.max(...renderers(browser).map(({ pid }) => field(pid, name)))
  return { now: all('VmRSS'), peak: all('VmHWM') }
}

// The renderer processes of a browser's pages (its own surface has one too), with the fields of proc(5)'s stat from the third on.
function renderers (browser) {
  const processes = new Map()
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number)) {
    const [stat, command] = [`/proc/${pid}/stat`, `/proc/${pid}/cmdline`].map(read)
    if (stat) processes.set(pid, { pid, stat: stat.slice(stat.lastIndexOf(')') + 2).split(' '), command }) // else it has ended meanwhile
  }
  const within = pid => pid === browser.process().pid || (processes.has(pid) && within(Number(processes.get(pid).stat[1])))
  return [...processes.values()].filter(one => one.command.includes('--type=renderer') && !one.command.includes('--top-chrome-webui') && within(one.pid))
}

function read (path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Begins a trace of a page; what it returns ends it, and gives the longest task
 * of its main thread since: { ms } of thread time, and what it was: when in the
 * trace, and what Chromium names within it, outermost first. */
export async function watchTasks (page) {
  await page.tracing.start({ categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', ...process.env.TRACE?.split(' ') ?? []] })
  return async () => longestTask(JSON.parse(Buffer.from(await page.tracing.stop()).toString()).traceEvents)
}

function longestTask (events) {
  const frames = events.flatMap(({ name, args }) => name === 'TracingStartedInBrowser' ? args.data.frames : name === 'FrameCommittedInBrowser' ? [args.data] : [])
  const own = new Set(frames.map(frame => frame.processId)) // not those of the browser's own surface
  const thread = event => `${event.pid} ${event.tid}`
  const main = new Set(events.filter(e => e.name === 'thread_name' && e.args.name === 'CrRendererMain' && own.has(e.pid)).map(thread))
  const tasks = events.filter(e => e.name.endsWith('RunTask') && main.has(thread(e)))
  if (tasks.length === 0) throw new Error('the trace holds no task of the page')
  const time = event => event.tdur ?? 0
  const longest = tasks.reduce((one, other) => time(other) > time(one) ? other : one)
  const within = e => e !== longest && thread(e) === thread(longest) && e.ts >= longest.ts && e.ts + e.dur <= longest.ts + longest.dur
  const parts = events.filter(e => time(e) > time(longest) / 5 && within(e)).sort((x, y) => x.ts - y.ts || y.dur - x.dur)
  const said = ({ name, tdur, args }) => [name, args.data?.functionName, `${(tdur / 1000).toFixed()} ms`].filter(Boolean).join(' ')
  const at = (longest.ts - events.find(e => e.name === 'TracingStartedInBrowser').ts) / 1e6
  return { ms: time(longest) / 1000, what: [`at ${at.toFixed(1)} s`, ...parts.slice(0, 6).map(said)].join(' > ') }
}

/** A scope as the harness asks it of a test, and what ends all that was begun in it. */
export function ending () {
  const endings = []
  return {
    scope: { after: end => endings.push(end) },
    end: async () => { for (const end of endings.reverse()) await end() }
  }
}

/** Runs the contenders in turn, the order turned round with each round, tells
 * every figure and their medians, and returns name → [figures of a round]. */
export async function alternate (rounds, contenders) {
  const results = Object.fromEntries(Object.keys(contenders).map(name => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const names = Object.keys(contenders)
    for (const name of round % 2 ? names.reverse() : names) {
      const figures = await contenders[name]()
      results[name].push(figures)
      console.log(JSON.stringify({ round, name, ...brief(figures) }))
    }
  }
  console.table(Object.fromEntries(Object.entries(results).map(([name, list]) => [name, brief(medians(list))])))
  return results
}

const brief = figures => Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, typeof value === 'number' ? Number(value.toPrecision(3)) : value]))

const medians = list => Object.fromEntries(Object.keys(list[0]).filter(key => typeof list[0][key] === 'number').map(key => [key, median(list.map(one => one[key]))]))

/** By rounds, what of() says of one contender ÷ what it says of another: the
 * figures of one round beside each other say more than two medians on a busy machine. */
export const ratios = (results, one, other, of) => results[one].map((figures, round) => of(figures) / of(results[other][round]))

/** A line of the outcome: the median of a list beside what is to be reached. */
export const atLeast = (what, list, bound, unit = '') => line(what, list, `≥ ${bound}${unit}`, unit, value => value >= bound)
export const atMost = (what, list, bound, unit = '') => line(what, list, `≤ ${bound}${unit}`, unit, value => value <= bound)
/** The same where nothing is to be reached. */
export const beside = (what, list, unit = '') => line(what, list, '', unit, () => '')

function line (what, list, target, unit, reached) {
  const [middle, low, high] = [median(list), ...interval(list)].map(value => Number(value.toPrecision(3)))
  const range = list.length === 1 ? 'one round' : `${low} to ${high}, ${list.length < 6 ? 'all ' : '95 % of '}${list.length} rounds`
  return { what, figure: `${middle}${unit} (${range})`, 'to reach': target, reached: reached(median(list)) }
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
