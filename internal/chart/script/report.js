// Reports: charts of what the page itself holds. Where scripts do not run, the pictures stay.
{
  function begin() {
    const parts = new URLSearchParams(location.hash.slice(1));
    const charts = [];
    // The address holds the views of all charts of the page, each under its name.
    const note = () => {
      const all = new URLSearchParams();
      for (const chart of charts) for (const [name, value] of alrc.writeView(chart)) all.append(chart.id + '.' + name, value);
      const text = all.toString();
      history.replaceState(null, '', text ? '#' + text : location.pathname + location.search);
    };
    for (const host of document.querySelectorAll('figure[data-chart]')) {
      const data = JSON.parse(host.querySelector('script[type="application/json"]').textContent);
      const own = new URLSearchParams();
      for (const [name, value] of parts) if (name.startsWith(data.id + '.')) own.append(name.slice(data.id.length + 1), value);
      const lines = data.lines.map(alrc.decode);
      host.classList.add('touched');
      charts.push(new alrc.Chart(host.querySelector('.touch'), { lines, around: aroundOf(data) }, {
        id: data.id, title: data.title, xLabel: data.xLabel, yLabel: data.yLabel, log: data.log, window: data.window, view: alrc.readView(own), changed: note,
      }));
    }
    // A page is printed on white paper.
    const print = on => {
      document.documentElement.classList.toggle('printing', on);
      for (const chart of charts) chart.plot.rebuild();
    };
    addEventListener('beforeprint', () => print(true));
    addEventListener('afterprint', () => print(false));
  }

  function aroundOf(data) {
    return async (line, step) => {
      const { header, rows } = alrc.neighbours(line, step);
      const examples = line.marks.filter(m => m.step === step && m.example).map(m => ({
        id: m.example, loss: m.loss === null ? NaN : m.loss, threshold: m.threshold, scale: m.scale,
        picture: m.picture ? data.pictures[m.picture - 1] : null,
      }));
      return { header, neighbours: rows, examples };
    };
  }

  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', begin);
  else begin();
}
