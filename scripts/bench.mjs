// One run of the benchmark: the rows that ROWS names, or all of them, one after
// the other, and at the end what came out beside what is to be reached. ROUNDS,
// SIZE (MB; a row may take several, as SIZE=400,4295) are of every row that runs;
// each has its own otherwise. dist/ must have been built.
import { ending } from './bench-figures.mjs'
import { lab } from './bench-lab.mjs'
import { memory } from './bench-memory.mjs'
import { resume } from './bench-resume.mjs'
import { seeding } from './bench-seeding.mjs'
import { start } from './bench-start.mjs'
import { tasks } from './bench-tasks.mjs'
import { cpu, four, transfer } from './bench-transfer.mjs'

const rows = { transfer, four, cpu, lab, start, seeding, memory, resume, tasks }
const { ROWS, ROUNDS, SIZE } = process.env
const asked = ROWS?.split(',') ?? Object.keys(rows)
const unknown = asked.filter(name => !rows[name])
if (unknown.length > 0) throw new Error(`no such row: ${unknown}; there are ${Object.keys(rows)}`)
const rounds = ROUNDS && Number(ROUNDS)
const sizes = SIZE?.split(',').map(mb => Number(mb) * 1e6)

const outcome = []
for (const name of asked) {
  console.log(`\n${name}, ${new Date().toTimeString().slice(0, 8)}`)
  const { scope, end } = ending()
  try {
    outcome.push(...await rows[name]({ scope, rounds, sizes }))
  } catch (error) {
    console.error(error)
    outcome.push({ what: name, figure: `failed: ${error.message}` })
  } finally {
    await end()
  }
}
console.table(outcome)
process.exit(outcome.some(({ figure }) => figure.startsWith('failed')) ? 1 : 0)
