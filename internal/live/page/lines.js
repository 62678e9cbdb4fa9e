// Lines of runs that are served: asked for when they are shown, longer with each update, finer where the view is.
{
  const points = 1000;

  // append adds the points of a curve to a line.
  function append(line, curve) {
    const number = v => (v === null || v === undefined ? NaN : v);
    curve.step.forEach((step, i) => {
      const records = curve.steps[i], first = step - records + 1;
      if (line.x.length > 0 && first <= line.end) return; // it is there
      line.end = step;
      line.x.push(first);
      line.records.push(records);
      for (const [name, values] of [['mean', curve.mean], ['low', curve.min], ['high', curve.max]]) line[name].push(number(values[i]));
      line.limits.push(curve.threshold ? number(curve.threshold[i]) : NaN);
      line.hours.push(curve.seconds ? number(curve.seconds[i]) / 3600 : NaN);
      if (curve.clipped && curve.clipped[i] > 0) line.bins.push({ kind: 'clipped', step, steps: records, loss: number(curve.max[i]), count: curve.clipped[i] });
      if (curve.bad && curve.bad[i] > 0) line.bins.push({ kind: 'nonfinite', step, steps: records, loss: NaN, count: curve.bad[i] });
    });
    for (const e of curve.episodes || []) line.episodes.set(e.start, e);
    finish(line);
  }

  function finish(line) {
    line.version++;
    line.threshold = line.limits.some(Number.isFinite) ? line.limits : null;
    line.time = line.hours.length > 0 && line.hours.every(Number.isFinite) ? line.hours : null;
    line.marks = [...line.bins];
    for (const e of line.episodes.values()) {
      // An episode is of raw losses. On a line of others its peak is where that line is.
      const at = alrc.place(line.x, e.peak), loss = line.raw ? e.peak_loss : at < 0 ? null : line.high[at];
      line.marks.push({ kind: e.peak_loss === null ? 'nonfinite' : 'spike', step: e.peak, steps: 1, loss: loss === null ? NaN : loss });
    }
  }

  function empty(run, labels, loss) {
    return {
      raw: !loss || loss === 'raw_loss',
      id: run.id, name: run.name, group: labels.get(run.group) || run.name, color: alrc.color(run.color), panel: '', x: [], records: [], mean: [], low: [], high: [],
      limits: [], hours: [], threshold: null, time: null, bins: [], episodes: new Map(), marks: [], version: 0, end: 0,
    };
  }

  // merged is a line with a part of it in finer bins.
  function merged(line, part) {
    if (!part || part.x.length === 0) return line;
    const from = part.x[0], to = part.end;
    const both = { ...line, bins: [], smoothed: null, version: `${line.version}/${part.version}` };
    const columns = ['x', 'records', 'mean', 'low', 'high', 'limits', 'hours'];
    for (const name of columns) both[name] = [];
    const take = (source, i) => { for (const name of columns) both[name].push(source[name][i]); };
    let i = 0;
    for (; i < line.x.length && line.x[i] + line.records[i] - 1 < from; i++) take(line, i);
    for (let k = 0; k < part.x.length; k++) take(part, k);
    for (; i < line.x.length; i++) if (line.x[i] > to) take(line, i);
    both.bins = [...line.bins.filter(m => m.step < from || m.step - m.steps + 1 > to), ...part.bins];
    both.episodes = new Map([...line.episodes, ...part.episodes]);
    const version = both.version;
    finish(both);
    both.version = version;
    return both;
  }

  // Lines is the source of the page's chart.
  class Lines {
    constructor(changed, problem, loaded) {
      Object.assign(this, { changed, problem, loaded });
      this.whole = new Map();
      this.pending = new Set();
      this.times = new Map();
      this.parts = new Map();
      this.lines = [];
      this.loss = '';
      this.turn = 0;
    }

    // show has the given runs' lines be there, in that order.
    async show(runs, labels, loss) {
      const turn = ++this.turn;
      if (loss !== this.loss) {
        this.whole.clear();
        this.parts.clear();
        this.loss = loss;
      }
      this.runs = runs;
      this.labels = labels;
      for (const id of [...this.whole.keys()]) if (!runs.some(r => r.id === id)) this.forget(id);
      this.collect();
      // A few at once, and what has come is drawn.
      const missing = runs.filter(r => !this.whole.has(r.id) && r.state !== 'waiting' && this.of(r) !== null);
      const work = async () => {
        for (let run = missing.shift(); run && turn === this.turn; run = missing.shift()) await this.load(run);
      };
      await Promise.all([work(), work(), work(), work()]);
    }

    // renew takes what is known of runs by now.
    renew(runs) {
      this.runs = (this.runs || []).map(r => runs.get(r.id) || r);
    }

    // of is which of a run's losses are shown: '' for the first, null where it has none of the name. What clipping sees are the
    // losses themselves, unless the run has those by themselves.
    of(run) {
      const has = (run.losses || []).includes(this.loss);
      if (this.loss === 'raw_loss' || this.loss === 'loss' && !has) return '';
      return has ? this.loss : null;
    }

    asked(run) {
      return this.of(run) ? { loss: this.of(run) } : {};
    }

    forget(id) {
      this.whole.delete(id);
      this.parts.delete(id);
    }

    async load(run) {
      const line = empty(run, this.labels, this.of(run));
      try {
        const curve = await alrc.get('curve', { run: run.id, points, ...this.asked(run) });
        append(line, curve);
      } catch (error) {
        if (error instanceof TypeError) return; // the server is away, and the page says so
        this.problem(`${run.name}: ${error.message}`);
      }
      if (!this.runs.some(r => r.id === run.id)) return;
      this.whole.set(run.id, line);
      this.loaded(line);
      this.collect();
    }

    // reload asks for a line again, now or, where that was done of late, in a while.
    reload(run) {
      const every = 2000;
      if (this.pending.has(run.id)) return;
      this.pending.add(run.id);
      setTimeout(async () => {
        this.pending.delete(run.id);
        this.times.set(run.id, Date.now());
        if (!document.hidden && this.runs.some(r => r.id === run.id)) await this.load(run);
      }, Math.max(0, (this.times.get(run.id) || 0) + every - Date.now()));
    }

    collect() {
      this.lines = this.runs.filter(r => this.whole.has(r.id)).map(r => merged(this.whole.get(r.id), this.parts.get(r.id)));
      this.changed();
    }

    // extend takes the points of an update.
    extend(update) {
      let changed = false;
      for (const p of update) {
        const line = this.whole.get(p.run);
        const run = this.runs && this.runs.find(r => r.id === p.run);
        if (!run || this.of(run) === null) continue;
        if (!line || p.again) {
          this.reload(run);
          continue;
        }
        for (const curve of p.curves || []) {
          for (const e of curve.episodes || []) line.episodes.set(e.start, e);
          if (curve.loss !== (this.of(run) || curve.losses[0])) continue;
          // Much at once, in few points, would be coarse beside the rest: the server makes a line of it all.
          const coarse = curve.steps.some(n => n > Math.max(8, 4 * line.end / points));
          if (!coarse) append(line, curve);
          changed = true;
          if (coarse || line.x.length > 4 * points) this.reload(run);
        }
      }
      if (changed) this.collect();
    }

    // refine asks for as many points of what is in view as of the whole. More lies beside it, for smoothing.
    refine(chart) {
      clearTimeout(this.later);
      this.later = setTimeout(() => this.ask(chart), 120);
    }

    async ask(chart) {
      const { view } = chart;
      const turn = this.asking = (this.asking || 0) + 1;
      if (!view.x) {
        this.parts.clear();
        this.collect();
        return;
      }
      const runs = this.runs.filter(r => this.whole.has(r.id) && !view.off.has(this.whole.get(r.id).group));
      await Promise.all(runs.map(async run => {
        const line = this.whole.get(run.id);
        let [from, to] = view.x;
        if (view.axis === 'time') {
          if (!line.time) return;
          const step = hours => line.x[Math.max(0, alrc.place(line.time, hours))];
          [from, to] = [step(from), step(to) + 1];
        }
        const beside = Math.max(view.window, (to - from) / 4);
        const shown = alrc.place(line.x, to) - alrc.place(line.x, from);
        const single = line.records.slice(Math.max(0, alrc.place(line.x, from)), alrc.place(line.x, to) + 1).every(n => n === 1);
        if (single || shown > points) return;
        try {
          const curve = await alrc.get('curve', {
            run: run.id, points: 2 * points, from: Math.max(1, Math.floor(from - beside)), to: Math.max(2, Math.ceil(to + beside)), ...this.asked(run),
          });
          if (turn !== this.asking) return;
          const part = empty(run, this.labels, this.of(run));
          append(part, curve);
          this.parts.set(run.id, part);
        } catch (error) {
          if (!(error instanceof TypeError)) this.problem(`${run.name}: ${error.message}`);
        }
      }));
      if (turn === this.asking) this.collect();
    }

    // exact finds the step of a mark that stands for several.
    async exact(mark) {
      if (!(mark.steps > 1)) return mark;
      const from = mark.step - mark.steps + 1;
      const curve = await alrc.get('curve', { run: mark.line.id, from, to: mark.step, points: 4000, ...this.asked(this.runs.find(r => r.id === mark.line.id)) });
      const counts = mark.kind === 'clipped' ? curve.clipped : curve.bad;
      let best = -1;
      curve.step.forEach((step, i) => {
        if (step < from || step > mark.step || !counts || !(counts[i] > 0) || curve.steps[i] !== 1) return;
        if (best < 0 || curve.max[i] > curve.max[best]) best = i;
      });
      return best < 0 ? mark : { ...mark, step: curve.step[best], steps: 1, loss: curve.max[best] === null ? NaN : curve.max[best] };
    }

    async around(line, step) {
      const answer = await alrc.get('step', { run: line.id, step, around: 6 });
      const number = v => (v === null || v === undefined ? NaN : v);
      const texts = [answer.note || ''];
      if (answer.more) texts.push(`${alrc.count(answer.more)} more of this step are not shown.`);
      return {
        header: answer.columns, neighbours: answer.rows.map(row => row.map(number)), text: texts.join(' ').trim(),
        examples: answer.examples.map(e => ({ id: e.id, image: e.image, loss: number(e.loss), threshold: number(e.threshold), scale: number(e.scale), picture: e.picture || '' })),
      };
    }
  }

  Object.assign(alrc, { Lines });
}
