// The shop of the tests: an order without lines is refused deep inside.
export interface Order { id: string; lines: number[] }

export class Basket {
  constructor(private readonly order: Order) {}

  total(): number {
    return sumOf(this.order.lines);
  }
}

function sumOf(lines: number[]): number {
  if (lines.length === 0) {
    throw new RangeError("an order without lines");
  }
  return lines.reduce((sum, line) => sum + line, 0);
}
