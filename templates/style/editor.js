// Shows what was saved without being asked: the parts that a template, a style or the configuration decides are put in
// place of the old ones, so the page keeps where it is scrolled to, what has the focus, and what is typed.
"use strict";

const main = document.getElementById("main");
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const visible = () =>
  document.hidden
    ? new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }))
    : Promise.resolve();

function say(words) {
  document.getElementById("said").textContent = words;
}

// How to find an element again in a part that was put in place of the one it stood in.
function way(element, part) {
  if (element.id) return (found) => found.querySelector(`#${CSS.escape(element.id)}`);
  const place = [...part.querySelectorAll(element.tagName)].indexOf(element);
  return (found) => found.querySelectorAll(element.tagName)[place];
}

function scrolled(part) {
  const windows = [...part.querySelectorAll(".window")].map((each) => [each.scrollLeft, each.scrollTop]);
  return (found) => {
    found.querySelectorAll(".window").forEach((each, place) => each.scrollTo(...(windows[place] || [0, 0])));
  };
}

const addresses = (part) => [...part.querySelectorAll("iframe")].map((frame) => frame.getAttribute("src")).join(" ");

// The messages come first: they are what somebody waits for. Each stays where it was scrolled to.
function framesAnew() {
  const loaded = [...document.querySelectorAll("iframe")].map(
    (frame) =>
      new Promise((done) => {
        frame.addEventListener("load", done, { once: true });
        frame.contentWindow.location.reload();
      }),
  );
  return Promise.race([Promise.all(loaded), pause(2000)]);
}

function typed(part) {
  return [...part.querySelectorAll("input, textarea")].some((field) => field.value !== field.defaultValue);
}

function exchange(part, fresh) {
  if (typed(part)) return;
  // Frames at the same addresses were loaded again already.
  if (addresses(part) && addresses(part) === addresses(fresh)) return;
  const active = part.contains(document.activeElement) ? way(document.activeElement, part) : null;
  const scroll = scrolled(part);
  part.replaceChildren(...fresh.childNodes);
  scroll(part);
  if (active) active(part)?.focus({ preventScroll: true });
}

async function showAnew() {
  await framesAnew();
  const reply = await fetch(location.pathname + location.search, { cache: "no-store" });
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const fresh = page.getElementById("main");
  if (!fresh?.dataset.stamp) {
    say(page.body.textContent.trim());
    return null;
  }
  document.querySelectorAll("link[rel=stylesheet]").forEach((link, place) => {
    const other = page.querySelectorAll("link[rel=stylesheet]")[place];
    if (other && other.getAttribute("href") !== link.getAttribute("href")) link.href = other.getAttribute("href");
  });
  document.querySelectorAll("[data-live]").forEach((part) => {
    const other = page.getElementById(part.id);
    if (other) exchange(part, other);
  });
  say("Something was saved: this is how it looks now.");
  return fresh.dataset.stamp;
}

async function watch() {
  let stamp = main.dataset.stamp;
  for (;;) {
    await visible();
    try {
      const reply = await fetch(`/changed?since=${stamp}`, { cache: "no-store" });
      if (reply.status === 200) stamp = (await showAnew()) || (await reply.json()).stamp;
      else if (reply.status !== 204) await pause(2000);
    } catch {
      await pause(2000); // the preview has ended, perhaps for a moment
    }
  }
}

watch();
