/**
 * A scorer to measure with: ten numbers in, their sum out, with as little work as can be. It runs in a process of its own, and can be
 * delayed by the square of a request's rows, as H2O's Java scorer is. Prints its port.
 *
 *     node scorer-server.mjs [milliseconds for each pair of rows]
 */
import { createServer } from 'node:http';

const fields = Array.from({ length: 10 }, (_, index) => `x${index}`);
const square = Number(process.argv[2] ?? 0);
const toColumn = (name) => ({ name, dataType: 'Float64' });
const schema = JSON.stringify({ id: 'bench', schema: { inputFields: fields.map(toColumn), outputFields: [toColumn('y')] } });

function score(body) {
  const { rows } = JSON.parse(body);
  const cells = rows.map((row) => {
    let sum = 0;
    for (let index = row.length - fields.length; index < row.length; index++) sum += Number(row[index]);
    return `["${sum}"]`;
  });
  return { count: rows.length, answer: `{"id":"bench","fields":["y"],"score":[${cells.join(',')}]}` };
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const send = (answer) => response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
    if (request.url.endsWith('/schema')) return send(schema);
    if (request.url.endsWith('/capabilities')) return send('["SCORE"]');
    const { count, answer } = score(Buffer.concat(chunks).toString());
    if (square === 0) return send(answer);
    setTimeout(send, square * count * count, answer);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.(server.address().port));
process.on('disconnect', () => process.exit());
