import { describe, expect, it, test } from 'vitest';
import { fetchWithFaults } from '../../../src/local/fault-effects.js';
import { createFaults } from '../../../src/local/faults.js';
import type { FaultCondition } from '../../../src/local/faults.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

const teapot = { status: 418 } as const;
const request = { method: 'POST', path: '/d1/model/score' };

describe('which requests meet a fault', () => {
  test.each<[string, FaultCondition | undefined, boolean]>([
    ['without a condition, every one', undefined, true],
    ['the method, in any case', { method: 'post' }, true],
    ['not another method', { method: 'GET' }, false],
    ['the end of the path', { path: '/model/score' }, true],
    ['not its beginning', { path: '/d1' }, false],
    ['a pattern anywhere in it', { path: /^\/d\d\// }, true],
    ['a pattern with a memory, each time alike', { path: /model/g }, true],
    ['a pattern that is nowhere', { path: /schema/ }, false],
    ['the service', { service: 'scorer' }, true],
    ['not another service', { service: 'gateway' }, false],
    ['all conditions at once', { method: 'POST', path: 'score', service: 'scorer' }, true],
    ['not when one of them fails', { method: 'POST', path: 'score', service: 'gateway' }, false],
  ])('%s', (_, when, expected) => {
    const faults = createFaults((path) => (path.endsWith('/model/score') ? 'scorer' : undefined));
    faults.add({ ...(when === undefined ? {} : { when }), times: 2, then: teapot });
    expect([faults.take(request), faults.take(request)]).toEqual(expected ? [teapot, teapot] : [undefined, undefined]);
  });

  it('once, unless told otherwise', () => {
    const faults = createFaults();
    faults.add({ then: teapot });
    expect([faults.take(request), faults.take(request)]).toEqual([teapot, undefined]);
  });

  it('after those that are to pass first, and only matching ones count', () => {
    const faults = createFaults();
    faults.add({ when: { method: 'POST' }, skip: 1, times: 2, then: teapot });
    const get = { method: 'GET', path: '/' };
    expect([get, request, get, request, request, request].map((each) => faults.take(each))).toEqual([
      undefined,
      undefined,
      undefined,
      teapot,
      teapot,
      undefined,
    ]);
  });

  test.each([99, 101, 600])('not with an answer of status %d, which nothing can give: that is refused at once', (status) => {
    const faults = createFaults();
    expect(() => {
      faults.add({ then: { status } });
    }).toThrow(RangeError);
    expect(faults.take({ method: 'GET', path: '/' })).toBeUndefined();
  });

  it('one at a time, in the order in which they were added', () => {
    const faults = createFaults();
    faults.add({ then: { status: 500 } });
    faults.add({ then: { status: 502 } });
    expect([faults.take(request), faults.take(request), faults.take(request)]).toEqual([{ status: 500 }, { status: 502 }, undefined]);
  });

  it('are listed, until all is cleared', () => {
    const faults = createFaults();
    faults.add({ times: Infinity, then: teapot });
    faults.take(request);
    expect(faults.hits).toEqual([{ ...request, then: teapot }]);
    faults.clear();
    expect(faults.hits).toEqual([]);
    expect(faults.take(request)).toBeUndefined();
  });
});

describe('what a fault does to fetch', () => {
  const cloud = (wanted: Request): Promise<Response> =>
    Promise.resolve(new Response(`answer to ${wanted.method}`, { status: 200, headers: { 'x-true': 'yes' } }));
  const setUp = (): { faults: ReturnType<typeof createFaults>; clock: FakeClock; ask: (init?: RequestInit) => Promise<Response> } => {
    const faults = createFaults();
    const clock = new FakeClock();
    const fetch = fetchWithFaults(faults, clock, cloud);
    return { faults, clock, ask: (init) => fetch(new Request('https://cloud.example/path', init)) };
  };

  it('none: the true answer', async () => {
    expect(await (await setUp().ask()).text()).toBe('answer to GET');
  });

  it('status: an answer of its own, JSON unless it is text', async () => {
    const { faults, ask } = setUp();
    faults.add({ then: { status: 503, headers: { 'retry-after': '1' }, body: { message: 'busy' } } });
    faults.add({ then: { status: 502, body: '<html>', headers: { 'content-type': 'text/html' } } });
    faults.add({ then: { status: 204 } });
    const busy = await ask();
    expect([busy.status, busy.headers.get('retry-after'), busy.headers.get('content-type')]).toEqual([503, '1', 'application/json']);
    expect(await busy.json()).toEqual({ message: 'busy' });
    const page = await ask();
    expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([502, 'text/html', '<html>']);
    expect((await ask()).status).toBe(204);
  });

  it('delay: the true answer when the clock says so', async () => {
    const { faults, clock, ask } = setUp();
    faults.add({ then: { delayMs: 5000 } });
    let answered = false;
    const answer = ask().then((response) => {
      answered = true;
      return response.text();
    });
    await clock.advance(4999);
    expect(answered).toBe(false);
    await clock.advance(1);
    expect(await answer).toBe('answer to GET');
  });

  it('delay: ends when the caller gives up', async () => {
    const { faults, ask } = setUp();
    faults.add({ then: { delayMs: 5000 } });
    const reason = new Error('enough');
    await expect(ask({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('drop: a network error', async () => {
    const { faults, ask } = setUp();
    faults.add({ then: { dropSocket: true } });
    expect((await ask()).type).toBe('error');
  });

  it('cut of the answer: what came before the cut arrives, then the body fails', async () => {
    const { faults, ask } = setUp();
    faults.add({ then: { cutBodyAfterBytes: 6 } });
    const answer = await ask();
    expect([answer.status, answer.headers.get('x-true')]).toEqual([200, 'yes']);
    const body: ReadableStream<Uint8Array> | null = answer.body;
    const reader = body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('answer');
    await expect(reader.read()).rejects.toThrow('terminated');
  });

  it('cut of the answer behind its end changes nothing', async () => {
    const { faults, ask } = setUp();
    faults.add({ then: { cutBodyAfterBytes: 600 } });
    expect(await (await ask()).text()).toBe('answer to GET');
  });

  it('cut of the request: no more is read than that, and the answer is a network error', async () => {
    const { faults, ask } = setUp();
    faults.add({ then: { cutRequestAfterBytes: 3 } });
    let sent = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          sent += 2;
          controller.enqueue(new Uint8Array(2));
        },
      },
      { highWaterMark: 0 },
    );
    expect((await ask({ method: 'POST', body, duplex: 'half' })).type).toBe('error');
    expect(sent).toBe(4);
    faults.add({ then: { cutRequestAfterBytes: 3 } });
    expect((await ask({ method: 'POST', body: 'ab' })).type).toBe('error');
  });
});
