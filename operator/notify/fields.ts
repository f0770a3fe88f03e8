import { z } from 'zod';

/** A host name or address. */
export const HostName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^(\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?)$/, 'expected a host name such as mail.example.com');

/** One mail address and nothing else: no name, no list, no comment. */
const mailPattern =
  /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*$/;
export const MailAddress = z.string().max(254).regex(mailPattern, 'expected one mail address such as approvals@example.com');
export const isMailAddress = (text: string): boolean => MailAddress.safeParse(text).success;

/** Where something is called: https, with no credentials in it. */
export const HttpsUrl = z
  .string()
  .max(2048)
  .refine((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    return url?.protocol === 'https:' && url.username === '' && url.password === '';
  }, 'expected an address that starts with https:// and has no credentials in it');
