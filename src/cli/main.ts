#!/usr/bin/env node
/**
 * The program `h2o-ai-cloud`: connects the commands to this process.
 */
import { run } from './run.js';
import { processTerminal } from './terminal.js';

void run(process.argv.slice(2), processTerminal).then((status) => {
  process.exitCode = status;
});
