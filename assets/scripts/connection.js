// See docs/web.md, "Scripts".
(() => {
  const root = document.documentElement;
  const away = () => "offline" in root.dataset;
  let socketGone = false; // told by Reflex
  let networkGone = !navigator.onLine; // told by the browser, until the server answers all the same
  let stale = false; // the page was connected before it lost the connection: it missed something
  let pressed = false;
  let since = 0;

  const buttons = "button, a.button, input[type=submit]";
  const look = () => {
    const lost = networkGone || socketGone || document.getElementById("connection")?.dataset.socket === "lost";
    if (lost === away()) return;
    if (lost) {
      since = Date.now();
      pressed = false;
      root.dataset.offline = "";
      for (const button of document.querySelectorAll(buttons)) {
        if (button.getAttribute("aria-disabled") === "true") continue;
        button.setAttribute("aria-disabled", "true");
        button.dataset.off = "";
      }
      return;
    }
    delete root.dataset.offline;
    for (const button of document.querySelectorAll("[data-off]")) {
      button.removeAttribute("aria-disabled");
      delete button.dataset.off;
    }
    // A blip in which nobody pressed anything: Reflex itself has asked for the page's data again.
    if (stale && (pressed || Date.now() - since > 1000)) {
      window.hocbaTyped?.keep();
      location.reload();
    }
    stale = false;
  };

  // Reflex tells its instrumentation when the socket opens and closes.
  window.__reflex_otel = {
    ...window.__reflex_otel,
    onSocketConnect() {
      socketGone = false;
      look();
    },
    onSocketDisconnect(reason) {
      if (reason === "io client disconnect" || reason === "io server disconnect") return; // the page is left
      socketGone = stale = true;
      look();
    },
  };
  new MutationObserver(look).observe(root, { subtree: true, attributes: true, attributeFilter: ["data-socket"] });

  // A machine without a network may still reach its own server, and a network is there before the server can be reached.
  let asking = false;
  const ask = async () => {
    if (asking) return;
    asking = true;
    while (networkGone) {
      try {
        await fetch("/healthz", { cache: "no-store" });
        networkGone = false;
      } catch {
        await new Promise((again) => setTimeout(again, 2000));
      }
    }
    asking = false;
    look();
  };
  addEventListener("offline", () => {
    networkGone = stale = true;
    look();
    ask();
  });
  addEventListener("online", ask);
  if (networkGone) ask();

  const acts = "a[href]:not([href^='#']), button, [role=button], input:is([type=submit], [type=button], [type=checkbox], [type=radio], [type=file])";
  const dropped = (event) => {
    if (!away()) return;
    event.stopImmediatePropagation();
    const target = event.target instanceof Element ? event.target : null;
    const list = target?.closest("select") && (event.type === "mousedown" || (event.type === "keydown" && event.key !== "Tab"));
    const act = event.type === "submit" || (event.type === "click" && target?.closest(acts));
    if (act || event.type === "input") pressed = true;
    if (act || list) event.preventDefault();
  };
  for (const type of ["click", "submit", "change", "input", "keydown", "keyup", "focusout", "mousedown", "pointerdown"]) {
    addEventListener(type, dropped, true);
  }
  look();
})();
