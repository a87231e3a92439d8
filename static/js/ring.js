// An open tab rings when an update is due: the title in any case; sound and notification where the person asked.
(() => {
  const { now } = window.sevenbells;
  const title = document.title;
  const chosen = (what) => localStorage.getItem(`ring-${what}`) === "on";
  const dues = () => document.querySelectorAll("[data-rings]");

  // a bell by arithmetic: two sines that die away, so that no file is fetched
  const sound = () => {
    const context = new AudioContext();
    for (const [pitch, loudness] of [[880, 0.3], [1318.5, 0.12]]) {
      const tone = context.createOscillator();
      const gain = context.createGain();
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(loudness, context.currentTime);
      gain.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 1.6);
      tone.connect(gain).connect(context.destination);
      tone.start();
      tone.stop(context.currentTime + 1.6);
    }
  };

  const ring = (sentence) => {
    if (chosen("sound")) sound();
    if (chosen("notify") && "Notification" in window && Notification.permission === "granted") {
      new Notification(sentence, { tag: sentence });
    }
  };

  const check = () => {
    let late = "";
    for (const element of dues()) {
      if (Date.parse(element.dataset.due) > now()) continue;
      // a call that nobody has answered comes before an update that is due
      if (!late || "pages" in element.dataset) late = element.dataset.rings;
      const key = `rung-${element.dataset.rings}-${element.dataset.due}`;
      // one tab of many rings
      if (localStorage.getItem(key)) continue;
      for (const old of Object.keys(localStorage)) {
        if (old.startsWith(`rung-${element.dataset.rings}-`)) localStorage.removeItem(old);
      }
      localStorage.setItem(key, "1");
      if ("pages" in element.dataset) document.getElementById("paged").textContent = element.dataset.rings;
      ring(element.dataset.rings);
    }
    document.title = late ? `(!) ${late} · ${title}` : title;
  };

  for (const settings of document.querySelectorAll("[data-ring-settings]")) {
    settings.hidden = false;
    for (const box of settings.querySelectorAll("[data-ring]")) {
      box.checked = chosen(box.dataset.ring);
      box.addEventListener("change", async () => {
        if (box.dataset.ring === "notify" && box.checked) {
          box.checked = "Notification" in window && (await Notification.requestPermission()) === "granted";
        }
        localStorage.setItem(`ring-${box.dataset.ring}`, box.checked ? "on" : "off");
        if (box.dataset.ring === "sound" && box.checked) sound();
      });
    }
  }

  check();
  setInterval(check, 1000);
})();
