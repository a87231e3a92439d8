// The server's clock, not this machine's: data-now was printed when the answer began to arrive.
(() => {
  const arrived = () => {
    const [page] = performance.getEntriesByType("navigation");
    return performance.timeOrigin + (page ? page.responseStart : 0);
  };
  const offset = Date.parse(document.documentElement.dataset.now) - arrived();
  window.sevenbells = {
    now: () => performance.timeOrigin + performance.now() + offset,
    say(sentence) {
      const place = document.getElementById("announce");
      if (place && sentence) place.textContent = sentence;
    },
  };
})();
