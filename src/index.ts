export * from './errors/base.js';
