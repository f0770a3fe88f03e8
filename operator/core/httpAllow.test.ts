import { describe, expect, it } from 'vitest';
import { callFault, namesHost, parseAllowedHost, type AllowedHost } from './httpAllow.ts';

const list = (...texts: string[]): AllowedHost[] => texts.map((text) => parseAllowedHost(text)!);

describe('an entry of the list', () => {
  it.each<[string, AllowedHost]>([
    ['hooks.example.com', { host: 'hooks.example.com', below: false, port: 443 }],
    ['Hooks.Example.com:8443', { host: 'hooks.example.com', below: false, port: 8443 }],
    ['*.example.com', { host: 'example.com', below: true, port: 443 }],
    ['*.svc.cluster.local:9000', { host: 'svc.cluster.local', below: true, port: 9000 }],
    ['10.0.0.7', { host: '10.0.0.7', below: false, port: 443 }],
    ['[::1]:8443', { host: '[::1]', below: false, port: 8443 }],
  ])('%s is read', (text, expected) => {
    expect(parseAllowedHost(text)).toEqual(expected);
  });

  it.each(['', '*', '*.', 'https://x.example', 'x.example/', 'x y', 'x:0', 'x:99999', 'a.*.example', '-x', 'x..y', '*example.com'])(
    '"%s" is refused',
    (text) => {
      expect(parseAllowedHost(text)).toBeUndefined();
    },
  );
});

describe('a call', () => {
  it.each([
    ['https://hooks.example.com/x?y=z', ['hooks.example.com']],
    ['https://HOOKS.example.com:443/', ['hooks.example.com']],
    ['https://hooks.example.com./', ['hooks.example.com']],
    ['https://hooks.example.com:8443/', ['hooks.example.com:8443']],
    ['https://a.b.example.com/', ['*.example.com']],
    ['https://[::1]:8443/', ['[::1]:8443']],
    ['https://0x7f.1/', ['127.0.0.1']],
  ])('of %s is allowed by %s', (url, allowed) => {
    expect(callFault(url, list(...allowed))).toBeUndefined();
  });

  it.each([
    ['https://hooks.example.com/', [], /no host is allowed yet/],
    ['https://hooks.example.com:8443/', ['hooks.example.com'], /hooks\.example\.com:8443 may not be called: .*COUNTERSIGN_HTTP_ALLOW/],
    ['https://example.com/', ['*.example.com'], /may not be called/],
    ['https://evilexample.com/', ['*.example.com'], /may not be called/],
    ['https://hooks.example.com.evil.example/', ['hooks.example.com'], /may not be called/],
    ['https://hooks.example.com@evil.example/', ['hooks.example.com'], /user name or password/],
    ['https://evil.example/#hooks.example.com', ['hooks.example.com'], /evil\.example may not be called/],
    ['https://evil.example\\@hooks.example.com/', ['hooks.example.com'], /evil\.example may not be called/],
    ['http://hooks.example.com/', ['hooks.example.com'], /starts with http:\/\/; expected https/],
    ['https://', ['hooks.example.com'], /no URL/],
    ['https://2130706433/', ['hooks.example.com'], /127\.0\.0\.1 may not be called/],
  ])('of %s is refused by %s', (url, allowed, why) => {
    expect(callFault(url, list(...allowed))).toMatch(why);
  });
});

describe('a host', () => {
  it('is named by itself, and not by what it lies below', () => {
    expect(namesHost(list('db.tools.svc:8443'), 'db.tools.svc')).toBe(true);
    expect(namesHost(list('*.tools.svc'), 'db.tools.svc')).toBe(false);
    expect(namesHost([], 'db.tools.svc')).toBe(false);
  });
});
