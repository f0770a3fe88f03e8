/** How text that others wrote is shown safely. */
export { oneLine, oneLineValue, printable, printableValue } from '../../operator/core/printable.ts';
