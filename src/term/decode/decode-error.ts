/** What an `ERROR` term says. */
export interface ErrorParts {
  readonly name: string;
  readonly message: string;
  /** The stack as text; anything else: none. */
  readonly stack: unknown;
  /** Own fields, a plain object. */
  readonly fields: object;
  /** An array of one, the cause; anything else: none. */
  readonly cause: unknown;
}

/** The classes that an error of that name is made with; any other name gives an Error with that name. */
const errorTypes = new Map<string, new (message: string) => Error>(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map((type) => [
    type.name,
    type,
  ]),
);

/** Makes the error. Runs no setter: every field is defined. */
export function buildError({ name, message, stack, fields, cause }: ErrorParts): Error {
  const error = makeError(name, message);
  if (error.name !== name) define(error, "name", name);
  for (const key of Object.keys(fields)) {
    if (key === "message" || key === "stack" || key === "name" || key === "cause") continue;
    const value = (fields as Record<string, unknown>)[key];
    Object.defineProperty(error, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  if (typeof stack === "string") define(error, "stack", stack);
  if (Array.isArray(cause)) define(error, "cause", cause[0]);
  return error;
}

/** Without a stack of our own: it would be replaced, and a stack for each of many errors is a lot of memory. */
function makeError(name: string, message: string): Error {
  const limit: unknown = Error.stackTraceLimit;
  Reflect.set(Error, "stackTraceLimit", 0);
  const type = errorTypes.get(name) ?? Error;
  const error = name === "AggregateError" ? new AggregateError([], message) : new type(message);
  Reflect.set(Error, "stackTraceLimit", limit);
  return error;
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, {
    value,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}
