/** The few ways in which this page makes and changes elements. */

type Attributes = Readonly<Record<string, string | boolean>>
type Child = Node | string

/** el makes an HTML element; an attribute that is true is set, one that is false is left out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag)
  setAttributes(node, attributes)
  node.append(...children)
  return node
}

/** svg makes an SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: readonly Node[]
): SVGElementTagNameMap[K] {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag)
  setAttributes(node, attributes)
  node.append(...children)
  return node
}

/** byId finds an element of index.html, and its kind with it. */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const node = document.getElementById(id)
  if (!(node instanceof kind)) throw new Error(`index.html has no ${kind.name} #${id}`)
  return node
}

/** setText changes a text only where it differs, so that nothing is announced or laid out twice. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

/** setAttribute changes an attribute only where it differs. */
export function setAttribute(node: Element, name: string, value: string): void {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value)
}

function setAttributes(node: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false) continue
    node.setAttribute(name, value === true ? '' : value)
  }
}
