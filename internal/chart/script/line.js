// Lines: what a run's losses are once they are here. A line is bins of steps, in order, each with the lowest, the
// highest and the mean of its losses; where single steps are known a bin has one.
const alrc = {};

{
  // Columns travel as 16-bit places between two ends, evenly or by their logarithm; the last code is no number.
  const missing = 65535;

  function column(c) {
    const bytes = Uint8Array.from(atob(c.values), ch => ch.charCodeAt(0));
    const codes = new DataView(bytes.buffer);
    const values = new Float64Array(bytes.length / 2);
    for (let i = 0; i < values.length; i++) {
      const code = codes.getUint16(2 * i, true);
      const share = code / (missing - 1);
      if (code === missing) values[i] = NaN;
      else if (c.log) values[i] = Math.exp(Math.log(c.low) + share * (Math.log(c.high) - Math.log(c.low)));
      else values[i] = c.low + share * (c.high - c.low);
    }
    return values;
  }

  // decode makes a line of what a page holds. Its steps are stretches [first, by, bins, records of a bin], or a list.
  function decode(d) {
    const x = [], records = [];
    for (const [first, by, bins, each] of d.stretches || []) {
      for (let i = 0; i < bins; i++) {
        x.push(first + i * by);
        records.push(each);
      }
    }
    for (const [step, each] of d.steps || []) {
      x.push(step);
      records.push(each);
    }
    const line = {
      id: d.id, name: d.name, group: d.group || d.name, color: d.color, seed: d.seed, panel: d.panel || '', link: d.link || '',
      x, records,
      mean: column(d.mean), low: null, high: null, threshold: null, time: null, marks: d.marks || [], version: 0,
    };
    // Single steps are their own lowest and highest, and are not sent again.
    const low = d.low ? column(d.low) : [], high = d.high ? column(d.high) : [];
    line.low = Float64Array.from(line.mean);
    line.high = Float64Array.from(line.mean);
    for (let i = 0, k = 0; i < x.length; i++) {
      if (records[i] > 1 && k < high.length) {
        if (low.length > 0) line.low[i] = low[k];
        line.high[i] = high[k++];
      }
    }
    if (d.threshold) line.threshold = column(d.threshold);
    if (d.time) line.time = column(d.time);
    return line;
  }

  // place is the bin that holds a step: the last that begins at or before it, -1 where none does.
  function place(x, step) {
    let low = 0, high = x.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (x[middle] <= step) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  // smooth is the moving average of a line's means over a window of steps, with weights that fall evenly to both
  // sides: a huge value stays a peak at its own place. Sums are added up anew for each bin, never by subtracting, so that
  // no huge value leaves a rounding error behind it.
  function smooth(line, window) {
    const n = line.x.length;
    if (!(window > 1) || n === 0) return line.mean;
    const key = line.version + ':' + window;
    if (line.smoothed && line.smoothed.key === key) return line.smoothed.values;
    const half = (2 * window + 1) / 3;
    const values = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let sum = 0, weights = 0;
      const add = k => {
        const distance = Math.abs(line.x[k] - line.x[i]);
        if (distance >= half) return false;
        if (Number.isFinite(line.mean[k])) {
          const weight = line.records[k] * (1 - distance / half);
          sum += weight * line.mean[k];
          weights += weight;
        }
        return true;
      };
      add(i);
      for (let k = i - 1; k >= 0 && add(k); k--);
      for (let k = i + 1; k < n && add(k); k++);
      values[i] = sum / weights; // NaN where there is none
    }
    line.smoothed = { key, values };
    return values;
  }

  // between is a series' value at x, on the straight line between its neighbours; NaN outside.
  function between(xs, ys, x) {
    const i = place(xs, x);
    if (i < 0) return NaN;
    if (i === xs.length - 1) return x === xs[i] ? ys[i] : NaN;
    const share = (x - xs[i]) / (xs[i + 1] - xs[i]);
    return share === 0 ? ys[i] : ys[i] + share * (ys[i + 1] - ys[i]);
  }

  // abscissae are the line's places on an axis: its steps, or the hours that training had taken.
  function abscissae(line, axis) {
    return axis === 'time' && line.time ? line.time : line.x;
  }

  // end is where a line ends on an axis: the last step of its last bin.
  function end(line, axis) {
    const n = line.x.length;
    return n === 0 || axis === 'time' && line.time ? last(abscissae(line, axis)) : Math.max(line.x[n - 1], line.x[n - 1] + line.records[n - 1] - 1);
  }

  // curves are what is drawn of some lines: each by itself, or the lines of each group as their mean and a band from
  // the lowest to the highest.
  function curves(lines, view, window) {
    if (view.seeds === 'each') {
      return lines.map((line, i) => ({
        name: line.name, lines: [line], color: line.color, shade: lines.slice(0, i).filter(o => o.group === line.group).length,
        x: abscissae(line, view.axis), y: smooth(line, window), low: null, high: null,
        rawLow: line.low, rawHigh: line.high, threshold: line.threshold, steps: line.x,
      }));
    }
    const groups = new Map();
    for (const line of lines) groups.set(line.group, [...(groups.get(line.group) || []), line]);
    return [...groups].map(([name, members]) => {
      const longest = members.reduce((a, b) => (last(b.x) > last(a.x) || last(b.x) === last(a.x) && b.x.length > a.x.length ? b : a));
      const n = longest.x.length;
      const curve = {
        name, lines: members, color: longest.color, shade: 0, x: abscissae(longest, view.axis), y: smooth(longest, window),
        low: null, high: null, rawLow: longest.low, rawHigh: longest.high, threshold: longest.threshold, steps: longest.x,
      };
      if (members.length === 1) return curve;
      for (const key of ['y', 'low', 'high', 'rawLow', 'rawHigh']) curve[key] = new Float64Array(n).fill(NaN);
      for (let i = 0; i < n; i++) {
        let sum = 0, count = 0;
        for (const line of members) {
          const value = between(line.x, smooth(line, window), longest.x[i]);
          if (Number.isFinite(value)) {
            sum += value;
            count++;
            curve.low[i] = curve.low[i] <= value ? curve.low[i] : value;
            curve.high[i] = curve.high[i] >= value ? curve.high[i] : value;
          }
          const k = place(line.x, longest.x[i]);
          if (k < 0 || longest.x[i] > last(line.x)) continue;
          curve.rawLow[i] = curve.rawLow[i] <= line.low[k] ? curve.rawLow[i] : line.low[k];
          curve.rawHigh[i] = curve.rawHigh[i] >= line.high[k] ? curve.rawHigh[i] : line.high[k];
        }
        curve.y[i] = sum / count;
      }
      return curve;
    });
  }

  function last(list) {
    return list.length > 0 ? list[list.length - 1] : -Infinity;
  }

  Object.assign(alrc, { decode, place, smooth, between, abscissae, end, curves, last });
}
