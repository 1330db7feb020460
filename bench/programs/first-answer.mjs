/**
 * What it costs, from the start of the process, to have one answer of about 1 KB: by this package (checked against its schema), by bare
 * fetch, or by a peer. Arguments: who asks, the server's origin, and the peer's entry file.
 */
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

const [, , who, url, entry] = process.argv;
const require = createRequire(import.meta.url);
const id = 'a3b1c6e0-0000-4000-8000-000000000001';

const clients = {
  async fetch() {
    const response = await fetch(`${url}/storage/ai.h2o.storage.ProjectService/GetProject`, {
      method: 'POST',
      headers: { authorization: 'Bearer token', 'content-type': 'application/json' },
      body: JSON.stringify({ projectId: id }),
    });
    return (await response.json()).project.id;
  },
  async h2o() {
    const { H2OCloud } = await import('h2o-ai-cloud');
    const cloud = new H2OCloud({ env: {}, services: { mlops: url }, mlopsPlatform: '0.69' });
    return (await cloud.onBehalfOf({ accessToken: 'token' }).mlops.projects.get(id)).id;
  },
  async 'google-auth-library'() {
    const { OAuth2Client } = require(entry);
    const client = new OAuth2Client();
    client.setCredentials({ access_token: 'token', expiry_date: Date.now() + 3_600_000 });
    return (await client.request({ url: `${url}/GetProject` })).data.project.id;
  },
  async openai() {
    const { OpenAI } = require(entry);
    return (await new OpenAI({ apiKey: 'token', baseURL: url }).models.retrieve('gpt-bench')).id;
  },
};

const answer = await clients[who]();
const { user, system } = process.cpuUsage();
if (typeof answer !== 'string') throw new Error('No answer came.');
console.log(JSON.stringify({ cpuMs: (user + system) / 1000, wallMs: performance.now() }));
// What keeps connections open would keep the process open.
process.exit();
