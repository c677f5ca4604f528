// The sizes of the video, each as a little frame of its own shape.

/** Height and width as the wire has them, and the one that holds the same for the other format. */
export const SIZES = [
  { size: [352, 608], turned: '608,352' },
  { size: [704, 1216], turned: '1216,704' },
  { size: [608, 352], turned: '352,608' },
  { size: [1216, 704], turned: '704,1216' },
];

export class Sizes {
  /** @param {HTMLElement} fieldset @param {(size:[number, number]) => void} onChange */
  constructor(fieldset, onChange) {
    this.fieldset = fieldset;
    for (const { size: [height, width] } of SIZES) fieldset.append(option(height, width));
    fieldset.querySelector('input').checked = true;
    fieldset.addEventListener('change', () => onChange(this.value));
  }

  /** Height, width. */
  get value() { return this.fieldset.querySelector('input:checked').value.split(',').map(Number); }

  /** Turns to the format of a picture, keeping the amount of pixels. @param {boolean} portrait */
  fit(portrait) {
    const [height, width] = this.value;
    if (height > width === portrait) return;
    const { turned } = SIZES.find(({ size }) => size[0] === height && size[1] === width);
    this.fieldset.querySelector(`input[value="${turned}"]`).checked = true;
  }
}

function option(height, width) {
  const label = document.createElement('label');
  const input = Object.assign(document.createElement('input'), { type: 'radio', name: 'size', value: `${height},${width}` });
  const shape = Object.assign(document.createElement('i'), { className: `shape ${width > height ? 'wide' : 'tall'} ${width * height > 500_000 ? 'large' : ''}` });
  const text = Object.assign(document.createElement('span'), { textContent: `${width} × ${height}` });
  label.append(input, shape, text);
  return label;
}
