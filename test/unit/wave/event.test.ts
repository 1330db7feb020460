/**
 * What a body of Wave's means, and what a browser cannot make it mean.
 */
import { expect, test } from 'vitest';
import { readWaveHeaders, type WaveHeaders } from '../../../src/identity/wave/headers.js';
import { readWaveEvent } from '../../../src/wave/event.js';
import { basic, headersWithoutTab, membersOf, userHeaders } from './fake-waved.js';

const headersOf = (headers: Readonly<Record<string, string>>): WaveHeaders =>
  readWaveHeaders({ headers: { authorization: basic('a', 'b'), ...headers } }, { id: 'a', secret: 'b' });
const tab = headersOf(userHeaders);
const noTab = headersOf(headersWithoutTab);

const disconnect = '{"data": {"":{"@system":{"client_disconnect":true}}}}';
const logout = '{"data": {"":{"@system":{"logout":true}}}}';

test.each<[string, string, WaveHeaders, unknown]>([
  ['a tab that opens', '{"data":{},"headers":{"Cookie":["a=b"]}}', tab, { kind: 'first', args: {} }],
  ['a tab whose headers are not forwarded', '{"data":{"#":"abc"},"headers":{}}', tab, { kind: 'first', args: { '#': 'abc' } }],
  ['an action', '{"data":{"x":1}}', tab, { kind: 'action', args: { x: 1 } }],
  ['an event of a card', '{"data":{"":{"card":{"clicked":"row"}}}}', tab, { kind: 'action', args: { '': { card: { clicked: 'row' } } } }],
  ['a tab that is gone', disconnect, tab, { kind: 'disconnect', args: {} }],
  ['a sign-out', logout, noTab, { kind: 'logout', args: {} }],
  ['a sign-out that a browser made up', logout, tab, { kind: 'action' }],
  ['headers that a browser made up', '{"data":{"headers":{"a":["b"]}}}', tab, { kind: 'action', args: { headers: { a: ['b'] } } }],
  ['half a system event', '{"data":{"":{"@system":{"logout":"true"}}}}', noTab, { kind: 'action' }],
  ['no JSON', '{"data":', tab, undefined],
  ['nothing', '', tab, undefined],
  ['no data', '{}', tab, undefined],
  ['data that is no object', '{"data":5}', tab, undefined],
  ['a list', '[{"data":{}}]', tab, undefined],
  ['data by way of a prototype', '{"__proto__":{"data":{}}}', tab, undefined],
])('%s', (_name, body, headers, expected) => {
  const event = readWaveEvent(body, headers);
  if (expected === undefined) expect(event).toBeUndefined();
  else expect(event).toMatchObject({ ...Object(expected), user: { subject: 'u-1', username: 'zoë', isAnonymous: false } });
});

test('the cookies of the browser are not in the event', () => {
  const event = readWaveEvent('{"data":{},"headers":{"Cookie":["oidcsession=p1anted"]}}', tab);
  expect(JSON.stringify({ ...event, headers: membersOf(event!.headers) })).not.toContain('p1anted');
});
