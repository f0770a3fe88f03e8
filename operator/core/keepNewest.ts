/** Puts a value into a map as its newest, and takes the oldest out where there are more than so many: whoever brings ever new keys must not fill the memory. */
export function keepNewest<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, most: number): void {
  // A map is in the order in which its keys came, and a key that is there already would keep its place.
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}
