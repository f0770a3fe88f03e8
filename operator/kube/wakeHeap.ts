/** What becomes due at a time. */
export interface Wake<T> {
  readonly at: number;
  readonly item: T;
}

/** A binary heap: the earliest first. */
export class WakeHeap<T> {
  readonly #heap: Wake<T>[] = [];

  get size(): number {
    return this.#heap.length;
  }

  peek(): Wake<T> | undefined {
    return this.#heap[0];
  }

  push(wake: Wake<T>): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(wake);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || parent.at <= wake.at) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = wake;
  }

  pop(): Wake<T> | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const child = this.#earlierChild(at);
      const wake = heap[child];
      if (wake === undefined || wake.at >= last.at) break;
      heap[at] = wake;
      at = child;
    }
    heap[at] = last;
    return first;
  }

  #earlierChild(at: number): number {
    const left = 2 * at + 1;
    const [a, b] = [this.#heap[left], this.#heap[left + 1]];
    return a !== undefined && b !== undefined && b.at < a.at ? left + 1 : left;
  }
}
