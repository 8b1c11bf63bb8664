// The cursor of a timeline: it is dragged over the lanes or moved by keys, and the moment follows.
"use strict";

const WAIT = 60; // milliseconds, until a moment that is passed over is asked for

function momentAt(lanes, share) {
  const from = Date.parse(lanes.dataset.from);
  const to = Date.parse(lanes.dataset.to);
  return new Date(from + (to - from) * share);
}

function address(lanes, at) {
  const url = new URL(lanes.dataset.address, location.href);
  url.searchParams.set("moment", at.toISOString());
  return url.pathname + url.search;
}

function follow(slider) {
  const lanes = slider.closest(".lanes");
  const share = slider.value / slider.max;
  const at = momentAt(lanes, share);
  for (const end of ["x1", "x2"]) lanes.querySelector(".cursor").setAttribute(end, `${share * 100}%`);
  slider.setAttribute("aria-valuetext", at.toUTCString());
  const moment = document.querySelector("#moment h2 time");
  if (moment) moment.textContent = at.toUTCString().slice(5).replace("GMT", "UTC");
  clearTimeout(follow.timer);
  follow.timer = setTimeout(() => show(lanes, at), WAIT);
}

async function show(lanes, at) {
  const path = address(lanes, at);
  const asked = (show.asked = {});
  const answer = await fetch(path, { headers: { "HX-Request": "true" } });
  if (asked !== show.asked || !answer.ok) return; // the cursor is elsewhere by now
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const moment = page.getElementById("moment");
  if (!moment || asked !== show.asked) return;
  document.getElementById("moment").replaceWith(moment);
  htmx.process(moment);
  for (const link of page.querySelectorAll("[data-zoom]")) {
    document.querySelector(`[data-zoom=${link.dataset.zoom}]`)?.setAttribute("href", link.getAttribute("href"));
  }
  history.replaceState(history.state, "", path);
}

function drag(event) {
  const lanes = event.target.closest(".lanes");
  const slider = lanes.querySelector("#slider");
  const area = lanes.querySelector(".overlay").getBoundingClientRect();
  const share = Math.min(Math.max((event.clientX - area.left) / area.width, 0), 1);
  slider.value = Math.round(share * slider.max);
  slider.focus({ preventScroll: true });
  follow(slider);
}

document.addEventListener("pointerdown", (event) => {
  const track = event.target.closest(".lanes .track");
  if (!track || event.button !== 0) return;
  event.preventDefault();
  track.setPointerCapture(event.pointerId);
  track.addEventListener("pointermove", drag);
  const end = () => track.removeEventListener("pointermove", drag);
  track.addEventListener("lostpointercapture", end, { once: true });
  drag(event);
});

document.addEventListener("input", (event) => {
  if (event.target.id === "slider") follow(event.target);
});

const KEYS = { "+": "in", "=": "in", "-": "out", "0": "all" };

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("textarea, select, input:not([type=range])");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const link = KEYS[event.key] && document.querySelector(`[data-zoom=${KEYS[event.key]}]`);
  if (link) {
    event.preventDefault();
    link.click();
  }
});
