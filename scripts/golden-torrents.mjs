// Makes the golden torrents of core/metainfo with npm's create-torrent 6.1.3,
// so that Build and PieceLength can be compared with what WebTorrent makes.
//
//   npm install --no-save --ignore-scripts create-torrent@6.1.3
//   node scripts/golden-torrents.mjs [directory]
//
// The directory is core/metainfo/testdata/golden unless told otherwise. Byte i
// of a file is (seed + 31 * i + (i >> 8)) & 255, in Go's test as here.
import { File } from 'node:buffer'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import createTorrent from 'create-torrent'
import pieceLength from 'piece-length'

const directory = process.argv[2] ?? 'core/metainfo/testdata/golden'
const creationDate = 1700000000

const cases = [
  { name: 'single', files: [['hello.txt', 11]] },
  { name: 'empty', files: [['empty.bin', 0]] },
  { name: 'one-piece-exactly', files: [['piece.bin', 16384]] },
  { name: 'one-byte-more', files: [['piece.bin', 16385]] },
  { name: 'unicode', files: [['überlänge – 映画 🎬.webm', 40000]] },
  { name: 'private', files: [['secret.bin', 1000]], private: true },
  { name: 'private-false', files: [['secret.bin', 1000]], private: false },
  { name: 'long-pieces', files: [['big.bin', 300000]], pieceLength: 131072 },
  { name: 'default-32k', files: [['border.bin', 23726567]] },
  { name: 'multi', files: [['album/one.flac', 20000], ['album/two.flac', 30000], ['album/cover.jpg', 5]] },
  {
    name: 'nested',
    files: [['tree/a/b/c/deep.txt', 70000], ['tree/a/b/d.txt', 1], ['tree/z.txt', 16384], ['tree/a/ä/ö.txt', 3]],
    pieceLength: 32768
  },
  { name: 'multi-empty', files: [['box/none', 0], ['box/some', 17000], ['box/none either', 0]] },
  { name: 'multi-all-empty', files: [['box/none', 0], ['box/none either', 0]] },
  {
    name: 'described',
    files: [['site/index.html', 512], ['site/app.js', 2048]],
    private: true,
    pieceLength: 65536,
    comment: 'ein Kommentar – with an ünïcode dash',
    createdBy: 'golden-torrents',
    trackers: ['wss://tracker.example/announce', 'udp://tracker.example:6969'],
    webSeeds: ['https://seed.example/files/', 'https://mirror.example/']
  }
]

function content (length, seed) {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (seed + 31 * i + (i >> 8)) & 255
  return bytes
}

function make ({ files, pieceLength, private: isPrivate, comment, createdBy, trackers, webSeeds }) {
  // Files, as a page has them; of empty Buffers create-torrent hashes a byte.
  const input = files.map(([path, length], seed) => new File([content(length, seed)], path))
  const options = { pieceLength, private: isPrivate, comment, createdBy, urlList: webSeeds }
  options.announceList = (trackers ?? []).map(url => [url])
  options.creationDate = creationDate * 1000
  return new Promise((resolve, reject) => {
    createTorrent(input, options, (err, torrent) => err ? reject(err) : resolve(torrent))
  })
}

// The borders of the rule, from its first to its last, and a few sizes beyond.
function pieceLengths () {
  const totals = [0, 1, 1023, 1024, 16384, 1e6, 1e9, 2 ** 32, 5e9, 1e10, 2 ** 34]
  for (let length = 16384; length <= 2 ** 22; length *= 2) {
    const border = Math.round(length * 1024 * Math.SQRT2)
    for (let d = -2; d <= 2; d++) totals.push(border + d)
  }
  const chosen = total => Math.min(pieceLength(total), 4 * 1024 * 1024)
  return totals.map(total => [total, chosen(total)])
}

mkdirSync(directory, { recursive: true })
for (const c of cases) writeFileSync(join(directory, `${c.name}.torrent`), await make(c))
const listed = cases.map(c => JSON.stringify(c)).join(',\n    ')
const lengths = pieceLengths().map(pair => JSON.stringify(pair)).join(',\n    ')
writeFileSync(join(directory, 'golden.json'), `{
  "creationDate": ${creationDate},
  "torrents": [
    ${listed}
  ],
  "pieceLengths": [
    ${lengths}
  ]
}
`)
