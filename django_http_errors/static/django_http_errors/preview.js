"use strict";

// Shows beside a form of the admin what its values would do, while they are being written.
// Without this script, the button in the panel opens the same in another tab.
{
  const DELAY = 300; // milliseconds without a key

  const start = (panel) => {
    const form = panel.closest("form");
    const result = panel.querySelector(".http-errors-result");
    let asked = null;
    let timer = null;
    let request = null;

    const values = () => {
      const data = new FormData(form);
      data.set("preview-fragment", "1");
      data.set("preview-nonce", panel.nonce);
      return new URLSearchParams(data);
    };

    const show = (text) => {
      const parts = new DOMParser().parseFromString(text, "text/html");
      for (const after of parts.querySelectorAll("[data-part]")) {
        const before = result.querySelector(`[data-part="${after.dataset.part}"]`);
        if (before.innerHTML !== after.innerHTML) exchange(before, after);
      }
    };

    const update = async () => {
      const body = values();
      if (body.toString() === asked) return;
      asked = body.toString();
      request?.abort();
      request = new AbortController();
      try {
        const response = await fetch(panel.dataset.url, {
          method: "POST",
          body,
          signal: request.signal,
        });
        if (!response.ok || response.redirected) throw new Error(response.status);
        show(await response.text());
      } catch (error) {
        if (error.name === "AbortError") return;
        asked = null;
        result.querySelector('[data-part="summary"]').textContent = panel.dataset.failed;
      }
    };

    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(update, DELAY);
    };

    // The calendar of the admin writes a date without an event: the focus then moves.
    for (const type of ["input", "change", "focusin"]) form.addEventListener(type, later);
    panel.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.closest(".http-errors-asking")) return;
      event.preventDefault(); // It would save the form.
      update();
    });
    update();
  };

  // Pages are changed in place: a new frame would flicker.
  const exchange = (before, after) => {
    const frames = [before, after].map((part) => part.querySelectorAll("iframe"));
    if (frames[0].length && frames[0].length === frames[1].length) {
      frames[0].forEach((frame, number) => {
        const page = frames[1][number].srcdoc;
        if (frame.srcdoc !== page) frame.srcdoc = page;
        frame.title = frames[1][number].title;
      });
      const texts = [before, after].map((part) => part.querySelectorAll("pre, h3"));
      texts[0].forEach((text, number) => {
        text.textContent = texts[1][number].textContent;
      });
    } else {
      before.replaceChildren(...after.childNodes);
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".http-errors-preview[data-url]").forEach(start);
  });
}
