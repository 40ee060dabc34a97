// See docs/web.md, "Scripts".
(() => {
  const KEPT = "hocba-typed";
  const PUBLIC = ["/login", "/activate", "/forbidden"];
  const page = () => location.pathname.replace(/(.)\/+$/, "$1");
  const whose = () => document.querySelector("[data-who]")?.dataset.who || "";
  const nameOf = (field) => field.id || field.name || field.getAttribute("aria-label") || "";
  const mayKeep = (field) =>
    (field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && ["text", "email", "tel", "number", "date"].includes(field.type))) &&
    nameOf(field) !== "" &&
    !/pin|otp|code|passw|secret|search/i.test(nameOf(field)) &&
    !/one-time-code|password|cc-/.test(field.getAttribute("autocomplete") || "");
  const fieldNamed = (name) => {
    const found = [...document.querySelectorAll("input, textarea")].filter((field) => mayKeep(field) && nameOf(field) === name);
    return found.length === 1 ? found[0] : null; // of several with one name nobody knows which it was
  };
  const read = () => {
    try {
      return JSON.parse(sessionStorage.getItem(KEPT));
    } catch {
      return null;
    }
  };
  const write = (kept) => {
    try {
      if (kept) sessionStorage.setItem(KEPT, JSON.stringify(kept));
      else sessionStorage.removeItem(KEPT);
    } catch {
      // full or forbidden: the text is not kept
    }
  };

  const names = new Set(); // of the fields typed in, on this page
  let at = page();
  /** Note what stands in them now; one that was sent and emptied is no longer kept. */
  const note = (wanted) => {
    if (PUBLIC.includes(page())) return;
    if (page() !== at) names.clear();
    at = page();
    if (names.size === 0) return;
    const fields = {};
    for (const name of names) {
      const value = fieldNamed(name)?.value;
      if (value) fields[name] = value;
    }
    write(Object.keys(fields).length ? { path: at, who: whose(), fields, wanted } : null);
  };
  window.hocbaTyped = { keep: () => note(true) };

  addEventListener("input", (event) => {
    if (!(event.target instanceof Element) || !mayKeep(event.target)) return;
    if (page() !== at) names.clear();
    at = page();
    names.add(nameOf(event.target));
    if (event.isTrusted) pending.delete(nameOf(event.target)); // the person goes on himself
    note(false);
  }, true);
  addEventListener("click", () => note(false), true);
  addEventListener("submit", (event) => {
    const action = event.target.getAttribute("action") || "";
    if (action === "/session/end") return write(null);
    note(false);
    const kept = read();
    if (action === "/session" && kept) write({ ...kept, wanted: true });
  }, true);

  const pending = new Map(); // name → [text, how often it was found standing there, how often it was written]
  const fill = (field, text) => {
    for (let fold = field.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    const kind = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(field, text);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));
  };
  /** Again and again, until it stays: the page's own load empties its fields, and a form may be opened only later. */
  const restore = (kept) => {
    for (const [name, text] of Object.entries(kept.fields)) pending.set(name, [text, 0, 0]);
    const ends = Date.now() + 600000;
    const turn = () => {
      if (page() !== kept.path || Date.now() > ends || pending.size === 0) return pending.clear();
      const who = whose();
      if (who && who !== kept.who) {
        write(null);
        return pending.clear();
      }
      for (const [name, [text, stood, put]] of who ? [...pending] : []) {
        const field = fieldNamed(name);
        if (!field) continue;
        if (stood > 3 || put > 9) pending.delete(name);
        else if (field.value === text) pending.set(name, [text, stood + 1, put]);
        else {
          pending.set(name, [text, 0, put + 1]);
          fill(field, text);
        }
      }
      setTimeout(turn, 400);
    };
    turn();
  };
  const kept = read();
  if (kept && !PUBLIC.includes(page())) {
    if (kept.wanted && kept.path === page()) restore(kept);
    else write(null);
  }

  const tabs = new BroadcastChannel("hocba-who");
  let said = "";
  const sayWhose = () => {
    const who = whose();
    if (!who) return;
    if (who !== said) tabs.postMessage((said = who));
    const name = document.querySelector("[data-who] b")?.textContent;
    if (name && !document.title.endsWith(name)) document.title += ` · ${name}`;
  };
  tabs.onmessage = ({ data }) => {
    if (whose() && data !== whose()) location.reload();
  };
  new MutationObserver(sayWhose).observe(document.documentElement, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ["data-who"] });
})();
