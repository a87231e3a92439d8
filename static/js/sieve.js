// Narrows a long list as somebody types: <div data-sieve="id of the list"> holds the field and is hidden without script.
(() => {
  for (const sieve of document.querySelectorAll("[data-sieve]")) {
    sieve.hidden = false;
    const rows = [...document.getElementById(sieve.dataset.sieve).children];
    sieve.addEventListener("input", (event) => {
      event.stopPropagation(); // it is no part of what is written, and asks for no preview
      const wanted = event.target.value.trim().toLowerCase();
      for (const row of rows) row.hidden = !row.querySelector("label").textContent.toLowerCase().includes(wanted);
    });
    sieve.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  }
})();
