// Takes what only names source lines out of a .wasm that Go has linked. Go keeps
// for each function which file and line each instruction comes from (runtime
// symtab.go, pcHeader and _func). It is a tenth of what a visitor would
// download, and read only to print a stack trace: there "?:0" stands then, which
// is what the runtime writes where it knows no line, beside the function's name
// and the offset in it. What the collector and panics need stays.

const magic = [0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8] // Go 1.20 and later: little-endian, minLC 1, 8-byte words
const dataSection = 11
// Go's linker begins a segment after eight zeros. Compressed, its header costs far
// more than zeros do: of 87,000 segments it was a hundred kilobytes.
const leastGap = 1024

// unlined returns the module without its lines. It throws where the module is
// not of a layout that it knows.
export function unlined (wasm) {
  const sections = readSections(wasm)
  const data = sections.find(section => section.id === dataSection)
  expect(data !== undefined, 'a data section')
  const memory = readData(data.body)
  clearLines(memory)
  data.body = writeData(memory)
  return Buffer.concat([wasm.subarray(0, 8), ...sections.map(section => Buffer.concat([Buffer.from([section.id]), unsigned(section.body.length), section.body]))])
}

function readSections (wasm) {
  const sections = []
  const at = new Cursor(wasm, 8)
  while (at.offset < wasm.length) {
    const id = at.byte()
    sections.push({ id, body: at.take(at.unsigned()) })
  }
  return sections
}

// readData lays the segments out as they will lie in memory.
function readData (body) {
  const at = new Cursor(body, 0)
  const segments = []
  for (let left = at.unsigned(); left > 0; left--) {
    expect(at.byte() === 0 && at.byte() === 0x41, 'an active segment at a constant')
    const start = at.signed()
    expect(at.byte() === 0x0b, 'the end of a constant')
    segments.push({ start, bytes: at.take(at.unsigned()) })
  }
  // There are more of them than arguments fit into a call.
  const memory = Buffer.alloc(segments.reduce((end, { start, bytes }) => Math.max(end, start + bytes.length), 0))
  for (const { start, bytes } of segments) bytes.copy(memory, start)
  return memory
}

// writeData cuts memory into segments, leaving zeros out.
function writeData (memory) {
  const parts = []
  let count = 0
  for (let start = 0; start < memory.length;) {
    while (memory[start] === 0) start++
    let end = start
    for (let gap = 0, i = start; i < memory.length && gap < leastGap; i++) {
      gap = memory[i] === 0 ? gap + 1 : 0
      if (gap === 0) end = i + 1
    }
    if (end > start) {
      parts.push(Buffer.from([0, 0x41]), signed(start), Buffer.from([0x0b]), unsigned(end - start), memory.subarray(start, end))
      count++
    }
    start = Math.max(end, start + 1)
  }
  return Buffer.concat([unsigned(count), ...parts])
}

// clearLines clears the file and line tables of every function, and moves the
// other tables of instructions together.
function clearLines (memory) {
  const header = memory.indexOf(Buffer.from(magic))
  expect(header >= 0 && memory.indexOf(Buffer.from(magic), header + 1) < 0, 'one table of functions')
  const word = i => Number(memory.readBigUInt64LE(header + 8 + 8 * i))
  const functions = word(0)
  const [cu, fileTable, tables, index] = [4, 5, 6, 7].map(i => header + word(i))
  expect(cu <= fileTable && fileTable <= tables && tables < index, 'the parts of the table in order')

  const old = Buffer.from(memory.subarray(tables, index))
  memory.fill(0, cu, index)
  const moved = new Map([[0, 0]])
  let free = 1 // 0 says that there is no table
  const move = offset => {
    if (!moved.has(offset)) {
      const length = tableLength(old, offset)
      old.copy(memory, tables + free, offset, offset + length)
      moved.set(offset, free)
      free += length
    }
    return moved.get(offset)
  }
  for (let i = 0; i < functions; i++) {
    const func = index + memory.readUInt32LE(index + 8 * i + 4)
    const field = (at, change) => memory.writeUInt32LE(change(memory.readUInt32LE(func + at)), func + at)
    field(16, move) // pcsp
    for (const at of [20, 24, 32, 36]) field(at, () => 0) // pcfile, pcln, cuOffset, startLine
    const others = memory.readUInt32LE(func + 28)
    for (let j = 0; j < others; j++) field(44 + 4 * j, move)
  }
}

// tableLength is that of one table: pairs of varints until a zero that is not
// the first.
function tableLength (tables, offset) {
  const at = new Cursor(tables, offset)
  for (let first = true; at.unsigned() !== 0 || first; first = false) at.unsigned()
  return at.offset - offset
}

class Cursor {
  constructor (bytes, offset) {
    this.bytes = bytes
    this.offset = offset
  }

  byte () {
    expect(this.offset < this.bytes.length, 'another byte')
    return this.bytes[this.offset++]
  }

  take (length) {
    expect(this.offset + length <= this.bytes.length, 'enough bytes')
    return this.bytes.subarray(this.offset, this.offset += length)
  }

  unsigned () {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }

  signed () {
    const start = this.offset
    const value = this.unsigned()
    const bits = 7 * (this.offset - start)
    return value >= 2 ** (bits - 1) ? value - 2 ** bits : value
  }
}

function unsigned (value) {
  const bytes = []
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 | 128)
  return Buffer.from([...bytes, value])
}

// signed writes a number that is not negative as one that might be.
function signed (value) {
  const bytes = []
  for (; value >= 64; value = Math.floor(value / 128)) bytes.push(value % 128 | 128)
  return Buffer.from([...bytes, value])
}

function expect (fact, what) {
  if (!fact) throw new Error(`this .wasm is not as Go 1.26 links it: expected ${what}`)
}
