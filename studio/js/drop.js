// Files dropped anywhere on the page.

/** Calls `onFiles` with the files of every drop, and `onOver` with whether some hover over the page, when that may have changed.
 *  @param {(files:File[]) => void} onFiles @param {(over:boolean) => void} onOver */
export function listenForDrops(onFiles, onOver) {
  const carriesFile = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
  let depth = 0; // entering a child comes before leaving its parent
  const over = (change) => { depth = Math.max(0, depth + change); onOver(depth > 0); };
  addEventListener('dragenter', (event) => { if (carriesFile(event)) over(1); });
  addEventListener('dragleave', (event) => { if (carriesFile(event)) over(-1); });
  addEventListener('dragover', (event) => { if (carriesFile(event)) event.preventDefault(); });
  addEventListener('drop', (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    over(-depth);
    onFiles([...event.dataTransfer.files]);
  });
}
