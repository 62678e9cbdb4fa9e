// What a mark tells: the step, the losses beside it, and the examples that were clipped in it, with their pictures.
{
  const { element } = alrc;
  const kinds = { clipped: 'clipped', spike: 'peak of a spike', nonfinite: 'loss not finite', diverged: 'diverged' };

  function markText(mark) {
    let text = `${mark.line.name}, step ${alrc.count(mark.step)}: ${kinds[mark.kind] || mark.kind}`;
    if (Number.isFinite(mark.loss)) text += `, loss ${alrc.number(mark.loss)}`;
    if (Number.isFinite(mark.scale) && mark.kind === 'clipped') text += `, scale ${alrc.number(mark.scale)}`;
    return text;
  }

  async function showMark(chart, mark) {
    const body = element('div', { class: 'around' }, element('p', {}, 'Reading …'));
    const box = alrc.dialog(kinds[mark.kind] || mark.kind, element('p', {}, mark.line.name), body);
    let around;
    try {
      // A mark may stand for several steps.
      if (chart.source.exact) mark = await chart.source.exact(mark);
      box.querySelector('h2').textContent = `Step ${alrc.count(mark.step)}: ${kinds[mark.kind] || mark.kind}`;
      around = await chart.source.around(mark.line, mark.step, mark);
    } catch (error) {
      body.replaceChildren(element('p', { class: 'warning' }, `The step could not be read: ${error.message}`));
      return box;
    }
    const parts = [];
    if (around.text) parts.push(element('p', {}, around.text));
    if (around.examples.length > 0) {
      parts.push(element('h3', {}, around.examples.length === 1 ? 'The example' : `${around.examples.length} examples`));
      parts.push(element('div', { class: 'examples' }, ...around.examples.map(e => element('figure', {},
        e.picture ? element('img', { src: e.picture, alt: `Example ${e.id}`, loading: 'lazy', onerror: f => f.target.replaceWith(element('p', { class: 'soft' }, 'no picture')) }) : null,
        element('figcaption', {}, exampleText(e))))));
    } else if (mark.kind === 'clipped') {
      parts.push(element('p', { class: 'soft' }, 'Which example it was is not known.'));
    }
    if (around.neighbours.length > 0) {
      // What no step has is no column.
      const known = around.header.map((_, k) => around.neighbours.some(row => Number.isFinite(row[k])));
      const kept = list => list.filter((_, k) => known[k]);
      const table = alrc.table(kept(around.header.map(name => name.replace(/_/g, ' '))), around.neighbours.map(row => kept(row.map((v, k) => (k === 0 ? alrc.count(v) : alrc.number(v))))), 'Steps');
      table.querySelectorAll('tbody tr').forEach((tr, i) => { if (around.neighbours[i][0] === mark.step) tr.className = 'this'; });
      parts.push(element('h3', {}, 'Neighbours'), table);
    }
    parts.push(element('button', { type: 'button', onclick: () => { box.close(); const reach = 60; chart.set({ axis: 'step' }); chart.zoomed([mark.step - reach, mark.step + reach], null); } }, 'Zoom to this step'));
    body.replaceChildren(...parts);
    return box;
  }

  function exampleText(e) {
    const parts = [e.id || 'example ' + e.image];
    parts.push('loss ' + (Number.isFinite(e.loss) ? alrc.number(e.loss) : 'not finite'));
    if (Number.isFinite(e.threshold)) parts.push('threshold ' + alrc.number(e.threshold));
    if (Number.isFinite(e.scale)) parts.push('scale ' + alrc.number(e.scale));
    return parts.join(', ');
  }

  // neighbours are the bins of a line beside a step, for sources that have nothing finer.
  function neighbours(line, step, reach = 6) {
    const at = alrc.place(line.x, step);
    const single = line.records[at] === 1;
    const header = ['step', single ? 'loss' : 'mean loss', ...(single ? [] : ['lowest', 'highest']), ...(line.threshold ? ['threshold'] : [])];
    const rows = [];
    for (let i = Math.max(0, at - reach); i <= Math.min(line.x.length - 1, at + reach); i++) {
      rows.push([line.x[i], line.mean[i], ...(single ? [] : [line.low[i], line.high[i]]), ...(line.threshold ? [line.threshold[i]] : [])]);
    }
    return { header, rows };
  }

  Object.assign(alrc, { markText, showMark, neighbours });
}
