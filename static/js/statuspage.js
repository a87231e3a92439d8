(function () {
  // Not needed by anybody: prints times in the reader's own zone, and closes the panel on Escape.
  var sub = document.getElementById("sub"), zone = document.getElementById("zone"), done = false;
  addEventListener("keydown", function (e) {
    if (e.key === "Escape" && sub.open) { sub.open = false; sub.firstElementChild.focus(); }
  });
  addEventListener("click", function (e) { if (!sub.contains(e.target)) sub.open = false; });
  function part(at, what) {
    return new Intl.DateTimeFormat("en-GB", what).formatToParts(at).filter(function (p) { return p.type === Object.keys(what).pop(); })[0].value;
  }
  function two(n) { return (n < 10 ? "0" : "") + n; }
  try {
    document.querySelectorAll("time").forEach(function (t) {
      var at = new Date(t.getAttribute("datetime")), name = part(at, { hour: "2-digit", timeZoneName: "short" }).replace("GMT", "UTC");
      var here = two(at.getHours()) + ":" + two(at.getMinutes()) + " " + name, utc = two(at.getUTCHours()) + ":" + two(at.getUTCMinutes()) + " UTC";
      var day = part(at, { weekday: "short" }) + " " + at.getDate() + " " + part(at, { month: "short" }).slice(0, 3);
      var next = t.nextElementSibling, alone = next && next.className === "utc";
      var text = t.textContent.replace(/\d\d:\d\d \S+( \(\d\d:\d\d UTC\))?/, here + (alone || here === utc ? "" : " (" + utc + ")")).replace(/(, )[A-Z][a-z]{2} \d+ [A-Z][a-z]{2}/, "$1" + day);
      if (text !== t.textContent) { t.textContent = text; done = true; }
    });
    if (done && zone) zone.textContent = "Times are in your time zone and UTC. Days are the page's.";
  } catch (e) { /* the times stand as they were sent */ }
})();
