"use strict";
// Used by both pages: the theme, and copying a command.

/** Copies the text after a button, and shows on the button that it is copied. */
async function copy(button) {
  const text = button.nextElementSibling.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page that was opened from a file may not have the clipboard.
    const area = document.createElement("textarea");
    area.value = text;
    button.after(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.textContent = "copied";
  setTimeout(() => { button.textContent = "copy"; }, 1500);
}

(() => {
  const themes = ["auto", "light", "dark"];
  const theme = document.getElementById("theme");
  function dress(name) {
    if (name === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    theme.textContent = `theme: ${name}`;
    try { localStorage.setItem("conformance-theme", name); } catch { /* a page without storage forgets */ }
  }
  let kept = "auto";
  try { kept = localStorage.getItem("conformance-theme") ?? "auto"; } catch { /* likewise */ }
  dress(themes.includes(kept) ? kept : "auto");
  theme.addEventListener("click", () => {
    const now = document.documentElement.dataset.theme ?? "auto";
    dress(themes[(themes.indexOf(now) + 1) % themes.length]);
  });
})();
