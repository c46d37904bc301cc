/* theme.js -- puts on a theme before the first paint: the one that the reader has chosen, or else the
 * system's, which may change.
 *
 * A classic script in the head, so that it runs before anything is drawn; frame.js has the switch.
 * The choice is data-chosen of the root, what is worn is data-theme.
 */
(function () {
  'use strict';
  var root = document.documentElement;
  var dark = matchMedia('(prefers-color-scheme: dark)');
  function wear() {
    root.dataset.theme = root.dataset.chosen || (dark.matches ? 'dark' : 'light');
  }
  try {
    var theme = localStorage.getItem('gcglass-theme');
    if (theme === 'light' || theme === 'dark') root.dataset.chosen = theme;
  } catch (error) {
    /* Storage may be forbidden: then the system's theme it is. */
  }
  wear();
  dark.addEventListener('change', wear);
})();
