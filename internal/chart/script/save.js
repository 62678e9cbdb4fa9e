// Saving what is shown, as PNG, SVG and CSV.
{
  function save(chart, kind) {
    const name = (chart.title || 'losses').toLowerCase().replace(/[^a-z0-9.]+/g, '-').replace(/^-|-$/g, '') || 'losses';
    switch (kind) {
      case 'csv': return download(name + '.csv', new Blob([csv(chart)], { type: 'text/csv' }));
      case 'svg': return download(name + '.svg', new Blob([svg(chart)], { type: 'image/svg+xml' }));
      case 'png': return png(chart).then(blob => download(name + '.png', blob));
    }
    return null;
  }

  function download(name, blob) {
    const link = alrc.element('a', { href: URL.createObjectURL(blob), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  // csv has a row for each bin that is shown of each run: what is known, and not what was smoothed alone.
  function csv(chart) {
    const [from, to] = chart.plot.x;
    const rows = ['run,group,step,steps,mean,lowest,highest,smoothed,threshold'];
    const text = value => (/[",\n\r]/.test(value) ? '"' + value.replace(/"/g, '""') + '"' : value);
    const number = value => (Number.isFinite(value) ? String(Number(value.toPrecision(7))) : '');
    for (const line of chart.lines()) {
      const xs = alrc.abscissae(line, chart.view.axis), smoothed = alrc.smooth(line, chart.view.window);
      for (let i = 0; i < line.x.length; i++) {
        if (xs[i] < from || xs[i] > to) continue;
        rows.push([text(line.name), text(line.group), line.x[i], line.records[i], number(line.mean[i]), number(line.low[i]), number(line.high[i]), number(smoothed[i]), number(line.threshold ? line.threshold[i] : NaN)].join(','));
      }
    }
    return rows.join('\n') + '\n';
  }

  // entries are the legend of what is shown.
  function entries(chart) {
    const seen = new Map();
    for (const curve of chart.curves()) if (!seen.has(curve.lines[0].group)) seen.set(curve.lines[0].group, curve.color);
    return [...seen];
  }

  function svg(chart) {
    const u = chart.plot.u, pen = new alrc.SVGPen(), ratio = devicePixelRatio;
    const { colors } = chart.plot;
    const list = entries(chart), perRow = Math.max(1, Math.floor(u.width / 230)), head = 10 + 18 * Math.ceil(list.length / perRow);
    const box = { left: u.bbox.left / ratio, top: u.bbox.top / ratio + head, width: u.bbox.width / ratio, height: u.bbox.height / ratio };
    const toX = v => box.left + u.valToPos(v, 'x'), toY = v => box.top + u.valToPos(v, 'y');
    pen.area([[0, 0], [u.width, 0], [u.width, u.height + head], [0, u.height + head]], colors.paper, 1);
    list.forEach(([name, color], i) => {
      const x = 12 + (i % perRow) * 230, y = 16 + 18 * Math.floor(i / perRow);
      pen.line([[x, y - 4], [x + 20, y - 4]], color, 2.5);
      pen.text(x + 26, y, name, colors.ink, 'start');
    });
    const axis = (k, horizontal) => {
      const { _splits, _values } = u.axes[k];
      (_splits || []).forEach((split, i) => {
        const label = _values[i];
        if (split === null) return;
        const at = horizontal ? toX(split) : toY(split);
        if (horizontal) pen.line([[at, box.top], [at, box.top + box.height]], colors.grid, 1);
        else pen.line([[box.left, at], [box.left + box.width, at]], colors.grid, 1);
        if (label === '' || label === null) return;
        if (horizontal) pen.text(at, box.top + box.height + 18, label, colors.ink, 'middle');
        else pen.text(box.left - 8, at + 4, label, colors.ink, 'end');
      });
    };
    axis(0, true);
    axis(1, false);
    chart.plot.paint(pen, toX, toY, box);
    pen.line([[box.left, box.top], [box.left, box.top + box.height], [box.left + box.width, box.top + box.height]], colors.frame, 1);
    pen.text(box.left + box.width / 2, u.height + head - 4, chart.view.axis === 'time' ? 'hours of training' : chart.xLabel, colors.ink, 'middle');
    pen.text(13, box.top + box.height / 2, chart.yLabel, colors.ink, 'middle', true);
    chart.plot.redraw(); // places of marks are those of the screen again
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${u.width} ${u.height + head}" width="${u.width}" height="${u.height + head}" font-family="system-ui, Liberation Sans, Arial, sans-serif" font-size="12">${pen.parts.join('\n')}</svg>\n`;
  }

  function png(chart) {
    const u = chart.plot.u, ratio = devicePixelRatio, { colors } = chart.plot;
    const list = entries(chart), perRow = Math.max(1, Math.floor(u.width / 230)), head = (10 + 18 * Math.ceil(list.length / perRow)) * ratio;
    const canvas = document.createElement('canvas');
    canvas.width = u.ctx.canvas.width;
    canvas.height = u.ctx.canvas.height + head;
    const c = canvas.getContext('2d');
    c.fillStyle = colors.paper;
    c.fillRect(0, 0, canvas.width, canvas.height);
    c.font = 12 * ratio + 'px ' + alrc.plotFonts;
    list.forEach(([name, color], i) => {
      const x = (12 + (i % perRow) * 230) * ratio, y = (16 + 18 * Math.floor(i / perRow)) * ratio;
      c.fillStyle = color;
      c.fillRect(x, y - 5 * ratio, 20 * ratio, 2.5 * ratio);
      c.fillStyle = colors.ink;
      c.fillText(name, x + 26 * ratio, y, 200 * ratio);
    });
    c.drawImage(u.ctx.canvas, 0, head);
    return new Promise(done => canvas.toBlob(done, 'image/png'));
  }

  Object.assign(alrc, { save, csv, svg });
}
