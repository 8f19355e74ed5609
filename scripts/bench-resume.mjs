// What a reload, or the death of its renderer, costs a page in the middle of a
// fetch: how soon its pieces are known again, and what is sent a second time.
import { diskFile } from './bench-contenders.mjs'
import { alternate, atMost, beside, ending } from './bench-figures.mjs'
import { back, begin, finish, kill, reach, world } from './e2e/session.mjs'

const MiB = 1 << 20

const breaks = {
  reload: async ({ resume }, page) => {
    await page.reload()
    await resume(page)
    return page
  },
  kill: async ({ open }, page) => {
    await kill(page)
    return open()
  }
}

async function interrupt (how, { path, length }) {
  const { scope, end } = ending()
  try {
    const place = await world(scope, { path, length })
    const first = await place.open()
    await begin(first, place.magnet)
    const before = await reach(first, length / 2)
    const page = await breaks[how](place, first)
    const again = await back(page)
    if (!again.done) throw new Error(`nothing came back: ${again.warnings}`)
    const sincePage = await page.evaluate(() => began)
    const { hash } = await finish(page)
    if (hash !== place.hash) throw new Error('the file is not the one that was seeded')
    await new Promise(resolve => setTimeout(resolve, 1000)) // until the seeder's figures are of now
    return {
      'known again ms': again.took,
      'the same, from the page\'s first moment ms': again.took + sincePage,
      'before MiB': before / MiB,
      'known MiB': again.done / MiB,
      'sent again MiB': (await place.seeder.evaluate(() => seeded.stats.uploaded) - length) / MiB
    }
  } finally {
    await end()
  }
}

export async function resume ({ scope, rounds = 5, sizes: [length] = [400e6] }) {
  const file = diskFile(scope, length, 1)
  const results = await alternate(rounds, Object.fromEntries(Object.keys(breaks).map(how => [how, () => interrupt(how, file)])))
  return Object.keys(breaks).flatMap(how => {
    const what = `${how} at half of ${length / 1e6} MB: `
    const all = key => results[how].map(one => one[key])
    return [
      atMost(`${what}pieces known again after`, all('known again ms'), 1000, ' ms'),
      beside(`${what}the same, from the page's first moment`, all('the same, from the page\'s first moment ms'), ' ms'),
      atMost(`${what}sent again`, all('sent again MiB'), 16, ' MiB')
    ]
  })
}
