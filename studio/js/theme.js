// Light and dark: follows the system until the visitor chooses; the choice is kept in this browser.
// Runs before the first paint (a classic script in the head), so that the page never flashes in the wrong theme.
(() => {
  const KEY = 'frameloom.theme';
  const root = document.documentElement;
  const systemDark = matchMedia('(prefers-color-scheme: dark)');

  function stored() {
    try { return localStorage.getItem(KEY); } catch { return null; } // storage may be forbidden
  }
  function store(theme) {
    try { localStorage.setItem(KEY, theme); } catch { /* the choice then lasts as long as the page */ }
  }
  const current = () => root.dataset.theme || (systemDark.matches ? 'dark' : 'light');

  const kept = stored();
  if (kept === 'light' || kept === 'dark') root.dataset.theme = kept;

  addEventListener('DOMContentLoaded', () => {
    document.getElementById('theme')?.addEventListener('click', () => {
      root.dataset.theme = current() === 'dark' ? 'light' : 'dark';
      store(root.dataset.theme);
      dispatchEvent(new Event('themechange'));
    });
  });
  systemDark.addEventListener('change', () => dispatchEvent(new Event('themechange')));
})();
