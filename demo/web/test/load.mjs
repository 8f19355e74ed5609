import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Bundles a module of the page, as the page is bundled, and imports it. */
export async function load(name) {
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url))],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  })
  return import(`data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0].contents).toString('base64')}`)
}
