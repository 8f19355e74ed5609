// What the .wasm is built of beside go.mod's modules. pion's are made for both a
// page and a native program, and a page would download curves, ciphers, SCTP and
// STUN that only the latter runs. So for the .wasm alone pion/webrtc is built
// without the files that a page never calls, and small modules of ours stand in
// for what they import (core/rtc/absent).
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const absent = 'core/rtc/absent'
const webrtc = 'github.com/pion/webrtc/v4'
const standIns = { [webrtc]: 'build/webrtc', 'github.com/pion/ice/v4': `${absent}/ice`, 'github.com/pion/datachannel': `${absent}/datachannel` }

// Certificates, media, statistics, and the types of pion's own agents.
const leftOut = [
  'certificate.go', 'constants.go', 'dtlsrole.go', 'icecandidate.go', 'icecandidatetype.go', 'icemux.go',
  'icetransportstate.go', 'networktype.go', 'stats.go', 'track_local.go'
]

// pageModules writes the module file to build the .wasm with, and returns its path.
export function pageModules () {
  copyWebrtc(standIns[webrtc])
  const lines = Object.entries(standIns).map(([module, folder]) => `replace ${module} => ./${folder}\n`)
  writeFileSync('build/wasm.mod', readFileSync('go.mod', 'utf8') + '\n' + lines.join(''))
  copyFileSync('go.sum', 'build/wasm.sum')
  return 'build/wasm.mod'
}

function copyWebrtc (into) {
  rmSync(into, { recursive: true, force: true })
  const missing = new Set(leftOut)
  for (const [path, folder, ...files] of packages()) {
    const target = join(into, path.slice(webrtc.length))
    mkdirSync(target, { recursive: true })
    for (const file of files) {
      if (path === webrtc && missing.delete(file)) continue
      writeFileSync(join(target, file), readFileSync(join(folder, file)))
    }
  }
  if (missing.size > 0) throw new Error(`${webrtc} has no ${[...missing].join(', ')}: see what a page links of it now`)
  for (const file of readdirSync(join(absent, 'webrtc'))) copyFileSync(join(absent, 'webrtc', file), join(into, file))
}

// packages lists those of pion/webrtc's packages that the .wasm links: import
// path, folder, files.
function packages () {
  const template = `{{with .Module}}{{if eq .Path "${webrtc}"}}{{$.ImportPath}}\t{{$.Dir}}{{range $.GoFiles}}\t{{.}}{{end}}{{end}}{{end}}`
  const env = { ...process.env, GOOS: 'js', GOARCH: 'wasm' }
  const out = execFileSync('go', ['list', '-deps', '-f', template, './wasm'], { encoding: 'utf8', env, maxBuffer: 1 << 24 })
  return out.split('\n').filter(line => line !== '').map(line => line.split('\t'))
}
