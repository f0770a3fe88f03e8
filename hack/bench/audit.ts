import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

interface AuditLine {
  readonly user?: { readonly username?: string };
  readonly verb: string;
  readonly requestURI: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string; readonly namespace?: string };
  readonly responseStatus?: { readonly code?: number };
}

/** The API server's own account of who wrote what, from a moment on. */
export class AuditLog {
  readonly #file: string;
  #from: number;

  constructor(file: string) {
    this.#file = file;
    this.#from = statSync(file).size;
  }

  /** Counts a user's writes in a namespace, by `verb resource/subresource`; refused ones as `409 verb resource`. Trials (`dryRun`) write nothing. */
  writes(username: string, namespace: string): Map<string, number> {
    const counts = new Map<string, number>();
    for (const line of this.#lines()) {
      const { user, verb, requestURI, objectRef, responseStatus } = JSON.parse(line) as AuditLine;
      if (user?.username !== username || objectRef?.namespace !== namespace) continue;
      if (requestURI.includes('dryRun=All') || objectRef.resource === 'approvalpolicies') continue;
      if (!['create', 'update', 'patch', 'delete', 'deletecollection'].includes(verb)) continue;
      const what = `${verb} ${objectRef.resource ?? ''}${objectRef.subresource === undefined ? '' : `/${objectRef.subresource}`}`;
      const code = responseStatus?.code ?? 0;
      const key = code < 300 ? what : `${code} ${what}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }

  #lines(): string[] {
    const file = openSync(this.#file, 'r');
    try {
      const buffer = Buffer.alloc(fstatSync(file).size - this.#from);
      readSync(file, buffer, 0, buffer.length, this.#from);
      return buffer
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== '');
    } finally {
      closeSync(file);
    }
  }
}
