// Ticking rows, keys, the theme, and the lines of a running apply. Every page works without it but for the last.
(() => {
  "use strict";
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];

  one("#theme")?.addEventListener("click", () => {
    const root = document.documentElement;
    root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.bsTheme);
  });

  // Ticked change ids are kept for this tab, so that they survive other filters and pages of the same diff.
  const form = one("#decide");
  if (form) decisions(form);
  function decisions(form) {
    const diff = form.elements.diff_id.value;
    const place = `ticked ${form.action}`;
    const kept = JSON.parse(sessionStorage.getItem(place) || "{}");
    const ticked = new Set(kept.diff === diff ? kept.ids : []);
    const boxes = all("#rows input[name=id]");
    const everything = one("#everything");
    const buttons = all("#decide button[name=decision]");
    const offered = new Set(buttons.filter((button) => !button.hidden).map((button) => button.value));
    const here = new Map(boxes.map((box) => [box.value, box.dataset.takes.split(" ")]));
    // What rows of other pages take is not known here: the next page says what is left out.
    const takes = (id, decision) => !here.has(id) || here.get(id).includes(decision);
    const show = () => {
      boxes.forEach((box) => { box.checked = ticked.has(box.value); });
      one("#ticked").textContent = `${ticked.size} ticked`;
      // The label of the box says it.
      one("#ticked").hidden = everything.checked || (offered.size === 0 && ticked.size === 0);
      const elsewhere = [...ticked].some((id) => !here.has(id));
      one("#bar").hidden = !one("#offer") && !elsewhere;
      for (const button of buttons) {
        button.hidden = !offered.has(button.value) && !elsewhere;
        const able = everything.checked ? button.dataset.all !== "0" : [...ticked].some((id) => takes(id, button.value));
        button.disabled = !able;
        button.title = able ? "" : everything.checked || ticked.size
          ? `None of these rows can be ${button.dataset.done}.` : "Tick rows first.";
      }
      one("#page-all").checked = boxes.length > 0 && boxes.every((box) => box.checked);
      sessionStorage.setItem(place, JSON.stringify({ diff, ids: [...ticked] }));
    };
    const tick = (box, on) => { if (on) ticked.add(box.value); else ticked.delete(box.value); };
    boxes.forEach((box) => box.addEventListener("change", () => { tick(box, box.checked); show(); }));
    one("#page-all").addEventListener("change", (event) => {
      boxes.forEach((box) => tick(box, event.target.checked));
      show();
    });
    everything.addEventListener("change", show);
    form.addEventListener("submit", (event) => {
      if (!everything.checked && ticked.size === 0) {
        event.preventDefault();
        one("#ticked").textContent = "nothing is ticked";
        return;
      }
      if (!everything.checked) {
        for (const id of ticked) {
          if (here.has(id)) continue;
          const field = Object.assign(document.createElement("input"), { type: "hidden", name: "id", value: id });
          form.append(field);
        }
      }
      sessionStorage.removeItem(place);
    });
    keys(form, boxes, tick, show);
    show();
  }

  function keys(form, boxes, tick, show) {
    const rows = all("#rows tbody tr");
    let at = -1;
    const go = (to) => {
      at = Math.max(0, Math.min(rows.length - 1, to));
      rows.forEach((row, index) => row.classList.toggle("here", index === at));
      rows[at]?.focus();
    };
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) {
        if (event.key === "Escape") event.target.blur();
        return;
      }
      const box = rows[at]?.querySelector("input[name=id]");
      const press = (value) => form.querySelector(`button[value=${value}]`)?.click();
      const known = {
        j: () => go(at + 1),
        k: () => go(at - 1),
        x: () => { if (box) { tick(box, !box.checked); show(); } },
        a: () => press("approve"),
        r: () => press("reject"),
        "/": () => one("#text")?.focus(),
        "?": () => one(".keys")?.scrollIntoView(),
        Enter: () => { if (rows[at] === document.activeElement) rows[at].querySelector("a")?.click(); },
      };
      if (known[event.key]) {
        if (event.key !== "Enter") event.preventDefault();
        known[event.key]();
      }
    });
  }

  const steps = one("#steps[data-events]");
  if (steps) {
    const events = new EventSource(steps.dataset.events);
    events.onmessage = (event) => {
      const item = document.createElement("div");
      item.className = "list-group-item";
      item.textContent = JSON.parse(event.data).text;
      steps.append(item);
    };
    events.addEventListener("end", () => { events.close(); location.reload(); });
  }

  const list = one("#verdicts[data-events]");
  if (list) watch(list);
  function watch(list) {
    const events = new EventSource(list.dataset.events);
    const counts = {};
    all("#counts .badge").forEach((badge) => {
      counts[badge.textContent.trim()] = Number(badge.nextSibling.textContent) || 0;
    });
    const badge = (name, colour) => {
      const mark = document.createElement("span");
      mark.className = `badge bg-${colour}-lt`;
      mark.textContent = name;
      return mark;
    };
    const colours = {};
    events.onmessage = (event) => {
      const line = JSON.parse(event.data);
      const item = document.createElement("div");
      item.className = "list-group-item";
      item.append(badge(line.verdict, line.colour), ` ${line.text}`);
      if (line.message) {
        const about = document.createElement("div");
        about.className = "text-secondary";
        about.textContent = line.message;
        item.append(about);
      }
      list.append(item);
      counts[line.verdict] = (counts[line.verdict] || 0) + 1;
      colours[line.verdict] = line.colour;
      one("#counts").replaceChildren(
        ...Object.entries(counts).flatMap(([name, number]) => [badge(name, colours[name] || "secondary"), ` ${number} `]),
      );
      one("#progress").textContent = `${line.done} of ${line.total}`;
      const bar = one("progress");
      bar.max = line.total;
      bar.value = line.done;
    };
    // The page of an apply that has ended says how.
    events.addEventListener("end", () => { events.close(); location.reload(); });
  }
})();
