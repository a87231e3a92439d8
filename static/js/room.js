// Says what came onto the timeline while somebody was reading further down, and leads there.
(() => {
  const story = document.getElementById("story");
  if (!story) return;
  const bar = document.createElement("p");
  bar.className = "fresh";
  bar.hidden = true;
  const link = document.createElement("a");
  link.className = "btn s";
  link.href = "#timeline";
  bar.append(link);
  story.after(bar);

  const isAbove = () => story.getBoundingClientRect().top < 0;
  const show = () => {
    const count = story.querySelectorAll(":scope > .new").length;
    bar.hidden = count === 0 || !isAbove();
    link.textContent = count === 1 ? "1 new entry" : `${count} new entries`;
  };
  link.addEventListener("click", () => { bar.hidden = true; });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target === story) show();
  });
  window.addEventListener("scroll", () => { if (!bar.hidden && !isAbove()) bar.hidden = true; }, { passive: true });
})();
