// The seek bar, and the drawing above it of how much went on and where trouble was.

/** A click this near to a mark means the mark, in pixels: marks are thin. */
const NEAR = 12;

export class Bar {
  private readonly input = document.getElementById("seek") as HTMLInputElement;
  private readonly drawing = document.querySelector<SVGSVGElement>(".track svg")!;
  /** What was drawn is as long as the recording was then; one that goes on is longer. */
  private readonly drawnFor = Number(this.input.max);
  private asked?: number;

  constructor(private readonly go: (ms: number) => void) {
    this.input.addEventListener("input", () => this.ask(Number(this.input.value)));
    this.drawing.addEventListener("click", (event) => this.go(this.meant(event.clientX)));
  }

  show(now: number, length: number, words: string): void {
    this.input.max = String(Math.ceil(length));
    this.input.value = String(this.asked ?? Math.floor(now));
    this.input.style.setProperty("--share", String(now / length));
    this.input.setAttribute("aria-valuetext", words);
    this.drawing.style.setProperty("--drawn", String(Math.min(this.drawnFor / length, 1)));
  }

  /** A drag asks for each pixel; one picture for each frame is enough. */
  private ask(ms: number): void {
    const isFirst = this.asked === undefined;
    this.asked = ms;
    if (!isFirst) return;
    requestAnimationFrame(() => {
      const last = this.asked ?? ms;
      this.asked = undefined;
      this.go(last);
    });
  }

  /** The moment a click on the drawing means: that of the nearest mark, or where no mark is near, of the place itself. */
  private meant(x: number): number {
    const { left, width } = this.drawing.getBoundingClientRect();
    const units = this.drawing.viewBox.baseVal.width;
    const place = (x - left) / width;
    const marks = [...this.drawing.querySelectorAll(".mark")].map((mark) => Number(mark.getAttribute("x")) / units);
    const nearest = marks.reduce((best, mark) => (Math.abs(mark - place) < Math.abs(best - place) ? mark : best), Infinity);
    return (Math.abs(nearest - place) * width <= NEAR ? nearest : place) * this.drawnFor;
  }
}
