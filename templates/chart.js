/* chart.js -- every chart of every page: figures against time, histograms, sparklines.
 *
 * Chart.js (Debian's, /static/chart.min.js) draws; it is fetched after the first paint and once.
 * Around it, here, is what it lacks: times and base-1024 sizes on the axes, colours from the style
 * sheet that follow the theme, a legend that is also the read-out of the chosen moment, zooming by
 * dragging, and all of it by keyboard:
 *   ← → Home End   choose a moment        + -   zoom in and out around it
 *   Shift ← →      move what is zoomed    0     everything         Enter   open the moment
 * A colour never says alone what a line is: the legend lists them in the order of the stack.
 */
import { element } from './dom.js';

const SECOND = 1000;
const DRAG_LEAST = 6; /* pixels: less is a click */
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600,
  43200, 86400, 172800, 604800].map((seconds) => seconds * SECOND);
let library = null;
const drawn = new Set(); /* every chart on the page, to be redrawn when the theme changes */

/* Chart.js, once the page has been painted without it. */
function loadLibrary() {
  library ??= new Promise((resolve, reject) => {
    const script = element('script', { src: '/static/chart.min.js' });
    script.addEventListener('load', () => resolve(globalThis.Chart));
    script.addEventListener('error', () => reject(new Error('The charts cannot be drawn: '
      + '/static/chart.min.js was not delivered. The tables hold the same figures.')));
    requestAnimationFrame(() => setTimeout(() => document.head.append(script)));
  });
  return library;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/* Lets go of the charts that have left the page. */
function sweep() {
  for (const one of drawn) {
    if (one.chart && !one.box.isConnected) one.forget();
  }
}

function redrawAll() {
  sweep();
  for (const one of drawn) one.redraw();
}

new MutationObserver(redrawAll).observe(document.documentElement, { attributeFilter: ['data-theme'] });

/* At most five steps of 1, 2, 4 … 512 of a unit: sizes are base 1024. */
function sizeTicks(axis) {
  let step = 1;
  while (axis.max / step > 5) step *= 2;
  axis.ticks = [];
  for (let value = 0; value <= axis.max; value += step) axis.ticks.push({ value });
}

function timeTicks(axis) {
  const span = axis.max - axis.min;
  const room = Math.max(2, Math.floor(axis.width / 96));
  const step = TIME_STEPS.find((one) => span / one <= room) ?? TIME_STEPS.at(-1);
  const zone = new Date(axis.min).getTimezoneOffset() * 60 * SECOND;
  axis.ticks = [];
  for (let at = Math.ceil((axis.min - zone) / step) * step + zone; at <= axis.max; at += step) {
    axis.ticks.push({ value: at });
  }
}

function timeLabel(value, index, ticks) {
  const date = new Date(value);
  const step = ticks.length > 1 ? ticks[1].value - ticks[0].value : SECOND;
  if (step >= TIME_STEPS.at(-3)) return date.toLocaleDateString();
  return date.toLocaleTimeString([], {
    hour: '2-digit', minute: '2-digit', second: step < 60 * SECOND ? '2-digit' : undefined,
  });
}

/* The rule at the chosen moment and the range that is being dragged. */
const marks = {
  id: 'marks',
  afterDatasetsDraw(chart) {
    const { ctx, chartArea: area, scales: { x } } = chart;
    const { chosenAt, dragged } = chart.config.options.marks;
    ctx.save();
    if (dragged) {
      ctx.globalAlpha = 0.2;
      ctx.fillStyle = colour('--accent');
      ctx.fillRect(Math.min(...dragged), area.top, Math.abs(dragged[1] - dragged[0]), area.height);
    }
    if (chosenAt !== null) {
      const at = Math.round(x.getPixelForValue(chosenAt)) + 0.5;
      ctx.globalAlpha = 1;
      ctx.strokeStyle = colour('--text');
      ctx.beginPath();
      ctx.moveTo(at, area.top);
      ctx.lineTo(at, area.bottom);
      ctx.stroke();
    }
    ctx.restore();
  },
};

/* Counts have no halves: at most six steps of 1, 2, 5, 10 … */
function countTicks(axis) {
  let step = 1;
  for (let i = 0; axis.max / step > 6; i++) step *= [2, 2.5, 2][i % 3];
  axis.ticks = [];
  for (let value = 0; value <= axis.max; value += step) axis.ticks.push({ value });
}

function valueAxis({ ticks, format, position, grid }) {
  return {
    position,
    beginAtZero: true,
    grace: '2%',
    border: { display: false },
    grid: { color: colour('--line'), drawBorder: false, drawOnChartArea: grid, drawTicks: false },
    ticks: { color: colour('--grey'), callback: (value) => format(value), maxTicksLimit: 6, padding: 6 },
    afterBuildTicks: ticks,
  };
}

function commonOptions() {
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    parsing: false,
    normalized: true,
    events: [],
    font: { family: getComputedStyle(document.body).fontFamily, size: 12 },
    plugins: { legend: { display: false }, tooltip: { enabled: false } },
  };
}

