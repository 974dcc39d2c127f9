// Charts whose rows change all the time, drawn one after the other: nothing costs a page as much as they do.

// milliseconds between two drawings of a chart, and of one that is scrolled out of sight
const SEEN_PAUSE = 2000;
const UNSEEN_PAUSE = 5000;
// the rest after a drawing, in times of what it took: all charts together take a tenth of a core at most
const REST = 9;
const LONGEST_REST = 1000;
// milliseconds until it is asked again whether anything is to be drawn
const PAUSE = 100;

// when a chart was drawn that was not
const NEVER = -UNSEEN_PAUSE - 1;

export class Redraws {
  constructor(failed) {
    this.failed = failed;
    this.charts = new Map();
    this.sight = new IntersectionObserver((entries) => {
      for (const entry of entries) this.charts.get(entry.target).isSeen = entry.isIntersecting;
    }, {rootMargin: "100px"});
    this.turn();
  }

  // `draw` draws the chart at `place`, and shows the place where it is hidden and there is something to see
  add(place, draw) {
    this.charts.set(place, {place, draw, isDue: false, isSeen: false, last: NEVER});
    this.sight.observe(place);
  }

  // there are new rows
  ask() {
    for (const chart of this.charts.values()) chart.isDue = true;
  }

  // somebody waits for this one
  askFor(place) {
    Object.assign(this.charts.get(place), {isDue: true, last: NEVER});
  }

  async turn() {
    const began = performance.now();
    // the one that has waited longest
    const pause = (chart) => (chart.isSeen || chart.place.hidden ? SEEN_PAUSE : UNSEEN_PAUSE);
    const due = [...this.charts.values()].filter((chart) => chart.isDue && began - chart.last > pause(chart));
    const next = due.sort((a, b) => a.last - b.last)[0];
    let rest = PAUSE;
    if (next) {
      const isFirst = next.last === NEVER;
      next.isDue = false;
      try {
        await next.draw();
      } catch (error) {
        this.failed(error);
      }
      next.last = performance.now();
      // a chart that is new, or asked for, leaves the others no time to wait
      rest = isFirst ? 0 : Math.min(LONGEST_REST, REST * (next.last - began));
    }
    setTimeout(() => requestAnimationFrame(() => this.turn()), rest);
  }
}
