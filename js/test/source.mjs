// Loads a module of js/src by itself, as the sources are TypeScript.
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export async function source (name) {
  const { outputFiles: [{ text }] } = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url))],
    bundle: true,
    format: 'esm',
    write: false
  })
  return import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`)
}
