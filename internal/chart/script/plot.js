// Plot: the axes, the cursor and zooming are uPlot's; curves and marks are drawn here, by their own abscissae.
{
  const crossKinds = new Set(['nonfinite', 'diverged']);

  class Plot {
    // chart has view, curves(), marks(), and takes zoomed(x, y), pointed(x) and picked(mark).
    constructor(host, chart) {
      this.host = host;
      this.chart = chart;
      this.dark = matchMedia('(prefers-color-scheme: dark)');
      this.dark.addEventListener('change', () => this.rebuild());
      this.observer = new ResizeObserver(() => this.resize());
      this.observer.observe(host);
      this.rebuild();
    }

    size() {
      const width = Math.max(240, Math.floor(this.host.clientWidth));
      return { width, height: Math.round(Math.max(240, Math.min(0.52 * width, 460))) };
    }

    color(name) {
      return getComputedStyle(this.host).getPropertyValue('--' + name).trim() || '#888888';
    }

    // rebuild makes the plot anew, after a change of the kind of an axis or of the page's colours.
    rebuild() {
      const { view } = this.chart;
      if (this.u) this.u.destroy();
      this.colors = Object.fromEntries(['ink', 'frame', 'grid', 'paper', 'soft'].map(name => [name, this.color(name)]));
      const axis = {
        stroke: this.colors.ink, font: '12px ' + fonts, labelFont: '12px ' + fonts,
        grid: { stroke: this.colors.grid, width: 1 }, ticks: { stroke: this.colors.frame, width: 1, size: 5 },
      };
      const narrow = this.size().width < 560;
      this.u = new uPlot({
        ...this.size(),
        legend: { show: false },
        padding: [10, 36, 0, 0],
        scales: {
          x: { time: false, range: () => this.x },
          y: { distr: view.log ? 3 : 1, log: 10, range: () => this.y },
        },
        axes: [
          { ...axis, label: view.axis === 'time' ? 'hours of training' : this.chart.xLabel, labelSize: 18, size: 34, space: narrow ? 60 : 80, values: (u, ticks) => ticks.map(t => (view.axis === 'time' ? String(Number(t.toPrecision(6))) : short(t))) },
          { ...axis, label: narrow ? '' : this.chart.yLabel, labelSize: narrow ? 0 : 18, size: narrow ? 46 : 58, space: 36, splits: view.log ? u => decades(this.y, u.bbox.height / devicePixelRatio) : undefined, filter: (u, ticks) => ticks, values: (u, ticks) => ticks.map(tick) },
        ],
        series: [{}, { paths: () => null, points: { show: false } }],
        cursor: { drag: { x: true, y: true, uni: 24, setScale: false }, points: { show: false }, bind: { dblclick: () => () => this.chart.zoomed(null, null) } },
        hooks: {
          draw: [u => this.paint(new alrc.CanvasPen(u.ctx, devicePixelRatio), v => u.valToPos(v, 'x', true), v => u.valToPos(v, 'y', true), u.bbox)],
          setCursor: [u => this.chart.pointed(u.cursor.left >= 0 ? u.posToVal(u.cursor.left, 'x') : null)],
          setSelect: [u => this.selected(u)],
        },
      }, this.data(), this.host);
      this.touch(this.u.over);
      this.u.over.addEventListener('click', e => this.clicked(e));
      this.u.over.addEventListener('mousemove', e => { this.u.over.style.cursor = this.near(e) ? 'pointer' : 'crosshair'; });
    }

    // data moves the axes over what is shown. uPlot itself is given nothing but their ends.
    data() {
      this.range();
      return [this.x, this.y];
    }

    redraw() {
      this.u.setData(this.data());
      this.drawn = (this.drawn || 0) + 1;
    }

    resize() {
      const size = this.size();
      if (size.width !== this.u.width) {
        this.u.setSize(size);
        this.rebuild();
      }
    }

    range() {
      const { view } = this.chart;
      const curves = this.chart.curves();
      let low = Infinity, high = -Infinity;
      for (const curve of curves) {
        if (curve.x.length === 0) continue;
        low = Math.min(low, curve.x[0]);
        high = Math.max(high, ...curve.lines.map(line => alrc.end(line, view.axis)));
      }
      if (!(low <= high)) [low, high] = [0, 1];
      if (low > 0 && low < 0.02 * high) low = 0;
      if (low === high) high = low + 1;
      this.full = [low, high];
      this.x = view.x || this.full;
      this.y = view.y || this.extent(curves);
    }

    extent(curves) {
      const { view } = this.chart;
      let low = Infinity, high = -Infinity;
      const grow = value => {
        if (Number.isFinite(value) && (!view.log || value > 0)) {
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
      };
      for (const curve of curves) {
        for (let i = Math.max(0, alrc.place(curve.x, this.x[0])); i < curve.x.length && curve.x[i] <= this.x[1]; i++) {
          grow(curve.y[i]);
          if (curve.low) {
            grow(curve.low[i]);
            grow(curve.high[i]);
          }
          if (view.raw) {
            grow(curve.rawLow[i]);
            grow(curve.rawHigh[i]);
          }
          if (view.thresholds && view.log && curve.threshold) grow(curve.threshold[i]);
        }
      }
      if (!(low <= high)) return view.log ? [0.1, 10] : [0, 1];
      if (view.log) {
        const room = Math.max(Math.pow(high / low, 0.04), 1.02);
        return [low / room, high * room];
      }
      const room = (high - low || Math.abs(high) || 1) * 0.05;
      return [low >= 0 && low < 0.3 * high ? 0 : low - room, high + room];
    }

    // paint draws curves and marks with a pen; toX and toY place values, and box is the plot's area.
    paint(pen, toX, toY, box) {
      const { view } = this.chart;
      this.spots = [];
      const curves = this.chart.curves();
      const visible = value => Number.isFinite(value) && (!view.log || value > 0);
      const clampY = value => Math.max(box.top - 1e4, Math.min(box.top + box.height + 1e4, toY(view.log && value <= 0 ? this.y[0] / 10 : value)));
      const span = curve => [Math.max(0, alrc.place(curve.x, this.x[0]) - 1), Math.min(curve.x.length - 1, alrc.place(curve.x, this.x[1]) + 1)];
      const line = (curve, values, color, width, dash) => {
        const [from, to] = span(curve);
        let part = [];
        for (let i = from; i <= to + 1; i++) {
          if (i <= to && visible(values[i])) {
            part.push([toX(curve.x[i]), clampY(values[i])]);
          } else {
            if (part.length > 0) pen.line(part, color, width, dash);
            part = [];
          }
        }
      };
      const area = (curve, low, high, color, opacity) => {
        const [from, to] = span(curve);
        let upper = [], lower = [];
        for (let i = from; i <= to + 1; i++) {
          if (i <= to && Number.isFinite(low[i]) && visible(high[i])) {
            const x = toX(curve.x[i]);
            // A band of one value still has the width of a thin line.
            const top = clampY(high[i]), bottom = clampY(low[i]);
            upper.push([x, top - 0.3]);
            lower.push([x, bottom + 0.3]);
          } else {
            if (upper.length > 0) pen.area([...upper, ...lower.reverse()], color, opacity);
            upper = [];
            lower = [];
          }
        }
      };
      const strong = this.chart.strong;
      const faded = curve => strong && !curve.lines.some(l => l.group === strong);
      pen.clip(box, () => {
        const many = curves.length > 12;
        for (const curve of curves) {
          if (faded(curve)) continue;
          if (view.raw) {
            area(curve, curve.rawLow, curve.rawHigh, curve.color, many ? 0.08 : 0.2);
            // Single steps have no area.
            if (!many && view.window > 1) line(curve, curve.rawHigh.map((v, i) => (v === curve.rawLow[i] ? v : NaN)), mix(curve.color, this.colors.paper, 0.62), 0.8);
          }
          if (curve.low) area(curve, curve.low, curve.high, curve.color, many ? 0.12 : 0.25);
        }
        if (view.thresholds) {
          for (const curve of curves) if (curve.threshold && !faded(curve)) line(curve, curve.threshold, mix(curve.color, this.colors.soft, 0.5), 1.2, [5, 4]);
        }
        for (const curve of curves) {
          const color = faded(curve) ? this.colors.grid : mix(curve.color, this.colors.paper, Math.min(0.14 * curve.shade, 0.5));
          line(curve, curve.y, color, strong && !faded(curve) ? 2.6 : many ? 1.1 : 1.8);
        }
        if (!view.marks) return;
        const marks = this.chart.marks();
        const small = marks.length > 400 ? 2.2 : 3.2;
        for (const mark of marks) {
          if (!(mark.x >= this.x[0] && mark.x <= this.x[1])) continue;
          const x = toX(mark.x);
          const inside = visible(mark.loss) && !crossKinds.has(mark.kind);
          // What lies beyond the axis stands at its edge: it happened.
          const y = inside ? Math.max(box.top + 4 * pen.scale, Math.min(box.top + box.height - 4 * pen.scale, clampY(mark.loss))) : box.top + 7 * pen.scale;
          this.spots.push({ x, y, mark });
          const r = 4 * pen.scale;
          switch (mark.kind) {
            case 'clipped':
              pen.circle(x, y, small, this.colors.paper, mix(mark.color, this.colors.ink, 0.25));
              break;
            case 'spike':
              pen.line([[x - r, y - 1.6 * r], [x, y - 0.4 * r], [x + r, y - 1.6 * r], [x - r, y - 1.6 * r]], this.colors.ink, 1.4);
              break;
            default:
              pen.line([[x - r, y - r], [x + r, y + r]], this.colors.ink, 2);
              pen.line([[x - r, y + r], [x + r, y - r]], this.colors.ink, 2);
          }
        }
      });
    }

    near(e) {
      const bounds = this.u.over.getBoundingClientRect();
      const x = (e.clientX - bounds.left) * devicePixelRatio + this.u.bbox.left;
      const y = (e.clientY - bounds.top) * devicePixelRatio + this.u.bbox.top;
      let best = null, reach = 14 * devicePixelRatio;
      for (const spot of this.spots || []) {
        const distance = Math.hypot(spot.x - x, spot.y - y);
        if (distance < reach) [best, reach] = [spot.mark, distance];
      }
      return best;
    }

    clicked(e) {
      if (this.dragged) {
        this.dragged = false;
        return;
      }
      const mark = this.near(e);
      if (mark) this.chart.picked(mark);
    }

    selected(u) {
      const { left, top, width, height } = u.select;
      if (width < 4 && height < 4) return;
      this.dragged = true;
      setTimeout(() => { this.dragged = false; }, 0);
      const whole = u.over.clientHeight, wide = u.over.clientWidth;
      const x = width > 3 && width < wide ? [u.posToVal(left, 'x'), u.posToVal(left + width, 'x')] : this.chart.view.x;
      const y = height > 3 && height < whole - 1 ? [u.posToVal(top + height, 'y'), u.posToVal(top, 'y')] : null;
      u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      this.chart.zoomed(x, y);
    }

    // touch lets one finger drag over the steps to zoom; up and down, the page scrolls.
    touch(over) {
      over.style.touchAction = 'pan-y';
      let from = null;
      const at = e => Math.max(0, Math.min(over.clientWidth, e.clientX - over.getBoundingClientRect().left));
      over.addEventListener('pointerdown', e => { if (e.pointerType === 'touch') from = at(e); });
      over.addEventListener('pointermove', e => {
        if (from === null || e.pointerType !== 'touch') return;
        const to = at(e);
        this.u.setCursor({ left: to, top: 10 });
        this.u.setSelect({ left: Math.min(from, to), top: 0, width: Math.abs(to - from), height: over.clientHeight }, false);
      });
      const end = e => {
        if (from === null || e.pointerType !== 'touch') return;
        const far = Math.abs(at(e) - from) > 12;
        if (e.type === 'pointerup' && far) this.selected(this.u);
        else this.u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        from = null;
      };
      over.addEventListener('pointerup', end);
      over.addEventListener('pointercancel', end);
    }

    // point moves the cursor to a value of the x axis.
    point(x) {
      this.u.setCursor({ left: this.u.valToPos(x, 'x'), top: this.u.over.clientHeight / 2 });
    }
  }

  const fonts = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';

  // decades are the ticks of a logarithmic axis, as many as have room: decades apart, or 1, 2 and 5 of each, or evenly.
  function decades([low, high], height) {
    const most = Math.max(3, height / 34), span = Math.log10(high / low);
    const ticks = [];
    if (span < 0.7) {
      const step = [1, 2, 5, 10].map(s => s * Math.pow(10, Math.floor(Math.log10((high - low) / most)))).find(s => (high - low) / s <= most);
      for (let t = Math.ceil(low / step) * step; t <= high; t += step) ticks.push(Number(t.toPrecision(10)));
      return ticks;
    }
    const each = Math.max(1, Math.ceil(span / most));
    const parts = span * 3 <= most ? [1, 2, 5] : [1];
    for (let e = Math.floor(Math.log10(low) / each) * each; e <= Math.log10(high); e += each) {
      for (const part of parts) {
        const t = Number((part + 'e' + e));
        if (t >= low && t <= high) ticks.push(t);
      }
    }
    return ticks;
  }

  function tick(value) {
    const size = Math.abs(value);
    if (size >= 1e5 || size !== 0 && size < 1e-3) return value.toExponential(0).replace('e+', 'e').replace('-', '−');
    return String(Number(value.toPrecision(6))).replace('-', '−');
  }

  function short(step) {
    return Number.isInteger(step) ? alrc.count(step) : String(Number(step.toPrecision(6)));
  }

  // mix is a colour between two, which are given as #rrggbb.
  function mix(a, b, share) {
    const part = (c, k) => parseInt(c.slice(1 + 2 * k, 3 + 2 * k), 16);
    if (!/^#[0-9a-f]{6}$/i.test(a) || !/^#[0-9a-f]{6}$/i.test(b)) return a;
    return '#' + [0, 1, 2].map(k => Math.round(part(a, k) * (1 - share) + part(b, k) * share).toString(16).padStart(2, '0')).join('');
  }

  // The colours of this project's figures, in their order; beyond them they are nearer to grey, which is seen on light and dark.
  const palette = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];

  function color(place) {
    const n = palette.length, at = ((place % n) + n) % n;
    return mix(palette[at], '#808080', 1 - Math.pow(0.7, Math.min(4, Math.max(0, Math.floor(place / n)))));
  }

  Object.assign(alrc, { Plot, plotFonts: fonts, color });
}
