/**
 * The values of the cookies that an answer sets: its body may quote them, so an error about it must know them to redact them.
 */

export function cookiesIn(headers: Headers): readonly string[] {
  return headers.getSetCookie().flatMap((cookie) => {
    const [pair = ''] = cookie.split(';');
    return [pair, pair.slice(pair.indexOf('=') + 1)];
  });
}
