// Tables are sorted by a click, or Enter or Space, on a head. Without this script they stand as they are.
"use strict";
(() => {
  const SIZES = { k: 1e3, M: 1e6, G: 1e9 };
  const number = (text) => {
    const found = /^-?[\d.]+/.exec(text.replace(/[≥~$+,\s]/g, ""));
    if (!found) return -Infinity;
    const size = /[\d.]([kMG])$/.exec(text);
    return Number(found[0]) * (size ? SIZES[size[1]] : 1);
  };
  const words = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const sort = (table, head, nth) => {
    const numbers = head.classList.contains("n");
    const last = head.getAttribute("aria-sort");
    const down = last ? last === "ascending" : numbers;
    const rows = [...table.tBodies[0].rows].map((row) => {
      const text = row.cells[nth].textContent.trim();
      return { row, key: numbers ? number(text) : text };
    });
    const order = numbers ? (a, b) => a.key - b.key || 0 : (a, b) => words.compare(a.key, b.key);
    rows.sort((a, b) => (down ? order(b, a) : order(a, b)));
    table.tBodies[0].append(...rows.map((one) => one.row));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
  };
  for (const table of document.querySelectorAll("table.sorts")) {
    [...table.tHead.rows[0].cells].forEach((head, nth) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, head, nth));
    });
  }
})();
