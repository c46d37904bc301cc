/* theme.js -- puts on the theme the reader chose, before the first paint.
 *
 * A classic script in the head, so that it runs before anything is drawn; frame.js has the switch.
 */
(function () {
  'use strict';
  try {
    var theme = localStorage.getItem('gcglass-theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch (error) {
    /* Storage may be forbidden: then the system's theme it is. */
  }
})();
