// Makes printed due times move: soon from ten minutes on, counting up once late. Never blinks; speaks rarely.
(() => {
  const { now, say } = window.sevenbells;
  const spoken = new Set();

  const figure = (milliseconds) => {
    const seconds = Math.floor(Math.abs(milliseconds) / 1000);
    if (seconds < 3600) return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    const hours = Math.floor(seconds / 3600);
    if (hours < 24) return `${hours} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")}`;
    const rest = hours % 24;
    return `${Math.floor(hours / 24)} d${rest ? ` ${rest} h` : ""}`;
  };

  const colour = (element, left) => {
    element.classList.toggle("over", left < 0);
    element.classList.toggle("soon", left >= 0 && left <= 600e3);
  };

  // ten minutes before, five before, when due, and every five minutes late
  const announce = (what, due, left) => {
    const minutes = Math.ceil(left / 60e3);
    const moment = minutes === 10 || minutes === 5 || (minutes <= 0 && minutes % 5 === 0);
    const key = `${what}|${due}|${minutes}`;
    if (!moment || spoken.has(key)) return;
    spoken.add(key);
    if (minutes > 0) say(`${what} is due in ${minutes} minutes.`);
    else if (minutes === 0) say(`${what} is due now.`);
    else say(`${what} is ${-minutes} minutes late.`);
  };

  const tick = () => {
    const present = now();
    for (const element of document.querySelectorAll(".cd[data-due]")) {
      const left = Date.parse(element.dataset.due) - present;
      colour(element, left);
      element.querySelector("[role=timer]").textContent = figure(left);
      const words = element.querySelector("[data-early]");
      if (words) words.textContent = left < 0 ? words.dataset.late : words.dataset.early;
      if (element.dataset.speak) announce(element.dataset.speak, element.dataset.due, left);
    }
    for (const element of document.querySelectorAll(".meter[data-due]")) {
      const due = Date.parse(element.dataset.due);
      const begun = Date.parse(element.dataset.begun ?? element.dataset.due);
      colour(element, due - present);
      const share = due > begun ? (100 * (present - begun)) / (due - begun) : 100;
      element.firstElementChild.setAttribute("width", Math.min(100, Math.max(0, share)).toFixed(1));
    }
  };

  tick();
  setInterval(tick, 1000);
  document.addEventListener("htmx:afterSwap", tick);
})();
