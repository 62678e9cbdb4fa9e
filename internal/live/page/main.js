// The page: the overview, the chart of the runs that are chosen, and the address that holds both.
{
  const { element } = alrc;
  const by = id => document.getElementById(id);
  const parts = new URLSearchParams(location.hash.slice(1));
  // Runs are chosen by the page until someone chooses.
  const state = { shown: new Set(parts.getAll('show')), chosen: parts.has('show'), filter: parts.get('filter') || '', sort: parts.get('sort') || '', small: {} };
  const runs = new Map();
  const sweeps = new Map();
  const first = 'raw_loss';
  let order = [], chart = null, loss = parts.get('loss') || first, notes = [];

  const lines = new alrc.Lines(() => later('chart', drawChart), text => { by('problem').textContent = text; }, line => {
    // What was read in one go has its small curve from here.
    if (!line.raw) return;
    const each = Math.ceil(line.x.length / 60);
    state.small[line.id] = { step: [], mean: [] };
    grow(line.id, line.x.filter((_, i) => i % each === 0), line.mean.filter((_, i) => i % each === 0).map(v => (Number.isFinite(v) ? v : null)));
    later('runs', drawRuns);
  });
  const overview = new alrc.Overview(by('table'), state, { toggled: id => choose([id], !state.shown.has(id)), changed: () => { drawRuns(); note(); } });

  // later does something once before the next frame, however often it is asked for.
  const waiting = new Map();
  function later(name, deed) {
    if (waiting.size === 0) requestAnimationFrame(() => {
      const deeds = [...waiting.values()];
      waiting.clear();
      for (const d of deeds) d();
    });
    waiting.set(name, deed);
  }

  function list() {
    return order.map(id => runs.get(id)).filter(Boolean);
  }

  // labels are the names of groups in the legend: what their runs have in common.
  function labels() {
    const names = new Map(), taken = new Map();
    const folders = new Set(list().map(r => r.folder)).size > 1;
    for (const run of list()) {
      if (names.has(run.group)) continue;
      const members = list().filter(r => r.group === run.group);
      const settings = (run.settings || []).filter(s => s.name !== 'seed' && s.name !== 'clip').map(s => `${s.name} ${s.value}`);
      let name = members.length === 1 ? run.name : [run.clipping || run.name, ...settings].join(', ');
      if (folders || taken.has(name)) name += ` (${run.folder})`;
      if (taken.has(name)) name += ` ${taken.size + 1}`;
      taken.set(name, true);
      names.set(run.group, name);
    }
    return names;
  }

  function choose(ids, on) {
    state.chosen = true;
    for (const id of ids) {
      if (on) state.shown.add(id);
      else state.shown.delete(id);
    }
    show();
    drawRuns();
    if (sweeps.size > 0) drawSweeps();
    note();
  }

  // preset chooses what to draw until someone chooses: all runs of a few; of many those that train, those that did when they
  // were drawn, and some of the others, without clipping and with it. It says whether that changed.
  function preset() {
    if (state.chosen) return false;
    const all = list(), few = 12, most = 24;
    let wanted = all;
    if (all.length > most) {
      const training = all.filter(r => r.state === 'training' || r.state === 'silent');
      const others = [...all.filter(r => state.shown.has(r.id)), ...all.filter(r => r.clip === 'none').slice(0, 3), ...all].filter(r => r.state !== 'waiting');
      wanted = [...new Set([...training, ...others])].slice(0, Math.min(most, Math.max(few, training.length, state.shown.size + 1)));
    }
    const before = [...state.shown].join();
    state.shown = new Set(wanted.map(r => r.id));
    return [...state.shown].sort().join() !== before.split(',').sort().join();
  }

  function show() {
    lines.show(list().filter(r => state.shown.has(r.id)), labels(), loss);
  }

  function drawRuns() {
    const all = list(), listed = overview.listed(all);
    overview.draw(listed, new Set(all.map(r => r.folder)).size > 1 || all.some(r => r.worker));
    by('runs').hidden = by('curves').hidden = all.length === 0;
    by('count').textContent = (listed.length === all.length ? `${all.length} in all` : `${listed.length} of ${all.length}`) + `, ${all.filter(r => r.state === 'training').length} training`;
    by('all').textContent = listed.every(r => state.shown.has(r.id)) ? 'Draw none' : 'Draw all';
    const training = all.filter(r => r.state === 'training').length;
    document.title = (training ? `${training} training, ` : '') + by('title').textContent;
  }

  // start is the view that suits the lines that are drawn: how they are smoothed, and whether their axis is logarithmic. The
  // smoothing stays what it was until they are twice as long.
  function start(before) {
    const longest = Math.max(...lines.lines.map(l => l.end || 0), ...list().map(r => r.steps || 0));
    const window = Math.round(Math.min(Math.max(longest / 40, 1), 500));
    const finite = lines.lines.flatMap(l => l.mean.filter(v => v > 0));
    return {
      window: before && window < 2 * before.window ? before.window : window,
      log: finite.length > 0 && finite.reduce((a, b) => Math.max(a, b)) > 6 * finite.reduce((a, b) => Math.min(a, b)),
    };
  }

  function drawChart() {
    if (!chart) {
      if (lines.lines.length === 0) return;
      chart = new alrc.Chart(by('chart'), lines, { id: 'losses', title: 'Losses', xLabel: 'step', yLabel: 'loss', ...start(), view: alrc.readView(parts), changed: note });
      if (chart.view.x) lines.refine(chart);
      return;
    }
    if (lines.lines.length > 0) chart.suggest(start(chart.start));
    else chart.refresh();
    chart.update(true);
  }

  // drawLosses offers the losses that runs have, where there is a choice.
  function drawLosses() {
    const names = [...new Set(list().flatMap(r => r.losses || []))];
    const select = by('loss');
    by('losses').hidden = names.length < 2;
    if ([...select.options].map(o => o.value).join() !== names.join()) select.replaceChildren(...names.map(name => element('option', { value: name }, name === 'loss' ? 'losses as clipping sees them' : name.replace(/_/g, ' '))));
    select.value = names.includes(loss) ? loss : names[0];
  }

  function drawSweeps() {
    alrc.drawSweeps(by('sweeps'), [...sweeps.values()], list(), state.shown, id => choose([id], !state.shown.has(id)));
  }

  function drawReading(reading) {
    const some = reading && reading.of > reading.bytes;
    by('reading').hidden = !some;
    if (some) by('reading').textContent = `${Math.floor(100 * reading.bytes / reading.of)} % of ${size(reading.of)} read`;
  }

  function size(bytes) {
    const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
    let k = 0;
    for (; bytes >= 1000 && k < units.length - 1; k++) bytes /= 1000;
    return `${bytes < 10 && k ? bytes.toFixed(1) : Math.round(bytes)} ${units[k]}`;
  }

  // note writes the view into the address, so that it can be sent.
  function note() {
    const all = chart ? alrc.writeView(chart) : new URLSearchParams();
    if (state.chosen) for (const id of state.shown) all.append('show', id);
    for (const name of ['filter', 'sort']) if (state[name]) all.set(name, state[name]);
    if (loss !== first) all.set('loss', loss);
    const text = all.toString();
    history.replaceState(null, '', text ? '#' + text : location.pathname + location.search);
  }

  function grow(id, steps, means) {
    const small = state.small[id] || (state.small[id] = { step: [], mean: [] });
    steps.forEach((step, i) => {
      if (step <= alrc.last(small.step)) return; // it is there
      small.step.push(step);
      small.mean.push(means[i]);
    });
    small.version = (small.version || 0) + 1;
    while (small.step.length > 120) {
      // Every second point goes, but for the last ones.
      small.step = small.step.filter((_, i) => i % 2 === 0 || i > small.step.length - 4);
      small.mean = small.mean.filter((_, i) => i % 2 === 0 || i > small.mean.length - 4);
    }
  }

  const feed = new alrc.Feed({
    overview(o) {
      runs.clear();
      sweeps.clear();
      for (const run of o.runs) runs.set(run.id, run);
      for (const sweep of o.sweeps || []) sweeps.set(sweep.id, sweep);
      order = o.runs.map(r => r.id);
      state.small = o.small || {};
      overview.rows.forEach(row => { row.small = null; });
      notes = o.notes || [];
      by('title').textContent = o.title;
      by('program').textContent = o.program;
      by('notes').replaceChildren(...notes.map(text => element('p', { class: 'soft' }, text)), ...(o.runs.length === 0 ? [element('p', {}, 'There are no runs yet; they appear here as soon as there are.')] : []));
      drawReading(o.reading);
      preset();
      drawRuns();
      drawLosses();
      drawSweeps();
      show();
    },
    update(u) {
      if (u.reading) drawReading(u.reading);
      let came = false;
      for (const run of u.runs || []) {
        came = came || !runs.has(run.id);
        runs.set(run.id, run);
      }
      if (u.runs) {
        lines.renew(runs);
        drawLosses();
      }
      for (const sweep of u.sweeps || []) sweeps.set(sweep.id, sweep);
      if (u.order) {
        order = u.order;
        for (const id of [...runs.keys()]) if (!order.includes(id)) runs.delete(id);
        by('notes').replaceChildren(...notes.map(text => element('p', { class: 'soft' }, text)));
      }
      for (const p of u.points || []) {
        if (p.again) state.small[p.run] = { step: [], mean: [] };
        const raw = (p.curves || []).find(c => c.loss === 'raw_loss') || (p.curves || [])[0];
        if (raw) grow(p.run, raw.step, raw.mean);
      }
      lines.extend(u.points || []);
      if ((u.runs || u.order) && preset() || came) show();
      later('runs', drawRuns);
      if (u.sweeps || sweeps.size > 0 && u.runs) later('sweeps', drawSweeps);
    },
    again() {
      lines.whole.clear();
      lines.parts.clear();
      show();
    },
    connection(text, lost) {
      by('connection').textContent = text;
      by('connection').className = lost ? 'warning' : '';
      document.body.classList.toggle('lost', lost);
    },
  });

  by('filter').value = state.filter;
  by('filter').addEventListener('input', e => { state.filter = e.target.value; drawRuns(); note(); });
  by('all').addEventListener('click', () => {
    const listed = overview.listed(list()).map(r => r.id);
    choose(listed, !listed.every(id => state.shown.has(id)));
  });
  by('loss').addEventListener('change', e => { loss = e.target.value; show(); note(); });
  by('help').addEventListener('click', () => alrc.help());
  alrc.keys.push(['a', 'draw all runs that are listed, or none', () => by('all').click()], ['g', 'to the runs', () => by('runs').querySelector('.list').focus()], ['c', 'to the curves', () => chart && chart.box.focus()]);
  // An address that someone pastes is a view to show.
  addEventListener('hashchange', () => location.reload());
  alrc.page = { feed, lines, state, chart: () => chart };
}
