// Overview: a row for each run, in words and numbers, with a small curve.
{
  const { element } = alrc;
  const columns = [
    { name: 'run', text: 'run', value: r => r.name },
    { name: 'state', text: 'state', value: r => ['training', 'silent', 'diverged', 'dead', 'set aside', 'stopped', 'waiting', 'done'].indexOf(r.state) },
    { name: 'step', text: 'step', number: true, value: r => (r.steps ? r.step / r.steps : r.step) },
    { name: 'rate', text: 'steps/s', number: true, value: r => r.rate },
    { name: 'left', text: 'left', number: true, value: r => r.left },
    { name: 'loss', text: 'loss', number: true, value: r => r.loss },
    { name: 'test', text: 'test loss', number: true, value: r => r.test_loss },
    { name: 'spikes', text: 'spikes', number: true, value: r => r.episodes },
    { name: 'clipped', text: 'clipped', number: true, value: r => r.clipped },
    { name: 'curve', text: 'curve' },
  ];

  class Overview {
    // handlers: toggled(run id), changed().
    constructor(table, state, handlers) {
      Object.assign(this, handlers, { table, state, rows: new Map() });
      this.head = element('tr', {}, ...columns.map(c => {
        const sort = c.value && element('button', { type: 'button', onclick: () => this.sort(c.name) }, c.text);
        return element('th', { scope: 'col', class: c.number ? 'number' : '', 'data-name': c.name }, sort || c.text);
      }));
      this.body = element('tbody');
      table.append(element('thead', {}, this.head), this.body);
    }

    sort(name) {
      const { state } = this;
      if (state.sort === name) state.sort = '-' + name;
      else if (state.sort === '-' + name) state.sort = '';
      else state.sort = name;
      this.changed();
    }

    // listed are the runs that the filter lets through, as sorted.
    listed(runs) {
      const words = this.state.filter.toLowerCase().split(/\s+/).filter(Boolean);
      let list = runs.filter(r => {
        const text = [r.name, r.folder, r.state, r.words, r.clip, r.clipping, r.worker, ...(r.settings || []).map(s => `${s.name}=${s.value}`)].join(' ').toLowerCase();
        return words.every(w => text.includes(w));
      });
      const down = this.state.sort.startsWith('-');
      const column = columns.find(c => c.value && c.name === this.state.sort.replace(/^-/, ''));
      if (column) {
        const key = r => column.value(r);
        const missing = v => v === null || v === undefined || Number.isNaN(v);
        list = [...list].sort((a, b) => {
          const x = key(a), y = key(b);
          // What is not known comes last, either way.
          if (missing(x) || missing(y)) return missing(x) - missing(y);
          return (typeof x === 'string' ? x.localeCompare(y, 'en', { numeric: true }) : x - y) * (down ? -1 : 1);
        });
      }
      return list;
    }

    draw(runs, folders) {
      for (const th of this.head.children) {
        const name = th.dataset.name, sorted = this.state.sort === name ? 'ascending' : this.state.sort === '-' + name ? 'descending' : '';
        if (sorted) th.setAttribute('aria-sort', sorted);
        else th.removeAttribute('aria-sort');
      }
      const test = runs.some(r => r.test_loss !== null), left = runs.some(r => r.left !== null), rate = runs.some(r => r.rate !== null);
      this.table.classList.toggle('no-test', !test);
      this.table.classList.toggle('no-left', !left);
      this.table.classList.toggle('no-rate', !rate);
      this.table.classList.toggle('one-folder', !folders);
      const wanted = runs.map(r => this.row(r));
      // Rows that stay are not touched, so that the focus stays, too.
      wanted.forEach((row, i) => { if (this.body.children[i] !== row) this.body.insertBefore(row, this.body.children[i] || null); });
      while (this.body.children.length > wanted.length) this.body.lastChild.remove();
    }

    row(run) {
      let row = this.rows.get(run.id);
      if (!row) {
        row = { cells: {} };
        row.box = element('input', { type: 'checkbox', onchange: () => this.toggled(run.id) });
        row.swatch = element('i', { class: 'swatch' });
        row.name = element('span', { class: 'name' });
        row.folder = element('small', { class: 'folder' });
        row.tr = element('tr', {}, element('th', { scope: 'row' }, element('label', {}, row.box, row.swatch, row.name), row.folder));
        for (const c of columns.slice(1)) row.tr.append(row.cells[c.name] = element('td', { class: c.name + (c.number ? ' number' : ''), 'data-label': c.text }));
        row.bar = element('progress', { max: 1, value: 0 });
        row.text = element('span');
        row.cells.step.append(row.text, row.bar);
        this.rows.set(run.id, row);
      }
      row.box.checked = this.state.shown.has(run.id);
      row.box.setAttribute('aria-label', 'Draw ' + run.name);
      if (row.run !== run) {
        row.run = run;
        row.name.textContent = run.name;
        row.folder.textContent = run.folder + (run.worker ? ', ' + run.worker : '');
        row.swatch.style.background = alrc.color(run.color);
        row.tr.dataset.state = run.state;
        const { cells } = row;
        cells.state.replaceChildren(element('span', { class: 'state' }, run.words), ...(run.problem ? [element('small', { class: 'problem' }, run.problem)] : []));
        row.text.textContent = alrc.count(run.step) + (run.steps ? ' of ' + alrc.count(run.steps) : '');
        row.bar.hidden = !run.steps || run.state !== 'training' && run.state !== 'silent';
        row.bar.value = run.steps ? run.step / run.steps : 0;
        row.bar.setAttribute('aria-label', 'Progress of ' + run.name);
        cells.rate.textContent = run.rate === null ? '' : alrc.number(run.rate);
        cells.left.textContent = run.left === null ? '' : alrc.seconds(run.left);
        const begun = run.state !== 'waiting';
        cells.loss.textContent = begun ? alrc.number(run.loss) : '';
        cells.test.textContent = run.test_loss === null ? '' : alrc.number(run.test_loss);
        cells.spikes.textContent = begun ? alrc.count(run.episodes) : '';
        cells.clipped.textContent = !begun || run.clip === 'none' || run.kind === 'log' ? '' : alrc.count(run.clipped);
      }
      const small = this.state.small[run.id];
      if (small && row.small !== small.version + '/' + small.step.length) {
        row.small = small.version + '/' + small.step.length;
        row.cells.curve.replaceChildren(sparkline(small, alrc.color(run.color)));
      }
      return row.tr;
    }
  }

  // sparkline is a curve of a few dozen points on a logarithmic axis, where losses are positive.
  function sparkline(small, color) {
    const space = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(space, 'svg');
    svg.setAttribute('viewBox', '0 0 100 24');
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.setAttribute('class', 'spark');
    svg.setAttribute('aria-hidden', 'true');
    const positive = small.mean.every(v => v === null || v > 0);
    const value = v => (v === null ? NaN : positive ? Math.log(v) : v);
    const values = small.mean.map(value).filter(Number.isFinite);
    if (values.length < 2) return svg;
    const low = Math.min(...values), high = Math.max(...values), first = small.step[0], last = small.step[small.step.length - 1];
    let d = '', pen = 'M';
    small.step.forEach((step, i) => {
      const v = value(small.mean[i]);
      if (!Number.isFinite(v)) {
        pen = 'M';
        return;
      }
      d += `${pen}${(98 * (step - first) / (last - first || 1) + 1).toFixed(1)} ${(22 - 20 * (v - low) / (high - low || 1)).toFixed(1)}`;
      pen = 'L';
    });
    const path = document.createElementNS(space, 'path');
    path.setAttribute('d', d);
    path.setAttribute('stroke', color);
    path.setAttribute('fill', 'none');
    svg.append(path);
    return svg;
  }

  Object.assign(alrc, { Overview });
}
