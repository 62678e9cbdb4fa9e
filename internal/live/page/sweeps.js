// Sweeps: the grid of each, a small square for each run, by what it is doing.
{
  const { element } = alrc;
  const signs = { done: '■', training: '▶', waiting: '·', silent: '?', stopped: '‖', diverged: '✕', dead: '†', 'set aside': '!' };

  // drawSweeps shows the sweeps in a box; shown are the runs that are drawn, and picked is called with a run's ID.
  function drawSweeps(box, sweeps, runs, shown, picked) {
    box.hidden = sweeps.length === 0;
    const open = new Map([...box.querySelectorAll('details')].map(d => [d.dataset.id, d.open]));
    const focus = document.activeElement && box.contains(document.activeElement) ? document.activeElement.dataset.run : null;
    box.replaceChildren(...sweeps.map(sweep => {
      const own = runs.filter(r => r.sweep === sweep.id);
      const progress = element('progress', { max: 1, value: sweep.share || 0, 'aria-label': 'Share of the work that is done' });
      const details = element('details', { open: open.has(sweep.id) ? open.get(sweep.id) : own.length <= 400, 'data-id': sweep.id },
        element('summary', {}, element('h2', {}, sweep.title), ' ', element('span', { class: 'soft' }, sweep.words)), progress, grid(sweep, own, shown, picked), legend(own));
      return details;
    }));
    if (focus) {
      const again = box.querySelector(`[data-run="${CSS.escape(focus)}"]`);
      if (again) again.focus();
    }
  }

  function grid(sweep, runs, shown, picked) {
    // Seeds share a cell. The last setting of the plan goes across, and what else differs goes down.
    const axes = sweep.axes.filter(a => a.name !== 'seed');
    const across = axes.length > 1 ? axes[axes.length - 1] : null;
    const value = (run, name) => ((run.settings || []).find(s => s.name === name) || { value: '' }).value;
    const rowOf = run => axes.filter(a => a !== across).map(a => (a.name === 'clip' ? value(run, a.name) : `${a.name} ${value(run, a.name)}`)).join(', ');
    const columns = across ? across.values : [''];
    const rows = new Map();
    for (const run of runs) {
      const name = rowOf(run), column = across ? value(run, across.name) : '';
      if (!rows.has(name)) rows.set(name, new Map(columns.map(c => [c, []])));
      const cells = rows.get(name);
      cells.set(column, [...(cells.get(column) || []), run]);
    }
    const square = run => element('button', {
      type: 'button', class: 'square', 'data-state': run.state, 'data-run': run.id, title: `${run.name}: ${run.words}${run.worker ? ', ' + run.worker : ''}`,
      'aria-label': `${run.name}: ${run.words}`, 'aria-pressed': String(shown.has(run.id)), onclick: () => picked(run.id),
    }, signs[run.state] || '?');
    const names = [...new Set([...columns, ...[...rows.values()].flatMap(r => [...r.keys()])])];
    return element('div', { class: 'scroll grid' }, element('table', { class: 'cells' },
      across ? element('thead', {}, element('tr', {}, element('td'), ...names.map(c => element('th', { scope: 'col' }, `${across.name} ${c}`)))) : null,
      element('tbody', {}, ...[...rows].map(([name, cells]) => element('tr', {}, element('th', { scope: 'row' }, name || 'runs'),
        ...names.map(c => element('td', {}, ...(cells.get(c) || []).map(square))))))));
  }

  function legend(runs) {
    const states = [...new Set(runs.map(r => r.state))];
    return element('p', { class: 'soft key' }, states.map(s => `${signs[s] || '?'} ${s}: ${runs.filter(r => r.state === s).length}`).join('   '));
  }

  Object.assign(alrc, { drawSweeps });
}
