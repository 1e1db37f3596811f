// Building the page: elements from plain values. Text is only ever set as text, so nothing in a proof can become markup.

export type Child = Node | string | null | false;

/** An element with attributes (`on…` are listeners, true sets a bare attribute, false leaves it out) and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | boolean | ((event: Event) => void)>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  append(made, children);
  return made;
}

/** Put children into an element, but for those that are left out. */
export function append(parent: Element, children: readonly Child[]): void {
  parent.append(...children.filter((child): child is Node | string => child !== null && child !== false));
}
