// The horizon: a line on the picture to drag, and a slider that says the same. Until the visitor moves it the
// server's own fit holds; what the server reports is shown, never sent back.

const STEP = 0.01;

export class Horizon {
  /** @param {Object<string, HTMLElement>} el stage, handle, tag, range, output @param {(horizon:number) => void} onMove 0 top to 1 bottom */
  constructor(el, onMove) {
    Object.assign(this, { el, onMove });
    el.range.addEventListener('input', () => this.#move(Number(el.range.value)));
    el.handle.addEventListener('keydown', (event) => this.#key(event));
    this.#dragging();
    this.fitted(null);
  }

  /** Shows the server's fit; null when it is not known. */
  fitted(value) {
    this.#show(value ?? 0.5);
    this.el.output.textContent = value === null ? 'fitted' : `${percent(value)} fitted`;
    this.el.tag.textContent = 'Horizon';
  }

  /** Shows a value the visitor chose earlier. */
  chosen(value) {
    this.#show(value);
    this.el.output.textContent = percent(value);
    this.el.tag.textContent = `Horizon ${percent(value)}`;
  }

  #show(value) {
    this.value = value;
    this.el.handle.style.setProperty('--y', `${value * 100}%`);
    this.el.handle.setAttribute('aria-valuenow', String(Math.round(value * 100)));
    this.el.range.value = String(value);
  }

  #move(value) {
    const clamped = Math.round(Math.min(1, Math.max(0, value)) / STEP) * STEP;
    this.chosen(clamped);
    this.onMove(Number(clamped.toFixed(2)));
  }

  #key(event) {
    const steps = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (!steps) return;
    event.preventDefault();
    event.stopPropagation();
    this.#move(this.value + steps * STEP);
  }

  #dragging() {
    const { handle, stage } = this.el;
    handle.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      handle.setPointerCapture(event.pointerId);
      handle.classList.add('dragging');
    });
    handle.addEventListener('pointermove', (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const box = stage.getBoundingClientRect();
      this.#move((event.clientY - box.top) / box.height);
    });
    handle.addEventListener('lostpointercapture', () => handle.classList.remove('dragging'));
  }
}

const percent = (value) => `${Math.round(value * 100)} %`;
