// Single keys, off in text fields and for whoever turned them off. A target names its key in data-key.
(() => {
  const off = document.body.dataset.keys === "off";
  let after = "";

  const typing = (element) => element.matches("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");

  const rows = () => [...document.querySelectorAll("[data-row]")];
  const move = (by) => {
    const all = rows();
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
    next?.querySelector("a")?.focus();
  };

  const acknowledge = () => {
    const row = rows().find((each) => each.contains(document.activeElement));
    return (row ?? document).querySelector("[data-key=a]");
  };

  const use = (target) => {
    if (!target) return false;
    if (target.matches("input, textarea")) target.focus();
    else target.click();
    return true;
  };

  const go = { n: "/console/", i: "/console/incidents", o: "/console/on-call", p: "/console/postmortems", s: "/console/insights" };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
      event.preventDefault();
      event.target.form.requestSubmit(event.target.form.querySelector("button:not([type=button], [formaction])"));
      return;
    }
    if (off || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (after === "g") {
      after = "";
      if (go[key]) location.assign(go[key]);
      return;
    }
    if (key === "g") {
      after = "g";
      setTimeout(() => { after = ""; }, 1500);
    } else if (key === "/") {
      event.preventDefault();
      window.sevenbells.openPalette?.();
    } else if (key === "?") document.getElementById("keys")?.showModal();
    else if (key === "j" || key === "k") move(key === "j" ? 1 : -1);
    else if (key === "a" ? use(acknowledge()) : /^[cunse]$/.test(key) && use(document.querySelector(`[data-key=${key}]`))) {
      event.preventDefault();
    }
  });
})();
