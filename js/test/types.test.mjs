import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const path = name => fileURLToPath(new URL(name, import.meta.url))

test('a strict consumer compiles with shoal.d.ts alone', () => {
  execFileSync(process.execPath, [path('../../node_modules/typescript/bin/tsc'), '-p', path('consumer')], { stdio: 'inherit' })
})
