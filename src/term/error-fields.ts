/** Own fields of an error that are sent apart from the others. */
const ERROR_KEYS: ReadonlySet<string> = new Set(["name", "message", "stack", "cause"]);

/** The own enumerable fields of an error, and the `errors` of an AggregateError. */
export function errorFields(value: Error): Record<string, unknown> {
  const fields: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(value)) {
    if (!ERROR_KEYS.has(key)) fields[key] = (value as unknown as Record<string, unknown>)[key];
  }
  if (value instanceof AggregateError) fields["errors"] = value.errors;
  return fields;
}
