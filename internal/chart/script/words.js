// Words: numbers and times for readers, as the command prints them, and elements with text.
{
  function number(value) {
    if (value === null || value === undefined || Number.isNaN(value)) return '–';
    if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
    const size = Math.abs(value);
    if (size !== 0 && (size >= 1e6 || size < 1e-3)) {
      const [digits, exponent] = value.toExponential(2).split('e');
      return digits.replace('-', '−') + '·10' + superscript(Number(exponent));
    }
    if (size >= 1000) return count(Math.round(value));
    return String(Number(value.toPrecision(4))).replace('-', '−');
  }

  function superscript(n) {
    return String(n).replace(/./g, c => (c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[c]));
  }

  function count(n) {
    if (!Number.isFinite(n)) return '–';
    return String(Math.round(n)).replace('-', '−').replace(/\B(?=(\d{3})+$)/g, ',');
  }

  function seconds(s) {
    if (!(s >= 0) || !Number.isFinite(s)) return '–';
    if (s < 1) return 'under 1 s';
    if (s < 60) return Math.round(s) + ' s';
    if (s < 3600) return Math.floor(s / 60) + ' min ' + (s < 600 ? Math.round(s % 60) + ' s' : '').trim();
    const hours = Math.floor(s / 3600);
    if (hours < 48) return hours + ' h ' + Math.round((s % 3600) / 60) + ' min';
    return Math.round(s / 86400) + ' days';
  }

  // element makes one. Its children are elements or text: what comes from a run is always text.
  function element(tag, properties, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
      else if (name === 'class') made.className = value;
      else if (name in made && !name.includes('-')) made[name] = value;
      else made.setAttribute(name, value);
    }
    made.append(...children.filter(c => c !== null && c !== undefined));
    return made;
  }

  // dialog shows a heading and what belongs to it in front of the page, until it is closed.
  function dialog(title, ...children) {
    const box = element('dialog', { class: 'box', 'aria-label': title },
      element('header', {}, element('h2', {}, title), element('button', { type: 'button', class: 'close', 'aria-label': 'Close', onclick: () => box.close() }, '×')),
      ...children);
    box.addEventListener('close', () => box.remove());
    box.addEventListener('keydown', e => { if (e.key === 'Escape') box.close(); });
    box.addEventListener('click', e => { if (e.target === box) box.close(); });
    document.body.append(box);
    box.showModal();
    return box;
  }

  function table(header, rows, caption) {
    return element('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': caption || header.join(', ') },
      element('table', {},
        caption ? element('caption', {}, caption) : null,
        element('thead', {}, element('tr', {}, ...header.map(h => element('th', { scope: 'col' }, h)))),
        element('tbody', {}, ...rows.map(row => element('tr', {}, ...row.map(cell => element('td', {}, cell)))))));
  }

  Object.assign(alrc, { number, count, seconds, element, dialog, table });
}
