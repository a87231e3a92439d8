// Ctrl K, ⌘ K or / opens the palette: what can be done here, where one can go, what is found. Without script it is a page.
(() => {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const field = dialog.querySelector("input");
  const list = dialog.querySelector("#pal-list");
  list.setAttribute("role", "listbox"); // it is one from here on: without script it stays empty
  list.setAttribute("aria-label", "Choices");
  let asked = "";
  let timer = 0;

  const options = () => [...list.querySelectorAll("[role=option]")];
  const choose = (option) => {
    for (const each of options()) each.setAttribute("aria-selected", String(each === option));
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  };
  const chosen = () => list.querySelector("[aria-selected=true]");

  const ask = async () => {
    const question = field.value;
    asked = question;
    const words = new URLSearchParams({ palette: 1, q: question, ref: dialog.dataset.ref });
    try {
      const answer = await fetch(`/console/search?${words}`, { headers: { "HX-Request": "true" } });
      if (question !== asked) return;
      if (!answer.ok) throw new Error();
      list.innerHTML = await answer.text();
      choose(options()[0]);
      window.sevenbells.say(`${options().length} choices.`);
    } catch {
      list.textContent = "Search does not answer. The menus still work.";
    }
  };
  const open = () => {
    if (dialog.open) return;
    field.value = "";
    dialog.showModal(); // it gives the focus back to where it was when it closes
    ask();
  };

  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 150); });
  field.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.indexOf(chosen());
    if (event.key === "ArrowDown") choose(all[(at + 1) % all.length]);
    else if (event.key === "ArrowUp") choose(all[(at + all.length - 1) % all.length]);
    else if (event.key === "Enter") (chosen() ?? all[0])?.click();
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog || event.target.closest("a")) dialog.close(); });
  dialog.querySelector("form").addEventListener("submit", (event) => event.preventDefault());

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-palette]") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  window.sevenbells.openPalette = open;
})();
