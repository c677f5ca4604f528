// The code block: three languages as tabs, and a copy button that copies what is shown.

const LANGUAGES = { curl: 'curl', python: 'Python', js: 'JS' };

export class Code {
  #language = 'curl';
  #subject = null;

  /** @param {Object<string, HTMLElement>} el tabs, pane, code, copy
   *  @param {{curl, python, js}} snippets each makes a program of a subject */
  constructor(el, snippets) {
    Object.assign(this, { el, snippets });
    this.tabs = [...el.tabs.querySelectorAll('[role=tab]')];
    for (const tab of this.tabs) tab.addEventListener('click', () => this.#choose(tab));
    el.tabs.addEventListener('keydown', (event) => this.#key(event));
    el.copy.addEventListener('click', () => this.#copy());
  }

  /** Shows the programs for a subject, such as a walk. */
  show(subject) {
    this.#subject = subject;
    this.el.code.textContent = this.snippets[this.#language](subject);
  }

  #choose(tab) {
    this.#language = tab.id.slice('tab-'.length);
    for (const other of this.tabs) {
      other.setAttribute('aria-selected', String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
    }
    this.el.pane.setAttribute('aria-labelledby', tab.id);
    this.el.copy.textContent = `Copy as ${LANGUAGES[this.#language]}`;
    if (this.#subject) this.show(this.#subject);
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const at = this.tabs.indexOf(event.target);
    const tab = this.tabs[(at + step + this.tabs.length) % this.tabs.length];
    tab.focus();
    this.#choose(tab);
  }

  async #copy() {
    const done = await copyText(this.el.code.textContent);
    if (!done) getSelection().selectAllChildren(this.el.code);
    this.el.copy.textContent = done ? 'Copied' : 'Selected: press Ctrl C';
    setTimeout(() => { this.el.copy.textContent = `Copy as ${LANGUAGES[this.#language]}`; }, 1600);
  }
}

// The clipboard is only given to secure pages (https or this machine); elsewhere the text is selected instead.
async function copyText(text) {
  try { await navigator.clipboard.writeText(text); return true; } catch { return false; }
}
