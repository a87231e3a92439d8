(function () {
  // Not needed by anybody: prints times in the reader's own zone, says that a copy is old, and closes the panel on Escape.
  var sub = document.getElementById("sub"), zone = document.getElementById("zone"), done = false;
  addEventListener("keydown", function (e) {
    if (e.key === "Escape" && sub.open) { sub.open = false; sub.firstElementChild.focus(); }
  });
  addEventListener("click", function (e) { if (!sub.contains(e.target)) sub.open = false; });
  var said = zone ? zone.dataset : {}, language = document.documentElement.lang.replace(/^en$/, "en-GB");
  var names = { weekday: (said.weekdays || "").split(" "), month: (said.months || "").split(" ") };
  function plain(text) { return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"); }
  function day(at) {
    return said.day.replace("{weekday}", names.weekday[(at.getDay() + 6) % 7]).replace("{day}", at.getDate()).replace("{month}", names.month[at.getMonth()]);
  }
  function any() { // finds a day as this language writes it
    return new RegExp(said.day.split(/\{(\w+)\}/).map(function (piece, place) {
      return place % 2 ? (names[piece] ? "(?:" + names[piece].map(plain).join("|") + ")" : "\\d+") : plain(piece);
    }).join(""));
  }
  function part(at, what, other) {
    return new Intl.DateTimeFormat(other || language, what).formatToParts(at).filter(function (p) { return p.type === Object.keys(what).pop(); })[0].value;
  }
  // a copy that outlived us, or a tab that was left open, cannot know that it is old: the reader's clock does
  var old = document.getElementById("old");
  function look() {
    if (Date.now() - new Date(old.firstElementChild.getAttribute("datetime")) > old.getAttribute("data-after") * 60000) old.hidden = false;
  }
  if (old) { look(); setInterval(look, 60000); }
  function two(n) { return (n < 10 ? "0" : "") + n; }
  try {
    var days = any();
    document.querySelectorAll("time").forEach(function (t) {
      var at = new Date(t.getAttribute("datetime"));
      if (!at.getTimezoneOffset()) return; // UTC stands there already
      var clock = { hour: "2-digit", timeZoneName: "short" }, name = part(at, clock);
      if (/^GMT./.test(name)) name = part(at, clock, "en-US").replace("GMT", "UTC");
      var here = two(at.getHours()) + ":" + two(at.getMinutes()) + " " + name;
      var walk = document.createTreeWalker(t, 4), node;
      while ((node = walk.nextNode())) {
        if ((node.data.replace(/\(.*?\)/g, "").match(/\d\d:\d\d/g) || []).length > 1) continue; // from one time to another
        var text = node.data.replace(/\d\d:\d\d (?!UTC$|UTC[^+-])\S+?(?=[ ,.]|[^ -~]|$)/, here).replace(days, day(at));
        if (node === t.firstChild && text === node.data && t.textContent.indexOf("(") < 0) text = text.replace(/\d\d:\d\d UTC/, here + " ($&)");
        if (text !== node.data) { node.data = text; done = true; }
      }
    });
    if (done && zone) zone.textContent = said.yours;
  } catch (e) { /* the times stand as they were sent */ }
})();
