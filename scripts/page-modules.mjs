// What the .wasm is built of beside go.mod's modules. pion's are made for both a
// page and a native program, and a page would download curves, ciphers, SCTP and
// STUN that only the latter runs. So for the .wasm alone pion/webrtc is built
// without the files that a page never calls, and small modules of ours stand in
// for what they import (core/rtc/absent). Of anacrolix's bencode two files name
// math/big for what we never let come to them; there it is a package of ours.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const absent = 'core/rtc/absent'
const webrtc = 'github.com/pion/webrtc/v4'
const torrent = 'github.com/anacrolix/torrent'
const standIns = { [webrtc]: 'build/webrtc', [torrent]: 'build/torrent', 'github.com/pion/ice/v4': `${absent}/ice`, 'github.com/pion/datachannel': `${absent}/datachannel` }

// Certificates, media, statistics, and the types of pion's own agents.
const leftOut = [
  'certificate.go', 'constants.go', 'dtlsrole.go', 'icecandidate.go', 'icecandidatetype.go', 'icemux.go',
  'icetransportstate.go', 'networktype.go', 'stats.go', 'track_local.go'
]

const bigNumbers = ['"math/big"', 'big "github.com/anacrolix/missinggo/big"']

// pageModules writes the module file to build the .wasm with, and returns its path.
export function pageModules () {
  copyWebrtc(standIns[webrtc])
  copyBencode(standIns[torrent])
  const lines = Object.entries(standIns).map(([module, folder]) => `replace ${module} => ./${folder}\n`)
  writeFileSync('build/wasm.mod', readFileSync('go.mod', 'utf8') + '\n' + lines.join(''))
  copyFileSync('go.sum', 'build/wasm.sum')
  return 'build/wasm.mod'
}

function copyWebrtc (into) {
  const missing = new Set(leftOut.map(name => `${webrtc}/${name}`))
  copyModule(webrtc, into, (name, source) => missing.delete(name) ? undefined : source)
  if (missing.size > 0) throw new Error(`${webrtc} has no ${[...missing].join(', ')}: see what a page links of it now`)
  for (const file of readdirSync(join(absent, 'webrtc'))) copyFileSync(join(absent, 'webrtc', file), join(into, file))
}

function copyBencode (into) {
  let changed = 0
  copyModule(torrent, into, (_, source) => {
    if (source.includes(bigNumbers[0])) changed++
    return source.replace(...bigNumbers)
  })
  if (changed !== 2) throw new Error(`${changed} files of ${torrent} import math/big, not two: see what they do with it now`)
  writeFileSync(join(into, 'go.mod'), `module ${torrent}\n\ngo 1.26\n`)
}

// copyModule copies those packages of a module that the .wasm links. change is
// given the import path with the name and the text of each file; where it returns
// nothing, the file is left out.
function copyModule (module, into, change) {
  rmSync(into, { recursive: true, force: true })
  for (const [path, folder, ...files] of packages(module)) {
    const target = join(into, path.slice(module.length))
    mkdirSync(target, { recursive: true })
    for (const name of files) {
      const source = change(`${path}/${name}`, readFileSync(join(folder, name), 'utf8'))
      if (source !== undefined) writeFileSync(join(target, name), source)
    }
  }
}

// packages lists those of a module's packages that the .wasm links: import path,
// folder, files.
function packages (module) {
  const template = `{{with .Module}}{{if eq .Path "${module}"}}{{$.ImportPath}}\t{{$.Dir}}{{range $.GoFiles}}\t{{.}}{{end}}{{end}}{{end}}`
  const env = { ...process.env, GOOS: 'js', GOARCH: 'wasm' }
  const out = execFileSync('go', ['list', '-deps', '-f', template, './wasm'], { encoding: 'utf8', env, maxBuffer: 1 << 24 })
  return out.split('\n').filter(line => line !== '').map(line => line.split('\t'))
}
