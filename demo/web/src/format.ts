/** Numbers in words, as a person reads them. */

const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const

/** formatBytes writes a size in powers of a thousand: "0 B", "1.5 KB", "24.6 MB", "812 MB". */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes)
  let unit = 0
  // 999.5 would be shown as "1000".
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${trimZero(value.toFixed(digits))} ${units[unit] ?? 'B'}`
}

/** formatSpeed writes bytes per second. */
export function formatSpeed(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`
}

/** formatPercent writes a share of 1. It says 100 only when nothing is missing. */
export function formatPercent(share: number): string {
  if (share >= 1) return '100 %'
  return `${Math.floor(Math.max(0, share) * 100)} %`
}

/** formatTimeLeft writes seconds as a person would say them, and nothing where nobody knows. */
export function formatTimeLeft(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return ''
  if (seconds < 10) return 'a few seconds left'
  if (seconds < 50) return 'less than a minute left'
  if (seconds < 90) return 'about a minute left'
  const minutes = Math.round(seconds / 60)
  if (minutes < 50) return `about ${minutes} minutes left`
  const hours = Math.round(seconds / 3600)
  if (hours <= 1) return 'about an hour left'
  if (hours < 36) return `about ${hours} hours left`
  const days = Math.round(seconds / 86_400)
  if (days < 15) return `about ${days} days left`
  return 'more than two weeks left'
}

/** formatCount writes a number with its noun: "no peers", "1 peer", "3 peers". */
export function formatCount(count: number, noun: string): string {
  if (count === 0) return `no ${noun}s`
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}

function trimZero(digits: string): string {
  return digits.endsWith('.0') ? digits.slice(0, -2) : digits
}
