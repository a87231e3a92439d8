// What htmx asks for by itself: nothing changes where somebody types, focus is kept, and being cut off is said.
// It goes on in a hidden tab, because that is the one which has to ring.
(() => {
  const typing = (element) => element.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");

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

})();
