// Keeps what is typed into a form[data-draft] in this browser, and brings it back after a crash or an ended session.
(() => {
  const kept = (name) => `draft-${name}`;
  for (const posted of document.querySelectorAll("[data-draft-posted]")) localStorage.removeItem(kept(posted.dataset.draftPosted));

  const read = (form) => {
    const values = {};
    for (const field of form.querySelectorAll("[data-keep]")) values[field.name] = field.value;
    return values;
  };

  const note = (form, before) => {
    const place = form.querySelector("[data-draft-note]");
    if (!place) return;
    place.hidden = false;
    place.querySelector("button").addEventListener("click", () => {
      localStorage.removeItem(kept(form.dataset.draft));
      for (const [name, value] of Object.entries(before)) form.elements[name].value = value;
      place.hidden = true;
      form.dispatchEvent(new Event("input", { bubbles: true }));
    });
  };

  for (const form of document.querySelectorAll("form[data-draft]")) {
    const before = read(form);
    const saved = JSON.parse(localStorage.getItem(kept(form.dataset.draft)) ?? "null");
    // what the server printed back after a mistake is newer than what is kept
    if (saved && !form.querySelector("[aria-invalid]")) {
      let changed = false;
      for (const [name, value] of Object.entries(saved)) {
        const field = form.elements[name];
        if (field && value && field.value !== value) {
          field.value = value;
          changed = true;
        }
      }
      if (changed) {
        note(form, before);
        form.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }
    let written = JSON.stringify(read(form));
    const keep = () => {
      const present = JSON.stringify(read(form));
      if (present === written) return;
      written = present;
      localStorage.setItem(kept(form.dataset.draft), present);
    };
    setInterval(keep, 5000);
    addEventListener("pagehide", keep);
    form.addEventListener("submit", keep);
  }
})();
