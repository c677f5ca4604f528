// A whole video file sent to `POST /analyze`, for what only the server can read. One answer comes, at the end.

import { at } from './address.js';
import { LineLost, Refusal } from './line.js';

export class WholeUpload {
  #request = null;

  /** @param {import('./bout.js').Whole} bout @param {import('./stream.js').Ears} ears */
  constructor(bout, ears) { Object.assign(this, { bout, ears }); }

  /** @param {File} signal @returns {Promise<object>} the result @throws {Refusal|LineLost} */
  judge(signal) {
    const form = new FormData();
    form.append('video', this.bout.file, this.bout.name);
    form.append('signal', signal, signal.name);
    const request = this.#request = new XMLHttpRequest(); // fetch cannot tell how much has been sent
    this.ears.phase('sending');
    return new Promise((resolve, reject) => {
      request.upload.onprogress = ({ loaded }) => this.ears.bytes(loaded);
      request.upload.onload = () => this.ears.phase('judging');
      request.onload = () => (request.status === 200 ? resolve(JSON.parse(request.responseText)) : reject(refusal(request)));
      request.onerror = () => reject(new LineLost('The connection was lost.'));
      request.onabort = () => reject(new LineLost('Stopped.'));
      request.open('POST', at('/analyze'));
      request.send(form);
    });
  }

  stop() { this.#request?.abort(); }
}

function refusal(request) {
  let detail = request.responseText;
  try {
    const said = JSON.parse(detail).detail;
    detail = Array.isArray(said) ? said.map((fault) => fault.msg).join('; ') : said ?? detail;
  } catch { /* it is no JSON: what it says is the reason */ }
  return new Refusal({ error_code: `HTTP_${request.status}`, error_message: detail || `status ${request.status}` });
}
