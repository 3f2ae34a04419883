import * as v from 'valibot';

const path = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(400));
const paths = v.pipe(v.array(path), v.maxLength(100));

/** What promptfoo's `is-xml` and `contains-xml` take for a value: the elements that have to be there, or nothing. */
export const xmlFormatEntries = {
  value: v.optional(
    v.union([
      paths,
      v.pipe(
        v.string(),
        v.maxLength(20_000),
        v.transform((list) => list.split(',')),
        paths,
      ),
      v.pipe(
        v.strictObject({ requiredElements: v.optional(paths, []) }),
        v.transform(({ requiredElements }) => requiredElements),
      ),
    ]),
    [],
  ),
};
