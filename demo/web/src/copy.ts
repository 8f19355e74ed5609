/** Copying, as far as the browser lets us. */

/** copyText copies a text; where there is no clipboard (plain http), it selects the text in a field instead. */
export async function copyText(text: string, field: HTMLInputElement): Promise<'copied' | 'selected'> {
  try {
    await navigator.clipboard.writeText(text)
    return 'copied'
  } catch {
    field.value = text
    field.focus()
    field.select()
    return 'selected'
  }
}

/** copyShortcut names the keys that copy a selection. */
export function copyShortcut(): string {
  return /mac|iphone|ipad/i.test(navigator.userAgent) ? '⌘C' : 'Ctrl+C'
}
