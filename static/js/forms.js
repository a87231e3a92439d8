// Small courtesies of forms: the error summary has the focus, a pressed button says so, a toast leaves after ten seconds.
(() => {
  const wanted = document.querySelector("[data-focus]");
  wanted?.focus();
  // going to the place that the address names takes the focus away until the page has loaded
  if (wanted && location.hash) addEventListener("load", () => setTimeout(() => wanted.focus()));

  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.defaultPrevented || !button) return;
    if (button.getAttribute("aria-disabled") === "true") {
      event.preventDefault();
      return;
    }
    setTimeout(() => {
      button.setAttribute("aria-disabled", "true");
      if (button.dataset.busy) button.textContent = button.dataset.busy;
    });
  });
  // coming back by the browser's arrow finds the buttons as they were
  addEventListener("pageshow", (event) => {
    if (event.persisted) for (const button of document.querySelectorAll("button[aria-disabled]")) button.removeAttribute("aria-disabled");
  });

  for (const box of document.querySelectorAll("[data-reveals]")) {
    const field = document.getElementById(box.dataset.reveals);
    box.closest("[hidden]")?.removeAttribute("hidden");
    box.addEventListener("change", () => { field.type = box.checked ? "text" : "password"; });
  }

  for (const toast of document.querySelectorAll("[data-toast]")) {
    let left = 10;
    const figure = toast.querySelector("[data-left]");
    const held = () => toast.matches(":hover, :focus-within");
    const timer = setInterval(() => {
      // what can be undone for ten seconds can be undone for ten seconds, whoever looks
      if (held() && !figure) return;
      left -= 1;
      if (figure) figure.textContent = String(Math.max(0, left));
      if (left > 0) return;
      clearInterval(timer);
      toast.remove();
    }, 1000);
  }

  // the composer opens with the cursor in its text
  if (new URLSearchParams(location.search).has("compose") && !document.querySelector("[data-focus]")) {
    // going to the address's #update takes the focus away until the page has loaded
    addEventListener("load", () => setTimeout(() => document.getElementById("body")?.focus()));
  }
  for (const folded of document.querySelectorAll("details[data-focuses]")) {
    folded.addEventListener("toggle", () => { if (folded.open) document.getElementById(folded.dataset.focuses)?.focus(); });
  }

  // menus made of <details> close on Escape and on a click elsewhere
  const menus = () => document.querySelectorAll("details.more[open], details.menu[open]");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
  });
})();
