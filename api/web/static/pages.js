// What pages do beyond showing: copy, close what floats, and tell what went wrong.
"use strict";

const root = document.documentElement;
root.classList.add("scripted");

async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Without https a browser has no clipboard, but still this old way.
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

function tell(text) {
  const notice = document.getElementById("notice");
  notice.textContent = text;
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => { notice.textContent = ""; }, 5000);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-here]");
  if (button) {
    const { copy: text, copyHere: path } = button.dataset;
    await copy(text ?? new URL(path, location).href);
    tell("Copied.");
  }
  for (const open of document.querySelectorAll("details.popover[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, select");
  if (event.key === "/" && !isTyping) {
    const field = document.querySelector("main input[type=search]") || document.querySelector("input[type=search]");
    if (field) {
      event.preventDefault();
      field.focus();
    }
  }
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.popover[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

// A refusal is a page: of what htmx asked for, only its reason is shown.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.detail.isError) return;
  const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  tell(page.querySelector("[data-detail]")?.textContent || "That did not work.");
  event.detail.isError = false; // it has been told, and is no mistake of the page
});
document.addEventListener("htmx:sendError", () => tell("The service cannot be reached."));

// Who follows a link from another site comes without the cookie, signed in or not: ask from here.
const signIn = document.querySelector("[data-leads-to]");
if (signIn) {
  const next = signIn.dataset.leadsTo === "/" ? "/persons" : signIn.dataset.leadsTo;
  fetch(next, { method: "HEAD", redirect: "manual" }).then((answer) => {
    if (answer.ok) location.replace(next);
  });
}

// On a narrow screen the link to this very page may lie beyond the edge.
for (const here of document.querySelectorAll("nav [aria-current=page]")) {
  here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 40;
}
