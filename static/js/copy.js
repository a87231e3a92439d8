// One click copies: <button data-copy="#id">; the button is hidden where there is no script to answer it.
(() => {
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.querySelector(button.dataset.copy);
    const text = source.value ?? source.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // plain http, or permission refused: select it, so that one key press copies
      if (source.select) source.select();
      else getSelection().selectAllChildren(source);
      return;
    }
    const word = button.textContent;
    button.textContent = button.dataset.copied;
    window.sevenbells?.say(button.dataset.copied);
    setTimeout(() => { button.textContent = word; }, 2000);
  });
})();
