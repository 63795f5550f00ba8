/** The same with a field of another value, or without it. */
export function withField<Thing extends object, Field extends keyof Thing>(
  thing: Thing,
  field: Field,
  value: Thing[Field] | undefined,
): Thing {
  if (value !== undefined) return { ...thing, [field]: value };
  const { [field]: _previous, ...rest } = thing;
  return rest as Thing;
}
