import { html } from 'htm/preact';
import type { ComponentChildren, VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';

/** HTML as a template: what is put in is text, never markup. */
export { html };

/** What a template takes and gives. */
export type Html = ComponentChildren;

/** A whole document. */
export const documentOf = (page: VNode): string => `<!doctype html>${renderToString(page)}`;
