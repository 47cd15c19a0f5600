// What the theme's scripts (Bootstrap among them) do for a page of this book, in a tenth of the bytes.
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const on = (targets, event, act) => targets.forEach((target) => target.addEventListener(event, act));

  // Light, dark, or as the system says; the page's head has set what was chosen before.
  // Paper is white.
  const [dark, paper] = ["(prefers-color-scheme: dark)", "print"].map((query) => matchMedia(query));
  function colour(mode, printing = paper.matches) {
    root.dataset.mode = mode;
    const chosen = mode === "auto" ? (dark.matches ? "dark" : "light") : mode;
    root.dataset.theme = printing ? "light" : chosen;
  }
  on(all(".theme-switch-button"), "click", () => {
    const modes = dark.matches ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
    const mode = modes[(modes.indexOf(root.dataset.mode) + 1) % 3];
    localStorage.setItem("mode", mode);
    colour(mode);
  });
  for (const query of [dark, paper]) query.addEventListener("change", () => colour(root.dataset.mode));
  addEventListener("beforeprint", () => colour(root.dataset.mode, true));
  addEventListener("afterprint", () => colour(root.dataset.mode, false));

  // A click outside closes what lies above the page.
  function closes(dialog) {
    dialog.addEventListener("click", ({ target }) => {
      if (target === dialog) dialog.close();
    });
  }

  // Search: a dialog, but on the page of results its own field.
  const found = document.querySelector("dialog form.bd-search");
  function search() {
    const field = all("form.bd-search input").find((input) => !found.contains(input));
    if (field) field.focus();
    else found.closest("dialog").showModal();
  }
  if (found) {
    closes(found.closest("dialog"));
    on(all(".search-button__button"), "click", search);
    addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      search();
    });
  }

  // Contents of the book and of the page: beside the text, or in a dialog where there is no room.
  for (const [name, roomy] of [["primary", "(min-width: 992px)"], ["secondary", "(min-width: 1200px)"]]) {
    const [bar, dialog, button] = [`#pst-${name}-sidebar`, `#pst-${name}-sidebar-modal`, `.${name}-toggle`].map(
      (selector) => document.querySelector(selector),
    );
    if (!bar || !dialog || !button) continue;
    const move = (from, to) => {
      to.append(...from.childNodes);
      to.className = from.className;
      from.className = "";
    };
    button.addEventListener("click", () => {
      if (matchMedia(roomy).matches) return bar.classList.toggle("pst-sidebar-hidden");
      move(bar, dialog);
      dialog.showModal();
    });
    dialog.addEventListener("close", () => move(dialog, bar));
    on([dialog], "click", ({ target }) => target.closest("a[href^='#']") && dialog.close());
    closes(dialog);
  }

  // Menus of buttons: one open at a time.
  const menus = all("[data-bs-toggle='dropdown']");
  function open(button) {
    for (const each of menus) {
      const shown = each === button && each.getAttribute("aria-expanded") !== "true";
      each.setAttribute("aria-expanded", shown);
      each.nextElementSibling.classList.toggle("show", shown);
    }
  }
  addEventListener("click", ({ target }) => open(target.closest("[data-bs-toggle='dropdown']")));
  addEventListener("keydown", ({ key }) => {
    const shown = menus.find((each) => each.getAttribute("aria-expanded") === "true");
    if (key !== "Escape" || !shown) return;
    open();
    shown.focus();
  });

  // The contents of the page say where the reader is.
  const entries = new Map(
    all("#pst-page-toc-nav a").map((link) => [document.getElementById(decodeURIComponent(link.hash.slice(1))), link]),
  );
  const reading = new IntersectionObserver(
    (seen) => {
      const last = seen.filter((each) => each.isIntersecting).at(-1);
      if (!last) return;
      for (const [section, link] of entries) {
        const here = section === last.target.parentElement;
        link.classList.toggle("active", here);
        if (here) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    },
    { rootMargin: "0px 0px -70%" },
  );
  for (const section of entries.keys()) if (section?.firstElementChild) reading.observe(section.firstElementChild);

  // What is wider than its place is scrolled by keyboard too. What is not laid out yet may be wide
  // until it comes near the screen and is measured.
  const laidOut = (element) => element.checkVisibility?.({ contentVisibilityAuto: true }) ?? true;
  function measure(element) {
    if (!laidOut(element) || element.scrollWidth > element.clientWidth) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
  }
  const wide = all("div.math, pre, .cell_output > .output, .pst-scrollable-table-container");
  const coming = new IntersectionObserver(
    (seen) => seen.filter((each) => each.isIntersecting).forEach(({ target }) => measure(target)),
    { rootMargin: "50%" },
  );
  const idle = (job) => self.requestIdleCallback?.(job, { timeout: 1000 }) ?? setTimeout(job);
  addEventListener("load", () => {
    idle(() => {
      wide.forEach(measure);
      wide.forEach((each) => coming.observe(each));
      addEventListener("resize", () => idle(() => wide.forEach(measure)));
    });
  });

  // The theme's arrows that unfold the contents have no names for those who cannot see them.
  for (const arrow of all(".bd-sidebar summary:not([aria-label])")) {
    const chapter = arrow.closest("li")?.querySelector("a")?.textContent.trim();
    arrow.setAttribute("aria-label", `Pages below ${chapter}`);
  }
  // Docutils gives the entries of a bibliography a role that lists may no longer hold.
  for (const entry of all("[role='list'] > [role='doc-biblioentry']")) entry.setAttribute("role", "listitem");
})();
