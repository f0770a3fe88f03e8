// What we use of preact and htm/preact. Preact's own types say that this is a browser (`reference lib="dom"`), for every file of the project: `window`
// and a browser's crypto and fetch would be there everywhere. tsconfig.json leads here instead.

/** One element of a page. */
export interface VNode<P = object> {
  readonly type: unknown;
  readonly props: P;
}

/** What an element may have inside. */
export type ComponentChildren = VNode | string | number | boolean | null | undefined | readonly ComponentChildren[];

/** HTML as a template: what is put in is text, never markup. */
export function html(strings: TemplateStringsArray, ...values: readonly unknown[]): VNode;
