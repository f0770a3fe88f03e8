import { Document, visit } from 'yaml';

const steering = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * YAML without folded lines and without anchors: what a person compares line by line. Words that YAML 1.1, and with it kubectl, would read as
 * something else (yes, 012, a time) are quoted; characters that steer a terminal are escaped.
 */
export function yaml(value: unknown): string {
  const document = new Document(value, { schema: 'yaml-1.1', aliasDuplicateObjects: false });
  // Escapes exist in double quotes only.
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'string' && node.value.replaceAll('\n', '').search(steering) >= 0) node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0 }).replace(steering, (char) => {
    if (char === '\n') return char;
    const code = char.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
  });
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');
