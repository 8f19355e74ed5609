// Takes what only serves stack traces out of a .wasm that Go has linked. Go keeps
// for each function which file and line each instruction comes from, which calls
// were inlined where, how to print its arguments, and where a signal might
// interrupt it (runtime symtab.go, pcHeader and _func; internal/abi symtab.go).
// It is a tenth of what a visitor would download, and without signals read only
// to print a stack trace: there "?:0" stands then, which is what the runtime
// writes where it knows no line, beside the name of the function that was not
// inlined, and the offset in it. What the collector and panics need stays.

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

// Of a function's tables by instruction (PCDATA) and its other data (FUNCDATA),
// those that serve traces and signals: UnsafePoint, InlTreeIndex, ArgLiveIndex;
// InlTree, ArgInfo, ArgLiveInfo. recover looks through the frames of wrappers, so
// they keep what is inlined in them.
const traced = { tables: [0, 2, 3], data: [3, 5, 6] }
const inlined = { table: 2, data: 3 }
const wrapper = 23 // abi.FuncIDWrapper
const stackObjects = 2 // the data that holds words
const noData = 0xffffffff

// clearLines clears what only traces read, and moves the rest of each kind
// together.
function clearLines (memory) {
  const header = memory.indexOf(Buffer.from(magic))
  expect(header >= 0 && memory.indexOf(Buffer.from(magic), header + 1) < 0, 'one table of functions')
  const word = i => Number(memory.readBigUInt64LE(header + 8 + 8 * i))
  const [cu, fileTable, tables, index] = [4, 5, 6, 7].map(i => header + word(i))
  const { data, end } = findData(memory, header, index)
  expect(cu <= fileTable && fileTable <= tables && tables < index && index < data && data <= end, 'the parts of the table in order')

  const old = Buffer.from(memory.subarray(0, end))
  const starts = Array.from({ length: word(0) }, (_, i) => index + old.readUInt32LE(index + 8 * i + 4))
  const functions = starts.map(at => readFunction(old, at))
  memory.fill(0, cu, index)
  memory.fill(0, starts[0], end)

  const movePlace = mover(memory, old, tables, 1, offset => tableLength(old, tables + offset))
  const moveTable = offset => offset && movePlace(offset) // 0 says that there is none
  const offsets = [...new Set(functions.flatMap(f => f.data).filter(offset => offset !== noData))].sort((x, y) => x - y)
  const after = new Map(offsets.map((offset, i) => [offset, offsets[i + 1] ?? end - data]))
  const moveData = mover(memory, old, data, 0, offset => after.get(offset) - offset)
  let free = starts[0]
  for (const [i, { fixed, tables, data }] of functions.entries()) {
    memory.writeUInt32LE(free - index, index + 8 * i + 4)
    fixed.writeUInt32LE(moveTable(fixed.readUInt32LE(16)), 16) // pcsp
    for (const at of [20, 24, 32, 36]) fixed.writeUInt32LE(0, at) // pcfile, pcln, cuOffset, startLine
    clearTraced(fixed[40], tables, data)
    fixed.writeUInt32LE(tables.length, 28)
    fixed[43] = data.length
    fixed.copy(memory, free)
    free += fixed.length
    const rest = [...tables.map(moveTable), ...data.map((offset, kind) => offset === noData ? noData : moveData(offset, kind === stackObjects ? 8 : 4))]
    for (const value of rest) free = memory.writeUInt32LE(value, free)
  }
}

// findData finds where the functions' data lies in the runtime's moduledata: from
// gofunc to findfunctab, which is how the runtime finds a function. moduledata
// begins with the addresses of the table's header and of its parts.
function findData (memory, header, index) {
  const address = Buffer.alloc(8)
  address.writeBigUInt64LE(BigInt(header))
  let at = memory.indexOf(address)
  const word = i => Number(memory.readBigUInt64LE(at + 8 * i))
  while (at >= 0 && (at % 8 !== 0 || word(13) !== index)) at = memory.indexOf(address, at + 1)
  expect(at >= 0, 'a moduledata')
  return { data: word(40), end: word(19) }
}

function readFunction (memory, at) {
  const fixed = Buffer.from(memory.subarray(at, at + 44))
  const words = (count, from) => Array.from({ length: count }, (_, i) => memory.readUInt32LE(from + 4 * i))
  const count = fixed.readUInt32LE(28)
  return { fixed, tables: words(count, at + 44), data: words(fixed[43], at + 44 + 4 * count) }
}

// clearTraced takes what only traces read out of a function's lists, and then
// what they need not name at their ends.
function clearTraced (kind, tables, data) {
  const kept = kind === wrapper ? inlined : {}
  for (const i of traced.tables) if (i < tables.length && i !== kept.table) tables[i] = 0
  for (const i of traced.data) if (i < data.length && i !== kept.data) data[i] = noData
  while (tables.at(-1) === 0) tables.pop()
  while (data.at(-1) === noData) data.pop()
}

// mover returns a function that moves a part at an offset from base to the next
// free place, once, and returns its new offset.
function mover (memory, old, base, free, lengthOf) {
  const moved = new Map()
  return (offset, align = 1) => {
    if (!moved.has(offset)) {
      const length = lengthOf(offset)
      free = Math.ceil(free / align) * align
      old.copy(memory, base + free, base + offset, base + offset + length)
      moved.set(offset, free)
      free += length
    }
    return moved.get(offset)
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
