// One press prints; another puts a line of the incident where the cursor was last.
(() => {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
  let last = document.querySelector("[data-insert]");
  document.addEventListener("focusin", (event) => { if (event.target.matches("[data-insert]")) last = event.target; });
  document.querySelector("[data-insert-hint]")?.removeAttribute("hidden");
  for (const button of document.querySelectorAll("[data-line]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const at = last.selectionStart ?? last.value.length;
      const before = last.value.slice(0, at);
      const line = `${before && !before.endsWith("\n") ? "\n" : ""}${button.dataset.line}\n`;
      last.setRangeText(line, at, last.selectionEnd, "end");
      last.dispatchEvent(new Event("input", { bubbles: true }));
      window.sevenbells.say("Inserted.");
    });
  }
})();