/* What all charts share: a canvas of a fixed height, the library, an end. */
class Drawing {
  constructor(className, label) {
    this.canvas = element('canvas', { role: 'img', tabindex: '0', 'aria-label': label });
    this.box = element('div', { class: `canvas-place ${className}` }, this.canvas);
    this.chart = null;
    sweep();
    drawn.add(this);
  }

  forget() {
    this.chart?.destroy();
    drawn.delete(this);
  }

  /* Draws CONFIGURATION anew, or says why there is no chart. */
  async draw(configuration) {
    this.wanted = configuration;
    try {
      const Chart = await loadLibrary();
      if (this.wanted !== configuration) return; /* a newer one is on its way */
      this.chart?.destroy();
      this.chart = new Chart(this.canvas, configuration());
    } catch (error) {
      this.box.replaceChildren(element('p', { class: 'grey' }, error.message));
    }
  }

  redraw() {
    if (this.wanted) this.draw(() => this.configuration());
  }
}

/* Lines, areas and bars against time.
   AXES: { y: { format, sizes, counts }, y2: … }, sizes: ticks of base 1024; counts: whole ones.
   WORDS (index): the moment in words.  ZOOM (from, to): the reader wants indices FROM to TO only,
   or all (null, null); absent: no zooming.  OPEN (index): Enter.
   HIDDEN: a Set of keys of series; changed by the legend, which then calls TOGGLED.  */
export class TimeChart extends Drawing {
  constructor(place, { label, axes, words, zoom, open, hidden = new Set(), toggled = () => {} }) {
    super('tall', label);
    Object.assign(this, { label, axes, words, zoom, open, hidden, toggled });
    this.legend = element('ul', { class: 'legend', 'aria-label': 'Series, from the top' });
    this.reading = element('figcaption', { 'aria-live': 'polite' });
    this.chosen = null; /* an index, or null: the last */
    this.data = { times: [], series: [] };
    place.replaceChildren(element('figure', { class: 'chart' }, this.box, this.reading, this.legend));
    this.watchPointer();
    this.canvas.addEventListener('keydown', (event) => this.key(event));
  }

  /* TIMES: Unix milliseconds, ascending.  SERIES, from the bottom of the stack: { key, name,
     colour (a variable), values, kind: "area" | "line" | "bars", axis, format, href,
     sparse (values that are null are passed over) }. */
  show(data) {
    const keys = (series) => series.map((one) => `${one.key} ${one.name} ${one.href}`).join('\n');
    const same = keys(data.series) === keys(this.data.series);
    const at = this.chosen === null ? null : this.data.times[this.chosen];
    this.data = data;
    this.chosen = at === null ? null : this.nearest(at);
    if (!same || !this.legend.firstChild) this.drawLegend();
    this.read(this.chosen);
    if (same && this.chart && data.times.length > 1) this.update();
    else this.draw(() => this.configuration());
  }

