// What a person would call broken: text that runs out of the window, is cut off, or lies on other text.
async () => {
  // a window that was just resized takes some frames until it is laid out
  const frames = () => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); setTimeout(done, 200); });
  for (let turn = 1; ; turn += 1) {
    await frames();
    const found = measure();
    if (!found.length || turn === 5) return found;
  }

function measure() {
  const wide = document.documentElement.clientWidth, found = [], rows = [];
  const seen = (each) => each.checkVisibility({ contentVisibilityAuto: true, opacityProperty: true, visibilityProperty: true });
  const above = (each, test) => { for (let at = each; at && at !== document.body; at = at.parentElement) if (test(getComputedStyle(at), at)) return at; return null; };
  // what is left of a line where something around it ends in an ellipsis
  const shown = (box, parent) => {
    const frame = above(parent, (style) => /hidden|clip/.test(style.overflowX))?.getBoundingClientRect();
    const { left, right, top, bottom } = box;
    return frame ? { left: Math.max(left, frame.left), right: Math.min(right, frame.right), top: Math.max(top, frame.top), bottom: Math.min(bottom, frame.bottom) } : box;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const parent = node.parentElement, text = node.textContent.trim();
    if (!text || !parent || !seen(parent) || parent.closest("script,style,select,textarea,svg,noscript")) continue;
    // words for screen readers alone, and what scrolls inside its own frame
    if (above(parent, (style, at) => style.clipPath !== "none" || (at.clientWidth <= 1 && style.overflow === "hidden"))) continue;
    const range = document.createRange(); range.selectNodeContents(node);
    const scrolls = above(parent, (style) => /auto|scroll/.test(style.overflowX));
    const floats = above(parent, (style) => /fixed|sticky|absolute/.test(style.position));
    const cut = above(parent, (style, at) => /hidden|clip/.test(style.overflowX) && style.textOverflow !== "ellipsis" && at.scrollWidth > at.clientWidth + 1);
    const name = `"${text.slice(0, 30)}" in ${parent.tagName.toLowerCase()}.${parent.className}`;
    if (cut) found.push(`${name} is cut`);
    for (const whole of range.getClientRects()) {
      const box = shown(whole, parent);
      if (box.right - box.left < 2 || box.bottom - box.top < 2 || box.right < 0 || box.bottom < 0) continue; // a skip link waits outside
      if (!scrolls && !cut && (box.right > wide + 1 || box.left < -1)) found.push(`${name} runs out of the window`);
      // a line's box is taller than its letters
      if (!floats && !scrolls) rows.push({ name, node, left: box.left + 1, right: box.right - 1, top: box.top + whole.height * 0.3, bottom: box.bottom - whole.height * 0.3 });
    }
  }
  rows.sort((a, b) => a.top - b.top);
  rows.forEach((a, at) => {
    for (let next = at + 1; next < rows.length && rows[next].top < a.bottom; next += 1) {
      const b = rows[next];
      if (a.node !== b.node && a.left < b.right && b.left < a.right) found.push(`${a.name} lies on ${b.name}`);
    }
  });
  if (document.documentElement.scrollWidth > wide) {
    const culprits = [...document.querySelectorAll("body *")].filter((each) => seen(each) && each.getBoundingClientRect().right > wide + 1);
    found.push(`scrolls sideways: ${culprits.slice(0, 4).map((each) => `${each.tagName.toLowerCase()}.${each.className}`).join(", ")}`);
  }
  const heads = [...document.querySelectorAll("h1")].filter(seen).length;
  if (heads !== 1) found.push(`${heads} headings of the first order`);
  return [...new Set(found)].slice(0, 8);
}
}
