// Chart: a plot with its controls, its legend and the values under the cursor. The view is a plain object, which the
// address of the page holds.
{
  const { element } = alrc;
  const windows = [1, 10, 50, 100, 500, 1000, 2500, 10000];

  class Chart {
    // source has lines, and may have refine(chart), which asks for finer detail, and around(line, step), which tells what
    // happened there. options: id, title, xLabel, yLabel, log, window, view (from the address), changed (called with it).
    constructor(host, source, options) {
      Object.assign(this, { host, source, xLabel: 'step', yLabel: 'loss', changed: () => {} }, options);
      this.start = {
        x: null, y: null, log: Boolean(options.log), axis: 'step', window: options.window || 1, seeds: 'band', raw: true, thresholds: true,
        marks: true, off: new Set(), panel: source.lines.length > 0 ? source.lines[0].panel : '',
      };
      this.view = { ...this.start, ...options.view, off: new Set(options.view ? options.view.off : []) };
      this.build();
      this.plot = new alrc.Plot(this.area, this);
      this.update(true);
    }

    // panel is the lines that can be shown together: all, where the chart is not divided.
    panel() {
      const inside = this.source.lines.filter(line => line.panel === this.view.panel);
      return inside.length > 0 ? inside : this.source.lines;
    }

    lines() {
      return this.panel().filter(line => !this.view.off.has(line.group));
    }

    curves() {
      if (!this.kept) this.kept = alrc.curves(this.lines(), this.view, this.view.window);
      return this.kept;
    }

    marks() {
      if (this.keptMarks) return this.keptMarks;
      const list = [];
      for (const line of this.lines()) {
        const xs = alrc.abscissae(line, this.view.axis);
        for (const mark of line.marks) list.push({ ...mark, line, color: line.color, x: xs === line.x ? mark.step : alrc.between(line.x, xs, mark.step) });
      }
      list.sort((a, b) => a.x - b.x);
      return (this.keptMarks = list);
    }

    // refresh draws what is there, after the source has more or the view has changed.
    refresh(kind) {
      this.kept = this.keptMarks = null;
      if (kind === 'axes') this.plot.rebuild();
      else this.plot.redraw();
      this.told = undefined;
      this.pointed(this.at === undefined ? null : this.at);
    }

    // suggest changes what the view begins with, and so what is shown of it that nobody has changed.
    suggest(start) {
      const { log } = this.view;
      for (const [name, value] of Object.entries(start)) {
        if (this.view[name] === this.start[name]) this.view[name] = value;
        this.start[name] = value;
      }
      this.refresh(this.view.log === log ? undefined : 'axes');
    }

    update(quiet) {
      for (const [name, button] of Object.entries(this.buttons)) button.setAttribute('aria-pressed', String(this.pressed(name)));
      this.buttons.time.hidden = !this.panel().some(line => line.time);
      this.buttons.seeds.hidden = new Set(this.panel().map(line => line.group)).size === this.panel().length;
      this.buttons.thresholds.hidden = !this.panel().some(line => line.threshold);
      this.buttons.marks.hidden = !this.panel().some(line => line.marks.length > 0);
      this.buttons.whole.disabled = !this.view.x && !this.view.y;
      const window = String(this.view.window);
      if (![...this.choice.options].some(o => o.value === window)) this.choice.append(element('option', { value: window }, alrc.count(this.view.window) + ' steps'));
      this.choice.value = window;
      const panels = [...new Set(this.source.lines.map(line => line.panel))];
      this.panels.hidden = panels.length < 2;
      if (panels.length !== this.panels.options.length) this.panels.replaceChildren(...panels.map(p => element('option', { value: p }, p)));
      this.panels.value = this.view.panel;
      this.drawLegend();
      if (!quiet) this.changed(this.view, this);
    }

    pressed(name) {
      const { view } = this;
      return { log: view.log, time: view.axis === 'time', seeds: view.seeds === 'each', raw: view.raw, thresholds: view.thresholds, marks: view.marks }[name] || false;
    }

    set(change, kind) {
      Object.assign(this.view, change);
      this.refresh(kind);
      this.update();
    }

    toggle(name) {
      const { view } = this;
      if (this.buttons[name] && this.buttons[name].hidden) return;
      switch (name) {
        case 'log': return this.set({ log: !view.log, y: null }, 'axes');
        case 'time': return this.set({ axis: view.axis === 'time' ? 'step' : 'time', x: null, y: null }, 'axes');
        case 'seeds': return this.set({ seeds: view.seeds === 'each' ? 'band' : 'each' });
        case 'whole': return this.zoomed(null, null);
        default: return this.set({ [name]: !view[name] });
      }
    }

    zoomed(x, y) {
      const whole = this.plot.full;
      if (x) {
        x = [Math.max(x[0], whole[0]), Math.min(x[1], whole[1])];
        // Nearer than a few steps there is nothing to see.
        const least = this.view.axis === 'step' ? 4 : (whole[1] - whole[0]) / 1e6;
        if (x[1] - x[0] < least) x = [(x[0] + x[1] - least) / 2, (x[0] + x[1] + least) / 2];
        if (x[0] <= whole[0] && x[1] >= whole[1]) x = null;
      }
      this.set({ x, y });
      if (this.source.refine) this.source.refine(this);
    }

    // zoom makes the range of steps so many times as wide, about its middle or the cursor.
    zoom(factor) {
      const [from, to] = this.plot.x;
      const about = this.at !== undefined && this.at !== null && this.at >= from && this.at <= to ? this.at : (from + to) / 2;
      this.zoomed([about - (about - from) * factor, about + (to - about) * factor], this.view.y && null);
    }

    pan(share) {
      const [from, to] = this.plot.x, [low, high] = this.plot.full;
      let by = (to - from) * share;
      by = Math.max(low - from, Math.min(high - to, by));
      if (by) this.zoomed([from + by, to + by], null);
    }

    smooth(direction) {
      const at = windows.findIndex(w => w >= this.view.window);
      const next = windows[Math.max(0, Math.min(windows.length - 1, (at < 0 ? windows.length - 1 : at) + direction))];
      this.choose(next);
    }

    choose(window) {
      this.set({ window });
      if (this.source.refine) this.source.refine(this);
    }

    build() {
      const button = (name, text, key, title) => element('button', { type: 'button', title: title + (key ? ` (key ${key})` : ''), 'data-name': name, 'aria-pressed': 'false', onclick: () => this.toggle(name) }, text);
      this.buttons = {
        log: button('log', 'Log', 'y', 'Logarithmic axis of losses'),
        time: button('time', 'Time', 'x', 'Hours of training in place of steps'),
        seeds: button('seeds', 'Seeds', 's', 'Seeds one by one in place of their mean and a band from the lowest to the highest'),
        raw: button('raw', 'Raw', 'r', 'Lowest and highest single losses, behind the smoothed line'),
        thresholds: button('thresholds', 'Thresholds', 't', 'Thresholds of clipping'),
        marks: button('marks', 'Marks', 'm', 'Clipped losses, spikes, and losses that are not finite'),
        whole: button('whole', 'Whole', '0', 'All steps; so does a double click'),
      };
      this.buttons.whole.removeAttribute('aria-pressed');
      const choices = [...new Set([...windows, this.start.window, this.view.window])].sort((a, b) => a - b);
      this.choice = element('select', { title: 'Steps over which lines are smoothed (keys [ and ])', onchange: () => this.choose(Number(this.choice.value)) },
        ...choices.map(w => element('option', { value: String(w) }, w === 1 ? 'not at all' : alrc.count(w) + ' steps')));
      this.panels = element('select', { 'aria-label': 'Part', title: 'Which runs are shown', onchange: () => this.set({ panel: this.panels.value, x: null, y: null }) });
      const small = (text, label, act) => element('button', { type: 'button', 'aria-label': label, title: label, onclick: act }, text);
      this.exports = element('select', { 'aria-label': 'Save', title: 'Save what is shown', onchange: () => { const kind = this.exports.value; this.exports.value = ''; alrc.save(this, kind); } },
        element('option', { value: '' }, 'Save'), element('option', { value: 'png' }, 'PNG'), element('option', { value: 'svg' }, 'SVG'), element('option', { value: 'csv' }, 'CSV'));
      this.tools = element('div', { class: 'tools', role: 'toolbar', 'aria-label': 'What is drawn' },
        this.panels, ...Object.values(this.buttons), small('+', 'Zoom in (key +)', () => this.zoom(0.5)), small('−', 'Zoom out (key -)', () => this.zoom(2)),
        element('label', {}, 'Smoothed ', this.choice), this.exports, small('?', 'Help (key ?)', () => alrc.help()));
      this.area = element('div', { class: 'area' });
      this.values = element('p', { class: 'values', 'aria-live': 'polite' });
      this.filter = element('input', { type: 'search', placeholder: 'Filter lines', 'aria-label': 'Filter the legend', oninput: () => this.drawLegend() });
      this.legend = element('ul', { class: 'legend' });
      this.key = element('p', { class: 'key' });
      this.numbers = element('details', { class: 'numbers', ontoggle: () => this.drawNumbers() }, element('summary', {}, 'Values as a table'));
      this.events = element('details', { class: 'events', ontoggle: () => this.drawEvents() }, element('summary', {}, 'Marks as a list'));
      this.box = element('section', { class: 'chart', tabIndex: 0, 'aria-label': (this.title || 'Losses') + ': chart. Arrow keys move the cursor, ? tells the keys.' },
        this.tools, this.area, this.values, element('div', { class: 'below' }, this.filter, this.legend), this.key, this.numbers, this.events);
      this.box.chart = this;
      this.host.append(this.box);
    }

    groups() {
      const groups = new Map();
      for (const line of this.panel()) {
        if (!groups.has(line.group)) groups.set(line.group, { name: line.group, color: line.color, lines: [] });
        groups.get(line.group).lines.push(line);
      }
      return [...groups.values()];
    }

    drawLegend() {
      const wanted = this.filter.value.trim().toLowerCase();
      const groups = this.groups();
      this.filter.hidden = groups.length < 6 && !wanted;
      const shown = groups.filter(g => !wanted || g.name.toLowerCase().includes(wanted) || g.lines.some(l => l.name.toLowerCase().includes(wanted)));
      this.rows = new Map();
      this.legend.replaceChildren(...shown.map(g => {
        const value = element('output', {});
        this.rows.set(g.name, value);
        const swatch = element('i', { class: 'swatch' });
        swatch.style.background = g.color;
        const box = element('input', { type: 'checkbox', checked: !this.view.off.has(g.name), onchange: () => this.show(g.name, box.checked) });
        const seeds = g.lines.length > 1 ? ` (${g.lines.length} seeds)` : '';
        return element('li', { onmouseenter: () => this.emphasize(g.name), onmouseleave: () => this.emphasize(null) },
          element('label', {}, box, swatch, element('span', { class: 'name' }, g.name + seeds)), value,
          groups.length > 1 ? element('button', { type: 'button', class: 'only', title: 'Show this one alone, or all again', onclick: () => this.only(g.name) }, 'only') : null);
      }));
      const kinds = new Set(this.view.marks ? this.lines().flatMap(line => line.marks.map(m => m.kind)) : []);
      const words = [];
      if (this.view.raw) words.push('pale: from the lowest to the highest single loss');
      if (this.view.seeds === 'band' && this.curves().some(c => c.low)) words.push('band: from the lowest to the highest seed');
      if (this.view.thresholds && this.lines().some(l => l.threshold)) words.push('dashed: threshold of what clipping sees');
      if (kinds.has('clipped')) words.push('● a loss was clipped');
      if (kinds.has('spike')) words.push('▽ peak of a spike');
      if (kinds.has('nonfinite') || kinds.has('diverged')) words.push('✕ not finite');
      this.key.textContent = words.length ? 'Line: losses' + (this.view.window > 1 ? ` smoothed over ${alrc.count(this.view.window)} steps` : '') + '; ' + words.join('; ') + '.' : '';
      if (this.numbers.open) this.drawNumbers();
      if (this.events.open) this.drawEvents();
      this.told = undefined;
      this.pointed(this.at === undefined ? null : this.at);
    }

    emphasize(name) {
      if (this.strong === name) return;
      this.strong = name;
      this.plot.u.redraw(false, false);
    }

    show(name, on) {
      const off = new Set(this.view.off);
      if (on) off.delete(name);
      else off.add(name);
      this.set({ off, y: null });
    }

    only(name) {
      const others = this.groups().map(g => g.name).filter(n => n !== name);
      const alone = !this.view.off.has(name) && others.every(n => this.view.off.has(n));
      this.set({ off: new Set(alone ? [] : others), y: null });
    }

    // pointed tells the values at a place of the x axis, or of the end where there is none.
    pointed(x) {
      if (!this.rows) return;
      this.at = x;
      if (x === this.told) return;
      this.told = x;
      for (const output of this.rows.values()) output.textContent = '';
      const telling = [];
      for (const curve of this.curves()) {
        const i = x === null ? curve.x.length - 1 : alrc.place(curve.x, x);
        if (i < 0 || !curve.lines.length) continue;
        const past = x !== null && x > alrc.last(curve.x);
        const row = this.rows.get(curve.lines[0].group);
        const text = past ? '' : this.valueText(curve, i);
        if (row && !row.textContent) row.textContent = text;
        else if (row && text) row.textContent += ' · ' + text;
        if (text) telling.push(curve.name + ' ' + text);
      }
      const where = x === null ? 'At the end' : this.view.axis === 'time' ? `After ${x.toFixed(3)} h` : `Step ${alrc.count(x)}`;
      this.values.textContent = x === null ? '' : where + (telling.length && telling.length <= 3 ? ': ' + telling.join('; ') : '');
    }

    // valueText is a curve's value at a bin; in brackets what the band or the pale area spans there.
    valueText(curve, i) {
      const parts = [alrc.number(curve.y[i])];
      const low = curve.low ? curve.low[i] : curve.rawLow[i], high = curve.high ? curve.high[i] : curve.rawHigh[i];
      if ((curve.low || this.view.raw) && Number.isFinite(high)) {
        if (low !== high) parts[0] += ` (${alrc.number(low)} to ${alrc.number(high)})`;
        else if (high !== curve.y[i]) parts[0] += ` (${alrc.number(high)})`;
      }
      if (this.view.thresholds && curve.threshold && Number.isFinite(curve.threshold[i])) parts.push(`threshold ${alrc.number(curve.threshold[i])}`);
      return parts.join(', ');
    }

    // drawNumbers is what is shown as a table, for readers who do not see it.
    drawNumbers() {
      if (!this.numbers.open) return;
      const curves = this.curves();
      const [from, to] = this.plot.x;
      const rows = [];
      for (let k = 0; k <= 20; k++) {
        const x = from + (to - from) * k / 20;
        const at = this.view.axis === 'time' ? alrc.number(x) : alrc.count(x);
        rows.push([at, ...curves.map(c => (x > alrc.last(c.x) ? '–' : this.valueText(c, Math.max(0, alrc.place(c.x, x)))))]);
      }
      this.numbers.replaceChildren(this.numbers.firstChild, alrc.table([this.view.axis === 'time' ? 'hours' : this.xLabel, ...curves.map(c => c.name)], rows, 'Values of the lines'));
    }

    drawEvents() {
      if (!this.events.open) return;
      const [from, to] = this.plot.x;
      const marks = this.marks().filter(m => m.x >= from && m.x <= to);
      const most = 200;
      this.events.replaceChildren(this.events.firstChild,
        marks.length > most ? element('p', {}, `The first ${most} of ${alrc.count(marks.length)}; zoom in for others.`) : '',
        element('ol', { class: 'marks' }, ...marks.slice(0, most).map(mark => element('li', {}, element('button', { type: 'button', onclick: () => this.picked(mark) }, alrc.markText(mark))))));
    }

    picked(mark) {
      alrc.showMark(this, mark);
    }

    // step moves the cursor by bins of what is shown.
    step(by) {
      const curve = this.curves()[0];
      if (!curve || curve.x.length === 0) return;
      const [from, to] = this.plot.x;
      const width = (to - from) / 200;
      const at = this.at === null || this.at === undefined ? (by > 0 ? from : to) : this.at;
      const next = Math.max(from, Math.min(to, at + by * Math.max(width, this.view.axis === 'step' ? 1 : 0)));
      this.plot.point(next);
      this.pointed(next);
    }

    // next goes to the mark after, or before, the cursor.
    next(direction) {
      const at = this.at === null || this.at === undefined ? (direction > 0 ? -Infinity : Infinity) : this.at;
      const [from, to] = this.plot.x;
      const least = (to - from) / 1e6;
      const marks = this.marks().filter(m => m.x >= from && m.x <= to && (direction > 0 ? m.x > at + least : m.x < at - least));
      const mark = direction > 0 ? marks[0] : marks[marks.length - 1];
      if (!mark) return;
      this.plot.point(mark.x);
      this.pointed(mark.x);
      this.values.textContent = alrc.markText(mark);
      this.current = mark;
    }

    enter() {
      const at = this.at;
      if (at === null || at === undefined) return;
      const [from, to] = this.plot.x;
      const near = this.marks().filter(m => Math.abs(m.x - at) < (to - from) / 50).sort((a, b) => Math.abs(a.x - at) - Math.abs(b.x - at))[0];
      if (near) this.picked(near);
    }
  }

  Object.assign(alrc, { Chart });
}
