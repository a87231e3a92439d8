// Forms are sent by fetch, so that what was typed survives a server that is away. Each filling has a key, and acts once
// however often it is sent. A refusal is fetched as a page in the ordinary way: nothing was recorded, so nothing repeats.
// What an answer shows once (a token, a link) is asked for with data-plain: fetched a second time it would be lost.
(() => {
  const LATE = 10e3;
  const GIVEN_UP = 45e3;
  const sent = new WeakMap();
  const ours = (form, button) =>
    form.method === "post" &&
    form.closest("#main, #toasts, .dock") &&
    !form.matches("[data-plain], [hx-post], [target]") &&
    !button?.matches("[formmethod], [formtarget], [hx-post]") &&
    !form.querySelector("input[type=password], input[type=file]");

  const fieldsOf = (form, button) => {
    const fields = new FormData(form);
    if (button?.name) fields.append(button.name, button.value);
    return new URLSearchParams([...fields].filter(([, value]) => typeof value === "string"));
  };

  const busy = (button) => {
    if (!button) return () => {};
    const words = button.innerHTML;
    const timer = setTimeout(() => {
      button.setAttribute("aria-disabled", "true");
      if (button.dataset.busy) button.textContent = button.dataset.busy;
    }, 400);
    return () => {
      clearTimeout(timer);
      button.removeAttribute("aria-disabled");
      if (button.dataset.busy) button.innerHTML = words;
    };
  };

  // the ordinary way: the server shows the form again with what is wrong
  const sendAsPage = (form, button) => {
    for (const [name, value] of [["once", form.dataset.once], [button?.name, button?.value]]) {
      if (!name) continue;
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name, value });
      form.append(field);
    }
    if (button?.hasAttribute("formaction")) form.action = button.formAction;
    HTMLFormElement.prototype.submit.call(form);
  };

  const freshToken = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = page.querySelector("[name=csrf_token]")?.value;
    if (!token) return false;
    for (const field of document.querySelectorAll("[name=csrf_token]")) field.value = token;
    return true;
  };

  const send = async (form, button) => {
    if (form.dataset.sending) return;
    form.dataset.sending = "1";
    // other words are another filling: what the server may have of the first ones must not swallow them
    const words = [...fieldsOf(form, button)].filter(([name]) => !/^(csrf_token|tab_.*)$/.test(name)).join("\n");
    if (!form.dataset.once || sent.get(form) !== words) form.dataset.once = crypto.randomUUID();
    sent.set(form, words);
    const weather = window.sevenbells.weather;
    const again = () => send(form, button);
    const free = busy(button);
    const stop = new AbortController();
    const late = setTimeout(() => weather.slow(), LATE);
    const timer = setTimeout(() => stop.abort(), GIVEN_UP);
    let answer = null;
    try {
      const address = button?.hasAttribute("formaction") ? button.formAction : form.action;
      answer = await fetch(address, { method: "POST", body: fieldsOf(form, button), headers: { "X-Once": form.dataset.once }, signal: stop.signal, redirect: "manual" });
    } catch { /* the server is away: said below */ }
    clearTimeout(late);
    clearTimeout(timer);
    const to = answer?.headers.get("X-Goes-To");
    if (to) {
      weather.clear();
      // it was acted on: what is written here after coming back is another filling
      delete form.dataset.once;
      // a page that is only another place on this one would not be asked for anew
      const next = new URL(to, location.href);
      if (next.pathname + next.search === location.pathname + location.search && next.hash) location.hash = next.hash;
      if (next.href.split("#")[0] === location.href.split("#")[0]) location.reload();
      else location.assign(next.href);
      return;
    }
    delete form.dataset.sending;
    free();
    if (!answer || answer.status >= 500 || [413, 429].includes(answer.status)) weather.unsent(form, answer, again);
    else if (answer.status === 401 || answer.type === "opaqueredirect") weather.signedOut(form, async () => { if (await freshToken().catch(() => false)) again(); });
    else sendAsPage(form, button);
  };

  addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of document.querySelectorAll("[data-sending]")) delete form.dataset.sending;
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    if (event.defaultPrevented || !ours(form, button)) return;
    event.preventDefault();
    send(form, button);
  });
})();
