// Keys, as viewers in terminals have them, and the view in the page's address.
{
  const { element } = alrc;
  const list = [
    ['y', 'logarithmic or linear losses', c => c.toggle('log')],
    ['x', 'steps or hours of training', c => c.toggle('time')],
    ['s', 'seeds as a band or one by one', c => c.toggle('seeds')],
    ['r', 'single losses behind the line', c => c.toggle('raw')],
    ['t', 'thresholds', c => c.toggle('thresholds')],
    ['m', 'marks', c => c.toggle('marks')],
    ['[', 'smooth less', c => c.smooth(-1)],
    [']', 'smooth more', c => c.smooth(1)],
    ['+', 'zoom in', c => c.zoom(0.5)],
    ['-', 'zoom out', c => c.zoom(2)],
    ['h', 'to earlier steps', c => c.pan(-0.25)],
    ['l', 'to later steps', c => c.pan(0.25)],
    ['0', 'all steps', c => c.toggle('whole')],
    ['ArrowLeft', 'move the cursor to the left', c => c.step(-1)],
    ['ArrowRight', 'move the cursor to the right', c => c.step(1)],
    ['n', 'to the next mark', c => c.next(1)],
    ['p', 'to the mark before', c => c.next(-1)],
    ['Enter', 'open the mark at the cursor', c => c.enter()],
  ];
  // extra are the page's own keys: key, what it does, and the deed.
  const extra = [];
  const arrows = new Set(['ArrowLeft', 'ArrowRight', 'Enter']);

  // focused is the chart that keys go to: the one with the focus, or else the first in sight.
  function focused() {
    const inside = document.activeElement && document.activeElement.closest('.chart');
    if (inside) return inside.chart;
    const boxes = [...document.querySelectorAll('.chart')].filter(b => b.offsetParent !== null);
    const seen = boxes.find(b => b.getBoundingClientRect().bottom > 120) || boxes[0];
    return seen ? seen.chart : null;
  }

  function help() {
    const rows = [...extra.map(([key, text]) => [key, text]), ['/', 'filter'], ...list.map(([key, text]) => [key.replace('Arrow', ''), text]), ['?', 'this help'], ['Esc', 'close']];
    return alrc.dialog('Keys', element('p', {}, 'Drag over the plot to zoom, double-click for all steps. A click on a mark opens the step, its neighbours and its examples.'),
      element('dl', { class: 'keys' }, ...rows.flatMap(([key, text]) => [element('dt', {}, element('kbd', {}, key)), element('dd', {}, text)])));
  }

  document.addEventListener('keydown', e => {
    if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return;
    const target = e.target;
    if (target.closest('input, select, textarea')) {
      if (e.key === 'Escape') target.blur();
      return;
    }
    // Buttons and links keep the keys that work them.
    if (arrows.has(e.key) && !target.closest('.chart') && e.key !== 'ArrowLeft' && e.key !== 'ArrowRight') return;
    if (e.key === 'Enter' && target.closest('button, a, summary')) return;
    if (e.key === '?') {
      e.preventDefault();
      help();
      return;
    }
    if (e.key === '/') {
      const boxes = [...document.querySelectorAll('input[type=search]')].filter(i => i.offsetParent !== null);
      if (boxes.length > 0) {
        e.preventDefault();
        boxes[0].focus();
        boxes[0].select();
      }
      return;
    }
    const own = extra.find(([key]) => key === e.key);
    if (own) {
      e.preventDefault();
      own[2]();
      return;
    }
    const known = list.find(([key]) => key === e.key || key === '+' && e.key === '=');
    const chart = known && focused();
    if (chart) {
      e.preventDefault();
      known[2](chart);
    }
  });

  // write is the view in an address: what is not as it was at the start.
  function write(chart) {
    const { view, start } = chart, parts = new URLSearchParams();
    const range = r => r.map(v => Number(v.toPrecision(7))).join('~');
    if (view.x) parts.set('x', range(view.x));
    if (view.y) parts.set('y', range(view.y));
    for (const name of ['log', 'raw', 'thresholds', 'marks']) if (view[name] !== start[name]) parts.set(name, view[name] ? '1' : '0');
    for (const name of ['axis', 'seeds', 'panel']) if (view[name] !== start[name]) parts.set(name, view[name]);
    if (view.window !== start.window) parts.set('window', String(view.window));
    for (const name of view.off) parts.append('off', name);
    return parts;
  }

  // read is a view from the parts of an address. What makes no sense there is left out.
  function read(parts) {
    const view = {};
    const range = text => {
      const [from, to] = (text || '').split('~').map(Number);
      return Number.isFinite(from) && Number.isFinite(to) && from < to ? [from, to] : null;
    };
    if (range(parts.get('x'))) view.x = range(parts.get('x'));
    if (range(parts.get('y'))) view.y = range(parts.get('y'));
    for (const name of ['log', 'raw', 'thresholds', 'marks']) if (parts.has(name)) view[name] = parts.get(name) === '1';
    if (['step', 'time'].includes(parts.get('axis'))) view.axis = parts.get('axis');
    if (parts.has('panel')) view.panel = parts.get('panel');
    if (['band', 'each'].includes(parts.get('seeds'))) view.seeds = parts.get('seeds');
    if (Number(parts.get('window')) >= 1) view.window = Number(parts.get('window'));
    view.off = new Set(parts.getAll('off'));
    return view;
  }

  Object.assign(alrc, { help, keys: extra, writeView: write, readView: read });
}
