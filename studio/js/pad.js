// The W A S D pad: pointers of every kind. Each finger holds its own key, and may slide from one to another.

/** Connects the pad's buttons to what is held. @param {HTMLElement} pad @param {import('./keys.js').HeldKeys} held */
export function connectPad(pad, held) {
  const source = (event) => `pointer ${event.pointerId}`;
  const keyUnder = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest('#pad [data-key]')?.dataset.key;

  pad.addEventListener('pointerdown', (event) => {
    const key = event.target.closest('[data-key]')?.dataset.key;
    if (!key || event.button !== 0) return;
    event.preventDefault();
    pad.setPointerCapture(event.pointerId);
    held.press(source(event), key);
  });
  pad.addEventListener('pointermove', (event) => {
    if (!pad.hasPointerCapture(event.pointerId)) return;
    const key = keyUnder(event);
    if (key) held.press(source(event), key);
  });
  for (const end of ['pointerup', 'pointercancel', 'lostpointercapture']) {
    pad.addEventListener(end, (event) => held.release(source(event)));
  }
  pad.addEventListener('contextmenu', (event) => event.preventDefault());
  connectActivation(pad, held);
}

// Space and Enter hold a focused pad button, as they would hold a key.
function connectActivation(pad, held) {
  const activates = (event) => event.code === 'Space' || event.code === 'Enter';
  pad.addEventListener('keydown', (event) => {
    const key = event.target.dataset?.key;
    if (!key || !activates(event)) return;
    event.preventDefault();
    held.press(event.code, key);
  });
  pad.addEventListener('keyup', (event) => { if (activates(event)) event.preventDefault(); });
}

/** Shows which keys are held. */
export function showHeld(pad, keys) {
  for (const button of pad.querySelectorAll('[data-key]')) {
    button.classList.toggle('held', keys.has(button.dataset.key));
  }
}
