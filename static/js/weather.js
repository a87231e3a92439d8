// Being cut off is said where a person looks: since when, what is safe, and what to do. It goes away by itself.
(() => {
  const banner = document.getElementById("offline");
  const { say } = window.sevenbells;
  const clock = (moment) => moment.toTimeString().slice(0, 5);
  let heard = new Date();
  let failed = 0;
  let waiting = null; // a form that could not be sent

  const show = (title, text, actions = []) => {
    if (!banner) return;
    banner.querySelector("b").textContent = title;
    banner.querySelector("[data-words]").textContent = text;
    const place = banner.querySelector("[data-actions]");
    place.replaceChildren(...actions.map(([word, act]) => {
      const button = document.createElement(typeof act === "string" ? "a" : "button");
      button.textContent = word;
      button.className = "btn s";
      if (typeof act === "string") Object.assign(button, { href: act, target: "_blank", rel: "opener" });
      else { button.type = "button"; button.addEventListener("click", act); }
      return button;
    }));
    banner.hidden = false;
    say(`${title} ${text}`);
  };

  const copy = (form) => async () => {
    const words = [...form.querySelectorAll("textarea, input[type=text], input:not([type])")].map((field) => field.value).filter(Boolean);
    await navigator.clipboard?.writeText(words.join("\n\n")).catch(() => {});
    say("Copied.");
  };

  const cutOff = () => show("You are cut off.", `Nothing new has come since ${clock(heard)}. What you type is kept in this browser.`);

  window.sevenbells.weather = {
    slow: () => show("The server is slow.", "There is no answer after 10 seconds. What you sent is still on its way, and your text is still here."),
    clear: () => { waiting = null; banner.hidden = true; },
    unsent(form, answer, again) {
      waiting = () => { waiting = null; banner.hidden = true; again(); };
      const why = answer
        ? { 413: "It is too long: a form holds at most a megabyte.", 429: "Too many were sent at once. Wait a minute.", 503: "The server cannot reach its database.", 507: "The server's disk is full." }[answer.status] ?? `The server answered with an error${answer.headers.get("X-Request-Id") ? `, reference ${answer.headers.get("X-Request-Id")}` : ""}.`
        : `The server has not answered since ${clock(heard)}.`;
      show("It was not sent.", `${why} Your text is still in the form. Sent again, it acts once.`, [["Send again", waiting], ["Copy text", copy(form)]]);
    },
    signedOut(form, again) {
      waiting = () => { waiting = null; banner.hidden = true; again(); };
      show("Your session ended.", "It was not sent, and your text is still here. Sign in, come back to this tab, and send it.", [["Sign in", "/login"], ["Send again", waiting], ["Copy text", copy(form)]]);
    },
  };

  const heardAgain = () => {
    failed = 0;
    heard = new Date();
    if (banner.hidden) return;
    if (waiting) return show("You are connected again.", "What you sent before was not recorded yet.", [["Send now", waiting]]);
    banner.hidden = true;
    say("You are connected again.");
  };
  document.addEventListener("htmx:afterRequest", (event) => {
    const status = event.detail.xhr?.status ?? 0;
    if (status === 401) show("Your session ended.", "Nothing new comes in. What you type is kept in this browser.", [["Sign in", "/login"]]);
    else if (status >= 200 && status < 500) heardAgain();
    else if (++failed >= 2 && !waiting) cutOff();
  });
  addEventListener("offline", cutOff);
  // htmx asks at once when the browser is online again: see the live strip
})();
