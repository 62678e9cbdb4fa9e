// Feed: what the server tells, from the first overview on. A page that nobody sees asks for nothing.
'use strict';

{
  async function get(path, parameters) {
    const query = new URLSearchParams(parameters || {}).toString();
    const response = await fetch('/api/' + path + (query ? '?' + query : ''));
    const answer = await response.json().catch(() => ({ error: `the server answered with status ${response.status}` }));
    if (!response.ok) throw new Error(answer.error || `the server answered with status ${response.status}`);
    return answer;
  }

  // Feed keeps the overview up to date. handlers: overview(overview), update(update), connection(text), again().
  class Feed {
    constructor(handlers) {
      Object.assign(this, handlers);
      document.addEventListener('visibilitychange', () => (document.hidden ? this.stop() : this.start()));
      this.begin();
    }

    async begin() {
      clearTimeout(this.later);
      try {
        const overview = await get('overview');
        this.event = overview.event;
        this.overview(overview);
        this.reached();
        if (!document.hidden) this.listen();
      } catch (error) {
        this.lost(error);
        // A server that is not there is looked for, less and less often, while the page is seen.
        this.wait = Math.min((this.wait || 500) * 1.5, 5000);
        if (!document.hidden) this.later = setTimeout(() => this.begin(), this.wait);
      }
    }

    start() {
      if (!this.event || this.unreachable) this.begin();
      else if (!this.stream) this.listen();
    }

    stop() {
      clearTimeout(this.later);
      if (this.stream) this.stream.close();
      this.stream = null;
    }

    listen() {
      this.stop();
      const stream = new EventSource('/api/events?' + new URLSearchParams({ after: this.event }));
      this.stream = stream;
      stream.addEventListener('open', () => this.reached());
      stream.addEventListener('update', e => {
        if (e.lastEventId) this.event = e.lastEventId;
        const update = JSON.parse(e.data);
        if (update.reset) {
          this.stop();
          this.begin();
          this.again();
          return;
        }
        this.update(update);
      });
      stream.addEventListener('error', () => {
        if (this.stream !== stream) return;
        this.stop();
        this.lost(null);
        this.wait = 500;
        if (!document.hidden) this.later = setTimeout(() => this.begin(), this.wait);
      });
    }

    lost(error) {
      this.unreachable = true;
      const told = error && !(error instanceof TypeError) ? ` (${error.message})` : '';
      this.connection(`The server cannot be reached${told}. What is shown is from before; this page goes on when the server is back.`, true);
    }

    reached() {
      this.wait = 500;
      if (this.unreachable) this.again();
      this.unreachable = false;
      this.connection('', false);
    }
  }

  Object.assign(alrc, { get, Feed });
}
