// What htmx asks for by itself: nothing changes where somebody types, focus is kept, and being cut off is said.
// It goes on in a hidden tab, because that is the one which has to ring.
(() => {
  const typing = (element) => element.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
  let failed = 0;
  let heard = new Date();

  // a part in which somebody types, or has a menu open, stays as it is until the next news
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target } = event.detail;
    if (typing(target) || target.querySelector("details.more[open]")) event.detail.shouldSwap = false;
  });

  let focused = "";
  document.addEventListener("htmx:beforeSwap", () => { focused = document.activeElement?.id ?? ""; });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!focused || document.activeElement !== document.body) return;
    const back = document.getElementById(focused) ?? event.detail.target.closest("[tabindex]");
    back?.focus({ preventScroll: true });
  });

  const banner = document.getElementById("offline");
  const show = () => {
    const place = banner.querySelector(".grow");
    const [sentence] = place.textContent.split(" since");
    place.textContent = `${sentence} since ${heard.toTimeString().slice(0, 5)}. What you type is kept in this browser.`;
    banner.hidden = false;
  };
  document.addEventListener("htmx:afterRequest", (event) => {
    const status = event.detail.xhr?.status ?? 0;
    if (status >= 200 && status < 500 && status !== 401) {
      failed = 0;
      heard = new Date();
      banner.hidden = true;
    } else if (status === 401 || ++failed >= 2) show();
  });
})();
