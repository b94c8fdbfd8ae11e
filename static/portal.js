// What the pages do beyond plain HTML and htmx. Every behaviour is asked for by a data attribute, named in its heading;
// `onContent` runs for the page and for each fragment that htmx puts into it.

(() => {
  const own = document.currentScript;
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);

  const onClick = (selector, act) =>
    document.addEventListener("click", (event) => {
      const found = event.target.closest?.(selector);
      if (found) act(found, event);
    });

  const fillers = [];
  const onContent = (fill) => fillers.push(fill);
  const fillAll = (content) => fillers.forEach((fill) => fill(content));
  document.addEventListener("DOMContentLoaded", () => fillAll(document));
  // htmx announces the whole page too, which has been seen to already.
  document.addEventListener("htmx:load", (event) => event.detail.elt !== document.body && fillAll(event.detail.elt));
  const within = (content, selector) => [
    ...(content.matches?.(selector) ? [content] : []),
    ...content.querySelectorAll(selector),
  ];

  const showIcon = (element, name) => {
    const use = element.querySelector("use");
    use?.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
  };
  const announce = (text) => {
    byId("announcer").textContent = text;
  };

  // --- Theme: data-theme="light|dark|auto" --------------------------------------------------------------------------

  const showTheme = () =>
    document.querySelectorAll("[data-theme]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.theme === window.portalTheme.chosen()));
    });
  onContent(showTheme);
  onClick("[data-theme]", (button) => {
    window.portalTheme.choose(button.dataset.theme);
    showTheme();
  });

  // --- Side bar on a phone: data-drawer opens, data-drawer-close closes ----------------------------------------------

  const isDrawerOpen = () => root.classList.contains("drawer-open");

  const setDrawer = (open) => {
    if (open === isDrawerOpen()) return;
    root.classList.toggle("drawer-open", open);
    document.querySelector(".scrim").hidden = !open;
    document.querySelector("main, #main").inert = open;
    const button = document.querySelector("[data-drawer]");
    button.setAttribute("aria-expanded", String(open));
    (open ? document.querySelector(".sidebar-close") : button).focus();
  };
  onClick("[data-drawer]", () => setDrawer(!isDrawerOpen()));
  onClick("[data-drawer-close]", () => setDrawer(false));

  // --- Menus: <details data-menu> closes on Escape and on a click elsewhere --------------------------------------------

  document.addEventListener("click", (event) => {
    document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
      if (!menu.contains(event.target) || event.target.closest("[data-opens]")) menu.open = false;
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    setDrawer(false);
    document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  // --- Dialogs: data-opens="id" opens, data-closes closes ------------------------------------------------------------

  onClick("[data-opens]", (button) => byId(button.dataset.opens).showModal());
  onClick("[data-closes]", (button) => button.closest("dialog").close());
  // A click on the backdrop hits the dialog itself, one inside hits what it holds.
  onClick("dialog", (dialog, event) => event.target === dialog && dialog.close());

  // --- Asking first: data-confirm="What will happen." on a form or a button, data-confirm-button="Deprecate" -----------

  const ask = (element, proceed) => {
    const dialog = byId("confirm");
    byId("confirm-text").textContent = element.dataset.confirm;
    const verb = element.dataset.confirmButton ?? "Continue";
    byId("confirm-title").textContent = `${verb}?`;
    dialog.querySelector("[data-confirm-yes]").textContent = verb;
    dialog.returnValue = "";
    dialog.addEventListener("close", () => dialog.returnValue === "yes" && proceed(), { once: true });
    dialog.showModal();
  };
  const isHtmx = (element) => ["get", "post", "put", "patch", "delete"].some((verb) => element.hasAttribute(`hx-${verb}`));

  document.addEventListener("htmx:confirm", (event) => {
    const submitter = event.detail.triggeringEvent?.submitter;
    const asking = [submitter, event.detail.elt].find((element) => element?.dataset?.confirm);
    if (!asking) return;
    event.preventDefault();
    ask(asking, () => event.detail.issueRequest(true));
  });
  document.addEventListener("submit", (event) => {
    const asking = [event.submitter, event.target].find((element) => element?.dataset.confirm);
    if (!asking || isHtmx(event.target) || event.target.dataset.confirmed) return;
    event.preventDefault();
    ask(asking, () => {
      event.target.dataset.confirmed = "yes";
      event.target.requestSubmit(event.submitter);
      delete event.target.dataset.confirmed;
    });
  });

  // --- Copying: data-copy="text" -------------------------------------------------------------------------------------

  onClick("[data-copy]", async (button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      toast("bad", "The browser did not allow copying. Select the text and copy it by hand.");
      return;
    }
    button.classList.add("copied");
    showIcon(button, "check");
    announce("Copied");
    setTimeout(() => {
      button.classList.remove("copied");
      showIcon(button, "copy");
    }, 1500);
  });

  // --- Answers that come in pieces: data-streams="id" on an htmx form shows there what has come of its answer ------------

  document.addEventListener("htmx:beforeSend", ({ detail: { elt, xhr } }) => {
    const place = byId(elt.dataset.streams);
    if (!place) return;
    xhr.addEventListener("progress", () => {
      if (xhr.status !== 200) return;
      place.innerHTML = xhr.responseText;
      place.hidden = false;
    });
    xhr.addEventListener("loadend", () => {
      place.hidden = true;
      place.replaceChildren();
    });
  });

  // --- Tabs: the one that is shown stands in view, where there are more than fit ---------------------------------------

  onContent((content) => {
    within(content, ".tabs").forEach((tabs) => {
      const shown = tabs.querySelector("[aria-current]");
      if (shown) tabs.scrollLeft = shown.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - shown.offsetWidth) / 2;
    });
  });

  // --- Times: <time data-ago datetime="..."> -------------------------------------------------------------------------

  const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

  const showAgo = (content) =>
    within(content, "time[data-ago]").forEach((time) => {
      const seconds = (new Date(time.dateTime) - Date.now()) / 1000;
      if (Math.abs(seconds) > 30 * 86400) return; // A date says more than "5 months ago".
      const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
      time.textContent = unit === "second" ? "just now" : relative.format(Math.trunc(seconds / size), unit);
    });
  onContent(showAgo);
  setInterval(() => showAgo(document), 30_000);

  // --- Messages: .toast in #toasts; from a fragment by the header HX-Trigger: {"toast": {"tone", "text"}} --------------

  const ICONS = { ok: "circle-check", warn: "triangle-alert", bad: "circle-alert", info: "info", neutral: "info" };

  const settle = (toast) => {
    // What went wrong stays until it is dismissed; good news leaves when nobody points at it.
    if (!toast.matches(".toast-ok, .toast-info, .toast-neutral")) return;
    setTimeout(() => (toast.matches(":hover, :focus-within") ? settle(toast) : toast.remove()), 7000);
  };
  const toast = (tone, text) => {
    const shown = [...document.querySelectorAll("#toasts p")];
    if (shown.some((p) => p.textContent === text)) return; // A fragment that polls would say it every two seconds.
    const made = byId("toast-template").content.firstElementChild.cloneNode(true);
    made.className = `toast toast-${tone}`;
    made.querySelector("p").textContent = text;
    showIcon(made, ICONS[tone] ?? "info");
    byId("toasts").append(made);
    settle(made);
  };
  onContent((content) => within(content, ".toast").forEach(settle));
  onClick("[data-dismiss]", (button) => button.closest(".toast").remove());
  document.addEventListener("toast", (event) => toast(event.detail.tone, event.detail.text));

  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    if (event.detail.xhr.getResponseHeader("HX-Trigger")) return; // The answer brought its own message.
    const requestId = event.detail.xhr.getResponseHeader("X-Request-Id");
    const why =
      status === 403 ? "You may not do this." : status === 404 ? "This is no longer here." : "Something went wrong on our side.";
    toast("bad", requestId ? `${why} Request ${requestId}.` : why);
  });
  const UNREACHABLE = "The portal cannot be reached.";
  document.addEventListener("htmx:sendError", () => toast("bad", UNREACHABLE));
  document.addEventListener("htmx:afterOnLoad", () =>
    document.querySelectorAll(".toast").forEach((shown) => shown.textContent.trim() === UNREACHABLE && shown.remove()),
  );

  // --- Filters: a field that asks for nothing stays out of the address ------------------------------------------------

  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (!detail.elt.matches(".filter-bar")) return;
    for (const name of [...detail.formData.keys()]) {
      if (detail.formData.getAll(name).every((value) => value === "")) detail.formData.delete(name);
    }
  });

  // --- Output of programs: .log follows its end until somebody scrolls up ---------------------------------------------

  const isAtEnd = (lines) => lines.scrollHeight - lines.scrollTop - lines.clientHeight < 24;
  const toEnd = (lines) => {
    lines.scrollTop = lines.scrollHeight;
  };
  const watchLog = (log) => {
    if (log.dataset.watched) return;
    log.dataset.watched = "yes";
    const lines = log.querySelector(".log-lines");
    const button = log.querySelector("[data-log-end]");
    let follows = log.hasAttribute("data-follow");
    if (follows) toEnd(lines);
    lines.addEventListener("scroll", () => {
      follows = isAtEnd(lines);
      button.hidden = follows;
    });
    button.hidden = isAtEnd(lines);
    button.addEventListener("click", () => toEnd(lines));
    new MutationObserver(() => follows && toEnd(lines)).observe(lines, { childList: true, subtree: true });
  };
  onContent((content) => within(content, "[data-log]").forEach(watchLog));
  onClick("[data-log-wrap]", (button) => {
    const wraps = button.closest(".log").querySelector(".log-lines").classList.toggle("wraps");
    button.setAttribute("aria-pressed", String(wraps));
  });

  // --- Documents: data-numbered on a textarea shows the numbers of its lines ------------------------------------------

  const showNumbers = (area) => {
    let numbers = area.previousElementSibling;
    if (!numbers?.matches(".line-numbers")) {
      const held = Object.assign(document.createElement("div"), { className: "numbered" });
      numbers = Object.assign(document.createElement("div"), { className: "line-numbers", ariaHidden: "true" });
      area.before(held);
      held.append(numbers, area);
      area.addEventListener("input", () => showNumbers(area));
      area.addEventListener("scroll", () => (numbers.scrollTop = area.scrollTop));
    }
    const count = area.value.split("\n").length;
    if (numbers.childElementCount === count) return;
    numbers.replaceChildren(
      ...Array.from({ length: count }, (_, index) =>
        Object.assign(document.createElement("div"), { textContent: String(index + 1) }),
      ),
    );
    numbers.scrollTop = area.scrollTop;
  };
  onContent((content) => within(content, "textarea[data-numbered]").forEach(showNumbers));

  // data-goto="line:column" goes there, data-inserts="text" writes it at the cursor, both in the textarea data-into="id".
  onClick("[data-goto]", (button) => {
    const area = byId(button.dataset.into);
    const [line, column] = button.dataset.goto.split(":").map(Number);
    const lines = area.value.split("\n");
    const at = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
    area.focus();
    area.setSelectionRange(at, at);
    area.scrollTop = (area.scrollHeight / lines.length) * Math.max(0, line - 8);
  });
  onClick("[data-inserts]", (button) => {
    const area = byId(button.dataset.into);
    area.focus();
    area.setRangeText(button.dataset.inserts, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // --- Charts: the library is fetched only where a page has one --------------------------------------------------------

  let charts;
  const fetchScript = (src) =>
    new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), { src, onload: resolve, onerror: reject });
      document.head.append(script);
    });
  onContent(async (content) => {
    const figures = within(content, "[data-chart]");
    if (figures.length === 0) return;
    charts ??= fetchScript(own.dataset.chartLibrary).then(() => fetchScript(own.dataset.chartScript));
    await charts;
    window.portalCharts.draw(figures);
  });

  // --- Keys: "/" searches, "?" shows the list, "g m" goes to data-go="m", data-shortcut="a" presses that control --------

  const KEYS_OFF = "portalKeysOff";
  const keysAreOn = () => localStorage.getItem(KEYS_OFF) === null;
  const isTyping = (element) => element.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  let prefix = "";

  const press = (key) => {
    if (prefix === "g") return document.querySelector(`[data-go="${CSS.escape(key)}"]`)?.click();
    // A list in the admin has a search box of its own, which is what one means there.
    if (key === "/") return (byId("searchbar") ?? byId("search"))?.focus();
    if (key === "?") return byId("shortcuts").showModal();
    const control = document.querySelector(`[data-shortcut="${CSS.escape(key)}"]`);
    if (control?.matches("input, textarea, select")) control.focus();
    else control?.click();
    return control;
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keysAreOn()) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const key = event.key;
    if (key === "g" && prefix === "") {
      prefix = "g";
      setTimeout(() => (prefix = ""), 1200);
      return;
    }
    if (key.length === 1 && press(key) !== undefined) event.preventDefault();
    prefix = "";
    if (key === "/") event.preventDefault();
  });

  onContent(() => {
    const places = document.querySelectorAll("[data-shortcut]");
    const section = document.querySelector("[data-page-shortcuts]");
    if (!section) return;
    section.hidden = places.length === 0;
    section.querySelector("dl").replaceChildren(
      ...[...places].map((control) => {
        const row = document.createElement("div");
        const name = Object.assign(document.createElement("dt"), {
          textContent: control.getAttribute("aria-label") ?? control.dataset.shortcutName ?? control.textContent.trim(),
        });
        const keys = document.createElement("dd");
        keys.append(Object.assign(document.createElement("kbd"), { textContent: control.dataset.shortcut }));
        control.setAttribute("aria-keyshortcuts", control.dataset.shortcut);
        row.append(name, keys);
        return row;
      }),
    );
  });
  onContent(() => {
    document.querySelectorAll("[data-shortcuts-switch]").forEach((box) => (box.checked = keysAreOn()));
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-shortcuts-switch]")) return;
    if (event.target.checked) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "yes");
  });
})();
