// See docs/web.md, "Scripts".
(() => {
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    if (event.target instanceof Element && event.target.closest("input:not([type=checkbox]), textarea, select")) return;
    const button = document.querySelector("[data-undo]");
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  const unfold = (button, open) => button.setAttribute("aria-expanded", String(open));
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const button = event.target.closest(".unfold");
    if (button) return unfold(button, button.getAttribute("aria-expanded") !== "true");
    if (event.target.closest(".pager, .sort")) document.querySelectorAll('.unfold[aria-expanded="true"]').forEach((each) => unfold(each, false));
  });

  const lookWhetherReady = async () => {
    const shown = document.getElementById("not-ready");
    try {
      const answer = await fetch("/readyz", { cache: "no-store" });
      const found = await answer.json();
      if (found.ready) {
        if (shown) location.reload();
        return;
      }
      const notice = shown || document.body.appendChild(document.createElement("div"));
      notice.id = "not-ready";
      notice.setAttribute("role", "alert");
      notice.textContent = found.sentence;
    } catch {
      // no answer at all: Reflex itself says that the connection is gone
    }
    setTimeout(lookWhetherReady, 10000);
  };
  setTimeout(lookWhetherReady, 5000);

  document.addEventListener("change", (event) => {
    const input = event.target;
    if (!(input instanceof HTMLInputElement) || input.type !== "file" || !input.dataset.show) return;
    const shown = document.getElementById(input.dataset.show);
    if (!shown) return;
    shown.replaceChildren();
    for (const file of [...input.files].slice(0, 12)) {
      if (!file.type.startsWith("image/")) continue;
      const picture = document.createElement("img");
      picture.alt = file.name;
      picture.onload = () => URL.revokeObjectURL(picture.src);
      picture.src = URL.createObjectURL(file);
      shown.append(picture);
    }
  });

  const reveal = (element) => {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    element.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
    element.focus({ preventScroll: true });
  };
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) {
        if (node instanceof HTMLElement && node.matches("[data-reveal]")) return reveal(node);
      }
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
