/**
 * Proxies that check each request and each answer against a published contract (Prism). The variable CHECKS lists them as JSON:
 * [{ "port": 1, "contract": "java", "upstream": "http://127.0.0.1:2" }]. What is wrong stands in the header `sl-violations` of the answer. They end
 * when the standard input does. The first argument is the folder where Prism is installed.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// Prism is no dependency of this package: it is installed beside the other parts of the lab.
const load = createRequire(`${process.argv[2]}/package.json`);
const part = (name) => load(`@stoplight/${name}`);
const { createServer } = part('prism-http-server');
const { getHttpOperationsFromSpec } = part('prism-http');
const { createLogger } = part('prism-core');

for (const { port, contract, upstream } of JSON.parse(process.env.CHECKS)) {
  const operations = await getHttpOperationsFromSpec(fileURLToPath(new URL(`${contract}.openapi.yaml`, import.meta.url)));
  const config = {
    isProxy: true,
    upstream: new URL(upstream),
    validateRequest: true,
    validateResponse: true,
    checkSecurity: true,
    errors: false,
    mock: { dynamic: false },
  };
  const server = createServer(operations, { cors: false, config, components: { logger: createLogger('check', { level: 'silent' }) } });
  await server.listen(port, '127.0.0.1');
}
console.log('READY');
process.stdin.on('end', () => process.exit(0)).resume();
