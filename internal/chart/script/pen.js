// Pens: one way to draw on a canvas and into an SVG file, so that what is exported is what is seen.
{
  class CanvasPen {
    constructor(context, scale) {
      this.c = context;
      this.scale = scale;
    }
    clip(box, draw) {
      this.c.save();
      this.c.beginPath();
      this.c.rect(box.left, box.top, box.width, box.height);
      this.c.clip();
      draw();
      this.c.restore();
    }
    trace(points) {
      this.c.beginPath();
      points.forEach(([x, y], i) => (i ? this.c.lineTo(x, y) : this.c.moveTo(x, y)));
    }
    line(points, color, width, dash) {
      if (points.length === 1) points = [points[0], [points[0][0] + 0.1, points[0][1]]];
      this.trace(points);
      this.c.strokeStyle = color;
      this.c.lineWidth = width * this.scale;
      this.c.lineJoin = 'round';
      this.c.lineCap = 'round';
      this.c.setLineDash(dash ? dash.map(d => d * this.scale) : []);
      this.c.stroke();
      this.c.setLineDash([]);
    }
    area(points, color, opacity) {
      this.trace(points);
      this.c.closePath();
      this.c.globalAlpha = opacity;
      this.c.fillStyle = color;
      this.c.fill();
      this.c.globalAlpha = 1;
    }
    circle(x, y, radius, color, fill) {
      this.c.beginPath();
      this.c.arc(x, y, radius * this.scale, 0, 2 * Math.PI);
      this.c.lineWidth = 1.4 * this.scale;
      this.c.strokeStyle = color;
      if (fill) {
        this.c.fillStyle = fill;
        this.c.fill();
      }
      this.c.stroke();
    }
  }

  class SVGPen {
    constructor() {
      this.parts = [];
      this.scale = 1;
    }
    clip(box, draw) {
      this.parts.push(`<clipPath id="inside"><rect x="${round(box.left)}" y="${round(box.top)}" width="${round(box.width)}" height="${round(box.height)}"/></clipPath><g clip-path="url(#inside)">`);
      draw();
      this.parts.push('</g>');
    }
    line(points, color, width, dash) {
      this.parts.push(`<polyline points="${list(points)}" fill="none" stroke="${color}" stroke-width="${width}" stroke-linejoin="round"${dash ? ` stroke-dasharray="${dash.join(' ')}"` : ''}/>`);
    }
    area(points, color, opacity) {
      this.parts.push(`<polygon points="${list(points)}" fill="${color}" fill-opacity="${opacity}"/>`);
    }
    circle(x, y, radius, color, fill) {
      this.parts.push(`<circle cx="${round(x)}" cy="${round(y)}" r="${radius}" fill="${fill || 'none'}" stroke="${color}" stroke-width="1.4"/>`);
    }
    text(x, y, text, color, anchor, turned) {
      const turn = turned ? ` transform="rotate(-90 ${round(x)} ${round(y)})"` : '';
      this.parts.push(`<text x="${round(x)}" y="${round(y)}" fill="${color}" text-anchor="${anchor}"${turn}>${escape(text)}</text>`);
    }
  }

  function round(value) {
    return Math.round(value * 10) / 10;
  }

  function list(points) {
    return points.map(([x, y]) => round(x) + ',' + round(y)).join(' ');
  }

  function escape(text) {
    return String(text).replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }[c]));
  }

  Object.assign(alrc, { CanvasPen, SVGPen });
}
