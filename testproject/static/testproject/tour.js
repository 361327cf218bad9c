/* The cards of the tour: asks for the addresses that they name, and shows what comes back. */
"use strict";

const FORMATS = ["text/html", "application/problem+json", "application/json", "text/plain"];

/* Without cookies: as a visitor who is not signed in, whoever looks at the page. */
async function ask(path, accept) {
  const response = await fetch(path, {
    headers: { Accept: accept },
    credentials: "omit",
    cache: "no-store",
  });
  return {
    status: `${response.status} ${response.statusText}`.trim(),
    headers: response.headers,
    text: await response.text(),
  };
}

function typeOf(answer) {
  return (answer.headers.get("Content-Type") || "").split(";")[0];
}

/* What there is to read: the words of a page, and JSON in lines. */
function words(answer) {
  if (typeOf(answer).endsWith("json")) {
    return JSON.stringify(JSON.parse(answer.text), null, 2);
  }
  if (typeOf(answer) !== "text/html") {
    return answer.text.trim();
  }
  // A style is refused by the policy of this page, as soon as it is parsed.
  const text = answer.text.replace(/<style\b.*?<\/style>/gis, "");
  const page = new DOMParser().parseFromString(text, "text/html").body;
  page.querySelectorAll("script, nav, [aria-hidden=true]").forEach((each) => each.remove());
  page.querySelectorAll("h1, h2, p, li").forEach((each) => each.append("\n"));
  const lines = page.textContent.split("\n").map((line) => line.trim());
  return lines.filter(Boolean).join("\n") || "(an empty page)";
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

async function show(box) {
  const { ask: path, accept } = box.dataset;
  const answer = await ask(path, accept);
  const asked = element("p", "statusOnly" in box.dataset ? path : `Accept: ${accept}`);
  asked.className = "asked";
  const parts = [asked, element("strong", answer.status)];
  if (!("statusOnly" in box.dataset)) {
    const content = element("pre", words(answer));
    content.className = typeOf(answer) === "text/html" ? "page" : "";
    content.lang = answer.headers.get("Content-Language") || "en";
    parts.push(element("span", typeOf(answer)), content);
  }
  box.replaceChildren(...parts);
}

/* All of an answer, but for what may differ: the address that was asked for, the nonce, which is
   another one for every answer, and the Date, which is a clock. */
function comparable(answer, path) {
  const nonce = /'nonce-([^']+)'/.exec(answer.headers.get("Content-Security-Policy") || "");
  const parts = { status: answer.status };
  for (const [name, value] of answer.headers) {
    if (name !== "date") {
      parts[name] = value;
    }
  }
  parts.content = answer.text;
  for (const name in parts) {
    const steady = nonce ? parts[name].replaceAll(nonce[1], "NONCE") : parts[name];
    parts[name] = steady.replaceAll(path, "ADDRESS");
  }
  return parts;
}

async function compare(place) {
  const paths = place.dataset.compare.split(" ");
  const different = new Set();
  for (const format of FORMATS) {
    const [one, other] = await Promise.all(
      paths.map(async (path) => comparable(await ask(path, format), path)),
    );
    for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
      if (one[name] !== other[name]) {
        different.add(name);
      }
    }
  }
  place.replaceChildren(
    ...(different.size
      ? [element("strong", "Different"), `: ${[...different].join(", ")}.`]
      : [
          element("strong", "Identical"),
          ", byte for byte: status, headers and content, in all four formats. What differs is only" +
            " the address that was asked for, and the nonce, which is another one for every answer." +
            " The Date header is not compared.",
        ]),
  );
}

function refresh() {
  const work = [
    ...Array.from(document.querySelectorAll("[data-ask]"), (box) => [box, show]),
    ...Array.from(document.querySelectorAll("[data-compare]"), (place) => [place, compare]),
  ];
  for (const [place, fill] of work) {
    fill(place).catch((error) => place.replaceChildren(`No answer: ${error.message}`));
  }
}

/* Also when one comes back to it from the admin, by the browser's button or from another tab. */
addEventListener("pageshow", refresh);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
