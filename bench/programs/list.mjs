/** Reads a list of 10,000 deployments to its end: by this package, or by fetch and JSON.parse. Arguments: who, the server's origin. */
import { performance } from 'node:perf_hooks';
import { H2OCloud } from 'h2o-ai-cloud';

const [, , who, url] = process.argv;
const clients = {
  async fetch() {
    let count = 0;
    for (let token = ''; token !== undefined;) {
      const answer = await fetch(`${url}/deployer/v2/workspaces/project/deployments?pageToken=${token}`);
      const { deployments, nextPageToken } = await answer.json();
      count += deployments.length;
      token = nextPageToken === '' ? undefined : nextPageToken;
    }
    return count;
  },
  async h2o() {
    const cloud = new H2OCloud({ env: {}, services: { mlops: url }, mlopsPlatform: '1.2' });
    const { mlops } = cloud.onBehalfOf({ accessToken: 'token' });
    return (await mlops.deployments.list({ project: 'project' }).toArray()).length;
  },
};

const start = performance.now();
const count = await clients[who]();
console.log(JSON.stringify({ milliseconds: performance.now() - start, count }));
process.exit();
