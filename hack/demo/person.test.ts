import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { NotObserved } from './notObserved.ts';
import { Person } from './person.ts';
import { Terminal } from './terminal.ts';

function alice(): { person: Person; shown: () => string } {
  const out = new PassThrough();
  const terminal = new Terminal(out as unknown as NodeJS.WriteStream);
  const person = new Person('alice', { kubeconfig: '/nowhere', programs: '/nowhere', folder: import.meta.dirname, terminal });
  return { person, shown: () => String(out.read() ?? '') };
}

describe('somebody in the demo', () => {
  it('types a command, which is shown with what it answered', async () => {
    const { person, shown } = alice();
    await person.types('echo one; echo two >&2');
    expect(shown()).toBe('\n   alice$ echo one; echo two >&2\n   one\n   two\n');
  });

  it('notices that a command did not work', async () => {
    await expect(alice().person.types('exit 3')).rejects.toThrow(NotObserved);
  });

  it('notices that what should be refused was not', async () => {
    await expect(alice().person.isRefused('echo forbidden', 'forbidden')).rejects.toThrow('it worked');
  });

  it('notices that something was refused for another reason than it should be', async () => {
    await expect(alice().person.isRefused('echo no such file; false', 'forbidden')).rejects.toThrow('no such file');
  });

  it('stops waiting for what does not become true, and says what it saw last', async () => {
    await expect(alice().person.waitsFor('ready', 'echo pending', (text) => text === 'ready', 1)).rejects.toThrow('pending');
  });
});
