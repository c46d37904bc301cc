/* help.js -- the page /help: marks the section that is being read in the list of contents.
 */
import './frame.js';

const links = new Map([...document.querySelectorAll('.contents a')]
  .map((link) => [link.hash.slice(1), link]));

const observer = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const link = links.get(entry.target.id);
    if (!entry.isIntersecting) continue;
    document.querySelector('.contents [aria-current]')?.removeAttribute('aria-current');
    link?.setAttribute('aria-current', 'true');
  }
}, { rootMargin: '0px 0px -70% 0px' });

for (const id of links.keys()) observer.observe(document.getElementById(id));
