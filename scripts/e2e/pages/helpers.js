// What tests say inside a page.
'use strict'

/** Bytes that look random and are the same for the same seed. */
function bytes (length, seed) {
  const words = new Uint32Array(Math.ceil(length / 4))
  let x = (seed * 2654435761 + 1) >>> 0
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13; x >>>= 0
    x ^= x >>> 17
    x ^= x << 5; x >>>= 0
    words[i] = x
  }
  return new Uint8Array(words.buffer, 0, length)
}

/** A File of such bytes. */
const testFile = (name, length, seed) => new File([bytes(length, seed)], name)

/** The SHA-256 of a Blob or of bytes, in hex. */
async function sha256 (data) {
  const buffer = data instanceof Blob ? await data.arrayBuffer() : data
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', buffer))
  return Array.from(digest, b => b.toString(16).padStart(2, '0')).join('')
}

/**
 * Gives this page an uplink of so many bytes per second, for all its data
 * channels together or, where each is true, for each of them: what is sent
 * waits its turn, and bufferedAmount counts what waits. Returns an object: sent
 * counts bytes, rate may be set anew.
 */
function limitUplink (bytesPerSecond, each = false) {
  const proto = RTCDataChannel.prototype
  const send = proto.send
  const buffered = Object.getOwnPropertyDescriptor(proto, 'bufferedAmount').get
  const lines = new Map() // channel → what waits
  const uplink = { sent: 0, rate: bytesPerSecond }
  const waiting = channel => (lines.get(channel)?.queue ?? []).reduce((sum, data) => sum + data.byteLength, 0)
  Object.defineProperty(proto, 'bufferedAmount', {
    configurable: true,
    get () { return buffered.call(this) + waiting(this) }
  })
  const shared = { bytes: 0 }
  proto.send = function (data) {
    if (!lines.has(this)) lines.set(this, { queue: [], allowance: each ? { bytes: 0 } : shared })
    const view = ArrayBuffer.isView(data) ? data : new Uint8Array(data)
    lines.get(this).queue.push(view.slice())
  }
  let last = performance.now()
  setInterval(() => {
    const now = performance.now()
    for (const allowance of new Set([...lines.values()].map(line => line.allowance))) {
      allowance.bytes = Math.min(uplink.rate / 10, allowance.bytes + (now - last) / 1000 * uplink.rate)
    }
    last = now
    for (let moved = true; moved;) {
      moved = false
      for (const [channel, { queue, allowance }] of lines) {
        if (channel.readyState !== 'open') {
          lines.delete(channel)
        } else if (queue.length > 0 && allowance.bytes > 0) {
          const data = queue.shift()
          allowance.bytes -= data.byteLength
          uplink.sent += data.byteLength
          send.call(channel, data)
          moved = true
          if (waiting(channel) <= channel.bufferedAmountLowThreshold) channel.dispatchEvent(new Event('bufferedamountlow'))
        }
      }
    }
  }, 10)
  return uplink
}

/**
 * Notes when bulk arrives on any data channel of this page, whoever made it:
 * watchBytes.first and last in ms, and how many bytes in all.
 */
function watchBytes () {
  Object.assign(watchBytes, { first: undefined, last: undefined, bytes: 0 })
  const watch = channel => channel.addEventListener('message', ({ data }) => {
    if (data.byteLength < 4096) return
    watchBytes.last = performance.now()
    watchBytes.first ??= watchBytes.last
    watchBytes.bytes += data.byteLength
  })
  const Native = RTCPeerConnection
  window.RTCPeerConnection = class extends Native {
    constructor (...args) {
      super(...args)
      this.addEventListener('datachannel', event => watch(event.channel))
    }

    createDataChannel (...args) {
      const channel = super.createDataChannel(...args)
      watch(channel)
      return channel
    }
  }
}

/** Seconds since began, and the bytes watchBytes saw. */
const timesOf = (began, { metadata, piece }) => ({
  metadata: (metadata - began) / 1000,
  piece: (piece - began) / 1000,
  first: (watchBytes.first - began) / 1000,
  last: (watchBytes.last - began) / 1000,
  bytes: watchBytes.bytes,
  done: (performance.now() - began) / 1000
})

// Raw data channels: one page offers connections, others answer them, and bytes
// go over all of them at once.
async function described (pc) {
  const done = new Promise(resolve => {
    pc.addEventListener('icegatheringstatechange', () => { if (pc.iceGatheringState === 'complete') resolve() })
  })
  await pc.setLocalDescription()
  await done
  return pc.localDescription.toJSON()
}

const rawConnections = count => Array.from({ length: count }, () => new RTCPeerConnection({ iceServers: [] }))

async function rawOffer (connections = 1) {
  window.rawPcs = rawConnections(connections)
  window.rawChannels = rawPcs.map(pc => pc.createDataChannel('raw'))
  return Promise.all(rawPcs.map(described))
}

/** Answers, and sets rawReceived: the seconds from the first to the last of length bytes. */
async function rawAnswer (offers, length) {
  window.rawPcs = rawConnections(offers.length)
  window.rawReceived = new Promise(resolve => {
    let first
    let got = 0
    const receive = ({ data }) => {
      first ??= performance.now()
      got += data.byteLength
      if (got >= length) resolve((performance.now() - first) / 1000)
    }
    for (const pc of rawPcs) {
      pc.ondatachannel = ({ channel }) => {
        channel.binaryType = 'arraybuffer'
        channel.onmessage = receive
      }
    }
  })
  return Promise.all(rawPcs.map(async (pc, i) => {
    await pc.setRemoteDescription(offers[i])
    return described(pc)
  }))
}

/** Sends length bytes over all channels together or, where each is true, over each of them; buffer bytes may wait at a channel. */
async function rawSend (answers, length, { buffer = 1 << 20, each = false } = {}) {
  await Promise.all(rawPcs.map((pc, i) => pc.setRemoteDescription(answers[i])))
  const message = bytes(64 << 10, 1)
  const shared = { left: length }
  await Promise.all(rawChannels.map(async channel => {
    if (channel.readyState !== 'open') await new Promise(resolve => { channel.onopen = resolve })
    channel.bufferedAmountLowThreshold = buffer / 4
    for (const stock = each ? { left: length } : shared; stock.left > 0;) {
      if (channel.bufferedAmount > buffer) {
        await new Promise(resolve => { channel.onbufferedamountlow = resolve })
        continue
      }
      channel.send(stock.left < message.length ? message.subarray(0, stock.left) : message)
      stock.left -= message.length
    }
  }))
}

if (location.search === '?watch') watchBytes() // before any library is loaded
