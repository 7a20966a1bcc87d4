/** A function of objects that aren't changed any more: worked out once for each, and kept as long as the object is. */
export function remembered<K extends object, V extends object | string | number | boolean>(
  work: (key: K) => V,
): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const value = work(key);
    known.set(key, value);
    return value;
  };
}