  nearest(time) {
    const { times } = this.data;
    let low = 0;
    for (let high = times.length - 1; low < high;) {
      const middle = (low + high) >> 1;
      if (times[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low > 0 && time - times[low - 1] < times[low] - time ? low - 1 : low;
  }

  datasets() {
    const { times, series } = this.data;
    const stacked = series.some((one) => one.stacked);
    return series.map((one) => ({
      key: one.key,
      type: one.kind === 'bars' ? 'bar' : 'line',
      yAxisID: one.axis ?? 'y',
      stack: stacked ? 'all' : one.key,
      hidden: this.hidden.has(one.key),
      data: times.map((x, i) => ({ x, y: one.values[i] })),
      fill: one.kind === 'area' ? (stacked ? 'stack' : 'origin') : false,
      backgroundColor: one.kind === 'area' ? `${colour(one.colour)}99` : colour(one.colour),
      borderColor: colour(one.colour),
      borderWidth: one.kind === 'bars' ? 0 : 1.5,
      borderDash: one.dashed ? [5, 4] : [],
      barThickness: 3,
      order: { bars: 0, line: 1, area: 2 }[one.kind], /* the first is drawn over the others */
      spanGaps: one.sparse ?? false,
      pointRadius: times.length === 1 || (one.sparse && one.values.filter((value) => value !== null).length === 1) ? 4 : 0,
      pointBackgroundColor: colour(one.colour),
    }));
  }

  configuration() {
    const { times, series } = this.data;
    const scales = {
      x: {
        type: 'linear',
        offset: false,
        min: times[0],
        max: Math.max(times.at(-1), times[0] + SECOND),
        grid: { display: false, drawBorder: false },
        ticks: { color: colour('--grey'), callback: timeLabel, maxRotation: 0 },
        afterBuildTicks: timeTicks,
      },
    };
    for (const [name, { format, sizes, counts }] of Object.entries(this.axes)) {
      scales[name] = {
        ...valueAxis({
          ticks: (sizes && sizeTicks) || (counts && countTicks) || undefined, format, grid: name === 'y',
          position: name === 'y' ? 'left' : 'right',
        }),
        stacked: series.some((one) => one.stacked),
      };
    }
    return {
      type: 'line',
      data: { datasets: this.datasets() },
      options: {
        ...commonOptions(), scales, marks: { chosenAt: this.chosenTime(), dragged: null },
      },
      plugins: [marks],
    };
  }

  update() {
    const { options } = this.chart.config;
    this.chart.data.datasets = this.datasets();
    options.scales.x.min = this.data.times[0];
    options.scales.x.max = this.data.times.at(-1);
    options.marks.chosenAt = this.chosenTime();
    this.chart.update('none');
  }

  chosenTime() {
    return this.chosen === null ? null : this.data.times[this.chosen];
  }

  drawLegend() {
    this.values = [];
    this.legend.replaceChildren(...this.data.series.map((one, i) => {
      const box = element('input', {
        type: 'checkbox', checked: !this.hidden.has(one.key), 'aria-label': `Show ${one.name}`,
      });
      box.style.accentColor = `var(${one.colour})`;
      box.addEventListener('change', () => this.toggle(one.key, box.checked));
      this.values[i] = element('span', { class: 'value' });
      const name = element(one.href ? 'a' : 'span', { href: one.href, class: 'name', dir: 'auto', title: one.name },
        one.name);
      return element('li', {}, box, name, this.values[i]);
    }).reverse());
  }

  toggle(key, shown) {
    if (shown) this.hidden.delete(key);
    else this.hidden.add(key);
    this.toggled();
    for (const set of this.chart?.data.datasets ?? []) set.hidden = this.hidden.has(set.key);
    this.chart?.update('none');
  }

  /* Shows only the series that PICK (series) wants. */
  pick(pick) {
    for (const one of this.data.series) {
      if (pick(one)) this.hidden.delete(one.key);
      else this.hidden.add(one.key);
    }
    this.drawLegend();
    this.read(this.chosen);
    this.toggle(null, true);
  }

  /* Shows the moment INDEX in words and in the legend; null: the last, without a rule. */
  read(index) {
    const last = this.data.times.length - 1;
    if (last < 0) return;
    this.chosen = index === null ? null : Math.max(0, Math.min(last, index));
    const at = this.chosen ?? last;
    this.data.series.forEach((one, i) => {
      const format = one.format ?? this.axes[one.axis ?? 'y'].format;
      this.values[i].replaceChildren(format(one.values[at]));
    });
    this.reading.replaceChildren(...[this.words(at)].flat());
    if (!this.chart) return;
    this.chart.config.options.marks.chosenAt = this.chosenTime();
    this.chart.draw();
  }

  indexAt(event) {
    const x = event.clientX - this.canvas.getBoundingClientRect().left;
    return this.nearest(this.chart.scales.x.getValueForPixel(x));
  }

  watchPointer() {
    let from = null;
    const offset = (event) => event.clientX - this.canvas.getBoundingClientRect().left;
    const drag = (range) => {
      this.chart.config.options.marks.dragged = range;
      this.chart.draw();
    };
    this.canvas.addEventListener('pointerdown', (event) => {
      if (!this.chart || !this.zoom || event.button !== 0) return;
      from = { x: offset(event), index: this.indexAt(event) };
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener('pointermove', (event) => {
      if (!this.chart) return;
      this.read(this.indexAt(event));
      if (from) drag([from.x, offset(event)]);
    });
    const up = (event) => {
      if (!from) return;
      const far = Math.abs(offset(event) - from.x) >= DRAG_LEAST;
      const range = [from.index, this.indexAt(event)].sort((a, b) => a - b);
      from = null;
      drag(null);
      if (event.type === 'pointerup' && far && range[1] > range[0]) this.zoom(...range);
    };
    this.canvas.addEventListener('pointerup', up);
    this.canvas.addEventListener('pointercancel', up);
    this.canvas.addEventListener('pointerleave', () => { if (!from) this.read(null); });
    this.canvas.addEventListener('dblclick', () => this.zoom?.(null, null));
  }

  key(event) {
    const last = this.data.times.length - 1;
    const at = this.chosen ?? last;
    const half = Math.max(1, Math.round(last / 4));
    const actions = {
      ArrowLeft: () => (event.shiftKey ? this.zoom?.(-half, last - half) : this.read(at - 1)),
      ArrowRight: () => (event.shiftKey ? this.zoom?.(half, last + half) : this.read(at + 1)),
      Home: () => this.read(0),
      End: () => this.read(last),
      '+': () => this.zoom?.(Math.max(0, at - half), Math.min(last, at + half)),
      '-': () => this.zoom?.(-2 * half, last + 2 * half),
      0: () => this.zoom?.(null, null),
      Enter: () => this.open?.(at),
      Escape: () => this.read(null),
    };
    if (!(event.key in actions) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  }
}

/* Bars, one for each of BARS { name, value (a count), words }, read out by pointer and arrow keys. */
export class Histogram extends Drawing {
  constructor(place, { label, format, colour: variable = '--series-1' }) {
    super('low', label);
    Object.assign(this, { format, variable, bars: [], chosen: 0 });
    this.reading = element('figcaption', { 'aria-live': 'polite' });
    place.replaceChildren(element('figure', { class: 'chart' }, this.box, this.reading));
    this.canvas.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      this.read(this.chosen + step);
    });
    this.canvas.addEventListener('pointermove', (event) => {
      const x = this.chart?.scales.x.getValueForPixel(event.offsetX);
      if (x !== undefined) this.read(x);
    });
  }

  show(bars) {
    this.bars = bars;
    this.read(bars.reduce((best, one, i) => (one.value > bars[best].value ? i : best), 0));
    this.draw(() => this.configuration());
  }

  configuration() {
    return {
      type: 'bar',
      data: {
        labels: this.bars.map((one) => one.name),
        datasets: [{
          data: this.bars.map((one) => one.value), backgroundColor: colour(this.variable),
          minBarLength: 1, categoryPercentage: 0.9, barPercentage: 0.95,
        }],
      },
      options: {
        ...commonOptions(),
        parsing: true,
        scales: {
          x: {
            grid: { display: false, drawBorder: false },
            ticks: { color: colour('--grey'), maxRotation: 0, autoSkipPadding: 8 },
          },
          y: valueAxis({ ticks: countTicks, format: this.format, grid: true, position: 'left' }),
        },
      },
    };
  }

  read(index) {
    this.chosen = Math.max(0, Math.min(this.bars.length - 1, index));
    this.reading.textContent = this.bars[this.chosen]?.words ?? '';
  }
}

/* VALUES as a line as high as a row; WORDS says the same to screen readers. */
export class Sparkline extends Drawing {
  constructor(place, words) {
    super('spark', words);
    this.canvas.removeAttribute('tabindex');
    this.box.title = words;
    place.replaceChildren(this.box);
  }

  show(values) {
    this.values = values;
    this.draw(() => this.configuration());
  }

  configuration() {
    const axis = { display: false, type: 'linear' };
    const low = Math.min(...this.values);
    const high = Math.max(...this.values);
    const room = Math.max(1, high * 0.02, (high - low) * 0.1);
    return {
      type: 'line',
      data: {
        datasets: [{
          data: this.values.map((y, x) => ({ x, y })), borderColor: colour('--accent'),
          borderWidth: 1.5, pointRadius: 0,
        }],
      },
      options: {
        ...commonOptions(),
        scales: {
          x: { ...axis, min: 0, max: this.values.length - 1 },
          y: { ...axis, min: low - room, max: high + room },
        },
      },
    };
  }
}
