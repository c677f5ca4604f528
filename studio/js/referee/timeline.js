// The bout over time on a canvas: each fencer is a thread that runs while he advances, is hatched where he stands and
// turns back where he retreats; above them who had the right of way, below them where blades met; and the play head.

const GUTTER = 64;  // CSS px at the left, for the names
const MARGIN = 12;  // at the right, so that the play head has room at the end
const ROWS = { way: [12, 10], left: [32, 26], right: [66, 26], blade: [104, 14], axis: [126, 16] }; // top, height

export class BoutTimeline {
  #findings = null;
  #time = 0;
  #colours = null;

  /** @param {HTMLCanvasElement} canvas @param {(seconds:number) => void} onSeek */
  constructor(canvas, onSeek) {
    this.canvas = canvas;
    addEventListener('themechange', () => { this.#colours = null; this.draw(); });
    new ResizeObserver(() => this.draw()).observe(canvas);
    const seek = (event) => onSeek(Math.max(0, Math.min(this.#length, this.#timeAt(event.offsetX))));
    canvas.addEventListener('pointerdown', (event) => { canvas.setPointerCapture(event.pointerId); seek(event); });
    canvas.addEventListener('pointermove', (event) => { if (canvas.hasPointerCapture(event.pointerId)) seek(event); });
  }

  get #length() { return this.#findings?.length || 1; }

  /** Shows another bout. @param {import('./result.js').Findings} findings */
  show(findings) {
    this.#findings = findings;
    this.canvas.setAttribute('aria-label', describe(findings));
    this.draw();
  }

  /** Moves the play head. @param {number} seconds */
  move(seconds) {
    this.#time = seconds;
    this.canvas.dataset.time = seconds.toFixed(3);
    this.draw();
  }

  #x(seconds) { return GUTTER + (seconds / this.#length) * (this.canvas.clientWidth - GUTTER - MARGIN); }

  #timeAt(x) { return ((x - GUTTER) / (this.canvas.clientWidth - GUTTER - MARGIN)) * this.#length; }

  draw() {
    const findings = this.#findings;
    if (!findings || !this.canvas.clientWidth) return;
    const context = this.#prepare();
    this.#names(context);
    this.#axis(context);
    for (const { start, end, holder } of findings.way) this.#bar(context, ROWS.way, start, end, this.#colours[holder] ?? this.#colours.line);
    for (const side of ['left', 'right']) this.#thread(context, side, findings[side]);
    for (const contact of findings.contacts) this.#diamond(context, contact);
    if (findings.hit !== null) this.#hit(context, findings.hit);
    this.#head(context);
  }

  #prepare() {
    this.#colours ??= readColours(this.canvas);
    const { clientWidth, clientHeight } = this.canvas;
    const scale = devicePixelRatio || 1;
    const [width, height] = [Math.round(clientWidth * scale), Math.round(clientHeight * scale)];
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const context = this.canvas.getContext('2d');
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, clientWidth, clientHeight);
    return context;
  }

  #names(context) {
    context.font = this.#colours.text;
    context.textBaseline = 'middle';
    const names = { way: ['priority', this.#colours.faint], left: ['Left', this.#colours.left], right: ['Right', this.#colours.right], blade: ['blades', this.#colours.faint] };
    for (const [row, [name, colour]] of Object.entries(names)) {
      context.fillStyle = colour;
      context.fillText(name, 0, ROWS[row][0] + ROWS[row][1] / 2);
    }
  }

  #axis(context) {
    const [top] = ROWS.axis;
    const step = [0.25, 0.5, 1, 2, 5, 10, 20, 30, 60].find((s) => this.#x(s) - this.#x(0) > 44) ?? 120;
    context.font = this.#colours.font;
    context.textBaseline = 'top';
    for (let time = 0; time <= this.#length + 1e-9; time += step) {
      const x = Math.round(this.#x(time));
      context.fillStyle = this.#colours.line;
      context.fillRect(x, 8, 1, top - 6);
      context.fillStyle = this.#colours.faint;
      context.fillText(time ? `${Number(time.toFixed(2))}` : '0 s', x - (time ? 3 : 0), top);
    }
  }

  #bar(context, [top, height], start, end, colour) {
    context.fillStyle = colour;
    const [from, to] = [this.#x(start), this.#x(end)];
    context.fillRect(from, top, Math.max(1, to - from - 0.5), height);
  }

  #thread(context, side, pauses) {
    const [top, height] = ROWS[side];
    const middle = top + height / 2;
    const colour = this.#colours[side];
    context.strokeStyle = colour;
    context.lineWidth = 2;
    let from = 0;
    for (const { start, end, kind } of [...pauses, { start: this.#length, end: this.#length }]) {
      line(context, this.#x(from), middle, this.#x(start), middle);
      if (end > start) (kind === 'retreat' ? this.#retreat : this.#pause).call(this, context, ROWS[side], start, end, colour);
      from = Math.max(from, end);
    }
  }

  #pause(context, [top, height], start, end, colour) {
    const [from, to] = [this.#x(start), this.#x(end)];
    context.save();
    context.beginPath();
    context.rect(from, top, to - from, height);
    context.clip();
    context.strokeStyle = colour;
    context.lineWidth = 2;
    for (let x = from - height; x < to + height; x += 5) line(context, x, top + height, x + height * 0.45, top);
    context.restore();
  }

  #retreat(context, [top, height], start, end, colour) {
    const [from, to] = [this.#x(start), this.#x(end)];
    context.fillStyle = colour;
    context.fillRect(from, top, to - from, height);
    context.strokeStyle = this.#colours.ground;
    context.lineWidth = 1.5;
    const middle = top + height / 2;
    for (let x = from + 6; x < to - 6; x += 10) { line(context, x + 4, middle - 4, x, middle); line(context, x, middle, x + 4, middle + 4); }
  }

  #diamond(context, time) {
    const [top, height] = ROWS.blade;
    const [x, y] = [this.#x(time), top + height / 2];
    context.fillStyle = this.#colours.blade;
    context.beginPath();
    for (const [dx, dy] of [[0, -6], [6, 0], [0, 6], [-6, 0]]) context.lineTo(x + dx, y + dy);
    context.fill();
  }

  #hit(context, time) {
    const x = this.#x(time);
    context.strokeStyle = this.#colours.hit;
    context.lineWidth = 2;
    context.setLineDash([5, 3]);
    line(context, x, 8, x, ROWS.axis[0] - 2);
    context.setLineDash([]);
  }

  #head(context) {
    const x = this.#x(Math.min(this.#time, this.#length));
    context.fillStyle = this.#colours.ink;
    context.fillRect(x - 1, 0, 2, ROWS.axis[0] - 2);
    context.beginPath();
    for (const [dx, y] of [[-5, 0], [5, 0], [0, 7]]) context.lineTo(x + dx, y);
    context.fill();
  }
}

function line(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

// The same in words, for those who do not see it.
function describe({ left, right, contacts, hit }) {
  const stops = (name, pauses) => `${name} stops or goes back ${pauses.length} times`;
  const end = hit === null ? '' : `, hit at ${hit.toFixed(2)} seconds`;
  return `The bout over time: ${stops('left', left)}, ${stops('right', right)}, ${contacts.length} blade contacts${end}`;
}

// The colours live in the style sheet; a canvas has to be told them.
function readColours(canvas) {
  const probe = document.createElement('i');
  canvas.parentElement.append(probe);
  const read = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
  const colours = {
    left: read('--left'), right: read('--right'), hit: read('--hit'), blade: read('--blade'), line: read('--line'),
    faint: read('--ink-3'), ink: read('--ink'), ground: read('--ground'),
    text: `13px ${getComputedStyle(probe).getPropertyValue('--sans')}`,
    font: `10px ${getComputedStyle(probe).getPropertyValue('--mono')}`,
  };
  probe.remove();
  return colours;
}
