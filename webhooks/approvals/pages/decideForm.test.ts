import { describe, expect, it } from 'vitest';
import type { Question } from '../../../crds/v1alpha1/index.ts';
import { answersOf, decideForm, type DecideForm } from './decideForm.ts';
import { documentOf, html } from './html.ts';

const question = (name: string, type: Question['type'], more: Partial<Question> = {}): Question => ({
  name,
  question: `${name}?`,
  type,
  required: true,
  ...more,
});

const form = (more: Partial<DecideForm> = {}): string =>
  documentOf(
    html`<main>${decideForm({ action: '/x', hidden: {}, verdicts: ['Approve', 'Reject'], rules: [], questions: [], ...more })}</main>`,
  );

describe('the form to decide', () => {
  it('has a label for every field', () => {
    const questions = [
      question('text', 'Text'),
      question('sure', 'Boolean'),
      question('size', 'Number'),
      question('which', 'Choice', { choices: ['a'] }),
    ];
    const page = form({ questions });
    const fields = [...page.matchAll(/<(?:input|textarea|select) id="([^"]+)"/g)].map(([, id]) => id);
    expect(fields).toEqual(['answer.text', 'answer.sure', 'answer.size', 'answer.which', 'reason', 'ticket']);
    for (const id of fields) expect(page).toContain(`<label for="${id}"`);
  });

  it('needs what any of the policies needs, and says what it must match', () => {
    const page = form({
      rules: [{ ticket: { required: true, pattern: '^CHG-' } }, undefined, { ticket: { required: false, pattern: '9$' } }],
    });
    expect(page).toMatch(/<input id="ticket"[^>]* required/);
    expect(page).toContain('(needed), must match ^CHG-, must match 9$');
    expect(page).not.toMatch(/<textarea id="reason"[^>]* required/);
  });

  it('lets a no be sent without the answers that a yes needs', () => {
    expect(form({ questions: [question('sure', 'Boolean')] })).toMatch(/<button class="no"[^>]* formnovalidate/);
    expect(form({ rules: [{ reason: { required: true } }] })).not.toContain('formnovalidate');
  });

  it('shows again what was typed', () => {
    const said = { reason: '</textarea><b>', ticket: '"CHG', 'answer.which': 'b' };
    const page = form({ said, questions: [question('which', 'Choice', { choices: ['a', 'b'] })] });
    expect(page).toContain('&lt;/textarea>&lt;b></textarea>');
    expect(page).toContain('value="&quot;CHG"');
    expect(page).toContain('<option value="b" selected>');
  });

  it('asks for no answers of whoever can only say no', () => {
    expect(form({ verdicts: ['Reject'], questions: [question('sure', 'Boolean')] })).not.toContain('answer.sure');
  });
});

describe('the answers of a form', () => {
  const questions = [
    question('text', 'Text'),
    question('sure', 'Boolean'),
    question('size', 'Number'),
    question('which', 'Choice', { choices: ['a'] }),
  ];

  it('are of the types that the questions have', () => {
    const fields = { 'answer.text': 'one\r\ntwo', 'answer.sure': 'false', 'answer.size': '1.5', 'answer.which': 'a', other: 'x' };
    expect(answersOf(questions, fields)).toEqual({ text: 'one\ntwo', sure: false, size: 1.5, which: 'a' });
  });

  it('that are none of their type stay what was typed, so that it can be told what is wrong', () => {
    expect(answersOf(questions, { 'answer.sure': 'maybe', 'answer.size': 'many' })).toEqual({ sure: 'maybe', size: 'many' });
  });

  it('are none where nothing was answered', () => {
    expect(answersOf(questions, { 'answer.text': ' ', 'answer.sure': '' })).toBeUndefined();
  });
});
