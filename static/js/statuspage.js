(function () {
  // Not needed by anybody: prints times in the reader's own zone, and closes the panel on Escape.
  var sub = document.getElementById("sub"), zone = document.getElementById("zone"), done = false;
  addEventListener("keydown", function (e) {
    if (e.key === "Escape" && sub.open) { sub.open = false; sub.firstElementChild.focus(); }
  });
  addEventListener("click", function (e) { if (!sub.contains(e.target)) sub.open = false; });
  function part(at, what, language) {
    return new Intl.DateTimeFormat(language || "en-GB", what).formatToParts(at).filter(function (p) { return p.type === Object.keys(what).pop(); })[0].value;
  }
  function two(n) { return (n < 10 ? "0" : "") + n; }
  try {
    document.querySelectorAll("time").forEach(function (t) {
      var at = new Date(t.getAttribute("datetime"));
      if (!at.getTimezoneOffset()) return; // UTC stands there already
      var clock = { hour: "2-digit", timeZoneName: "short" }, name = part(at, clock);
      if (/^GMT./.test(name)) name = part(at, clock, "en-US").replace("GMT", "UTC");
      var here = two(at.getHours()) + ":" + two(at.getMinutes()) + " " + name;
      var day = part(at, { weekday: "short" }) + " " + at.getDate() + " " + part(at, { month: "short" }).slice(0, 3);
      var walk = document.createTreeWalker(t, 4), node;
      while ((node = walk.nextNode())) {
        var text = node.data.replace(/\d\d:\d\d (?!UTC$|UTC[^+-])\S+?(?=[ ,.]|$)/, here).replace(/[A-Z][a-z]{2} \d+ [A-Z][a-z]{2}/, day);
        if (node === t.firstChild && text === node.data && t.textContent.indexOf("(") < 0) text = text.replace(/\d\d:\d\d UTC/, here + " ($&)");
        if (text !== node.data) { node.data = text; done = true; }
      }
    });
    if (done && zone) zone.textContent = "Times are in your time zone and UTC.";
  } catch (e) { /* the times stand as they were sent */ }
})();
