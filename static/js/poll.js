// What htmx asks for by itself: never where somebody types, focus kept, and a word when the server is out of reach.
(() => {
  const typing = (element) => element.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
  let failed = 0;
  let heard = new Date();

  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, requestConfig } = event.detail;
    if (requestConfig.verb === "get" && elt.hasAttribute("data-polls") && (document.hidden || typing(elt))) event.preventDefault();
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
