// Which of W, A, S, D is held, whatever holds it: keyboard, pointer, several fingers.
// Key *state*, not key events: what is held is said again every 100 ms, and nothing is said once it is let go,
// so a lost "key up" cannot leave anybody walking.

const REPEAT_MS = 100;
const CODES = {
  KeyW: 'w', KeyA: 'a', KeyS: 's', KeyD: 'd', ArrowUp: 'w', ArrowLeft: 'a', ArrowDown: 's', ArrowRight: 'd',
};

export class HeldKeys {
  #held = new Map(); // source ("KeyW", "pointer 3") → key, in the order of pressing
  #timer = 0;
  #onHold;
  #onChange;

  /** @param {(key:string, fresh:boolean) => void} onHold @param {(held:Set<string>) => void} onChange */
  constructor(onHold, onChange) {
    this.#onHold = onHold;
    this.#onChange = onChange;
  }

  /** The key that counts: the one pressed last. The wire takes one action at a time. */
  get current() { return [...this.#held.values()].at(-1) ?? null; }

  press(source, key) {
    if (this.#held.get(source) === key) return;
    this.#held.delete(source);
    this.#held.set(source, key);
    this.#changed(true);
  }

  release(source) { if (this.#held.delete(source)) this.#changed(false); }

  clear() {
    if (this.#held.size === 0) return;
    this.#held.clear();
    this.#changed(false);
  }

  #changed(fresh) {
    clearInterval(this.#timer);
    this.#onChange(new Set(this.#held.values()));
    const key = this.current;
    if (!key) return;
    this.#onHold(key, fresh);
    this.#timer = setInterval(() => this.#onHold(this.current, false), REPEAT_MS);
  }
}

const takesLetters = (el) => el instanceof HTMLElement && (el.isContentEditable || /^(SELECT|TEXTAREA)$/.test(el.tagName)
  || (el.tagName === 'INPUT' && !/^(range|radio|checkbox|button)$/.test(el.type)));
const takesArrows = (el) => el instanceof HTMLElement && (el.tagName === 'INPUT' || el.matches('[role=slider],[role=tab],[role=tabpanel],pre'));

/** Walks by keyboard: physical W, A, S, D and the arrows, wherever the focus has no use for them itself. */
export function listenToKeyboard(held) {
  addEventListener('keydown', (event) => {
    const key = CODES[event.code];
    if (!key || event.ctrlKey || event.metaKey || event.altKey || takesLetters(event.target)) return;
    if (event.code.startsWith('Arrow') && takesArrows(event.target)) return;
    event.preventDefault();
    if (!event.repeat) held.press(event.code, key);
  });
  addEventListener('keyup', (event) => held.release(event.code));
  addEventListener('blur', () => held.clear());
  document.addEventListener('visibilitychange', () => { if (document.hidden) held.clear(); });
}
