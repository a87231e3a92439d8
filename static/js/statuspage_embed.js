(function () {
  // Not needed by anybody: fetches the banner anew each minute, and says so when that fails.
  setInterval(function () {
    fetch(location.href, { cache: "no-cache", credentials: "omit" }).then(function (answer) {
      if (!answer.ok) throw new Error(answer.status);
      return answer.text();
    }).then(function (text) {
      var fresh = new DOMParser().parseFromString(text, "text/html").querySelector("main");
      document.querySelector("main").replaceWith(document.importNode(fresh, true));
    }).catch(function () { document.getElementById("old").hidden = false; });
  }, 60000);
})();
