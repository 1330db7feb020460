/**
 * How objects of a class print in `util.inspect` and `console.log`: as a text of ours, never field by field.
 */

const inspectSymbol = Symbol.for('nodejs.util.inspect.custom');

/** Gives a class its printed form; called from the class's static block. */
export function printAs<Instance extends object>(prototype: Instance, print: (instance: Instance) => string): void {
  Object.defineProperty(prototype, inspectSymbol, {
    value(this: Instance): string {
      return print(this);
    },
  });
}
