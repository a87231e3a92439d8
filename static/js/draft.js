// Keeps what is typed into a form[data-draft]: within five seconds on the server, and in this browser for when that is
// away. The server prints a kept text back by itself; this brings back only what the server never got.
(() => {
  const kept = (name) => `draft-${name}`;
  const sent = (name) => `sent-${name}`;
  const read = (name) => { try { return JSON.parse(localStorage.getItem(name)); } catch { return null; } };
  const write = (name, value) => { try { localStorage.setItem(name, JSON.stringify(value)); } catch { /* full, or forbidden: the server has it */ } };
  const NOT_KEPT = /^(csrf_token|after|version|act|confirmed|once|tab_.*|seen.*)$/;

  const values = (form) => {
    const found = {};
    for (const [name, value] of new FormData(form)) {
      // base: which version the text was written over, so that it is compared when it comes back
      const isCarried = form.elements[name]?.type === "hidden" && !name.startsWith("base");
      if (typeof value === "string" && !NOT_KEPT.test(name) && !isCarried) found[name] = value;
    }
    return found;
  };
  // what was sent never comes back, not by the browser's arrow either
  for (const { dataset: { draftPosted } } of document.querySelectorAll("[data-draft-posted]")) {
    const last = read(kept(draftPosted));
    if (last) write(sent(draftPosted), last.words);
    localStorage.removeItem(kept(draftPosted));
  }

  const fill = (form, words) => {
    for (const [name, value] of Object.entries(words)) {
      const field = form.elements[name];
      if (!field) continue;
      if (field.type === "checkbox") field.checked = true;
      else field.value = value;
      // a text of this browser's own is sent with the version it was written over
      if (name === "base") form.elements.version.value = value;
      if (name === "base_draft") form.elements.draft.value = value;
    }
    form.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const watch = (form) => {
    const key = form.dataset.draft;
    const before = values(form);
    let written = JSON.stringify(before);
    let timer = 0;
    let leaving = false;

    const note = form.querySelector("[data-draft-note]");
    const local = read(kept(key));
    const printed = form.elements.tab_stamp?.value ?? "";
    const known = local && JSON.stringify(local.words);
    const newer = local && (!printed || local.at > Date.parse(printed));
    if (newer && !form.dataset.typed && known !== written && known !== JSON.stringify(read(sent(key)))) {
      fill(form, local.words);
      written = known;
      const discard = note?.querySelector("button");
      if (note?.hidden && discard) {
        note.hidden = false;
        discard.addEventListener("click", () => {
          localStorage.removeItem(kept(key));
          fill(form, before);
          note.hidden = true;
        });
      }
    }
    note?.querySelector("[formaction]")?.addEventListener("click", () => { leaving = true; localStorage.removeItem(kept(key)); });

    const packed = (words) => {
      const body = new URLSearchParams({ fields: words });
      for (const name of ["csrf_token", "tab_key", "tab_page", "tab_row", "tab_stamp"]) body.set(name, form.elements[name]?.value ?? "");
      return body;
    };
    const changed = () => {
      const words = JSON.stringify(values(form));
      if (leaving || words === written) return null;
      written = words;
      write(kept(key), { at: Date.now(), words: JSON.parse(words) });
      return words;
    };
    const keep = async () => {
      timer = 0;
      const words = changed();
      if (!words || !form.elements.tab_page) return;
      try {
        const answer = await fetch("/console/unsent", { method: "POST", body: packed(words), headers: { "HX-Request": "true" } });
        if (answer.status !== 200 || leaving) return;
        const { row, stamp } = await answer.json();
        form.elements.tab_row.value = row;
        form.elements.tab_stamp.value = stamp;
      } catch { /* this browser has it */ }
    };
    form.addEventListener("input", () => { leaving = false; timer ||= setTimeout(keep, 3000); });
    form.addEventListener("change", () => { timer ||= setTimeout(keep, 3000); });
    addEventListener("pagehide", () => {
      const words = changed();
      if (words && form.elements.tab_page) navigator.sendBeacon("/console/unsent", packed(words));
    });
    form.addEventListener("submit", () => {
      changed();
      clearTimeout(timer);
      timer = 0;
      leaving = true;
    });
  };

  for (const form of document.querySelectorAll("form[data-draft]")) watch(form);
  // a page out of the browser's own memory still shows what was sent
  addEventListener("pageshow", (event) => {
    const gone = [...document.querySelectorAll("form[data-draft]")].some((form) => read(sent(form.dataset.draft)));
    if (event.persisted && gone) location.reload();
  });
})();
