// Light, dark, or as the system has it: set before the first paint, so that nothing flashes.
// The key and its JSON are django-unfold's, so that the admin and the portal's pages always agree.

(() => {
  const KEY = "adminTheme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;

  const chosen = () => {
    try {
      return JSON.parse(localStorage.getItem(KEY)) ?? "auto";
    } catch {
      return "auto"; // Storage is forbidden, or somebody else wrote there.
    }
  };

  const show = () => {
    const isDark = chosen() === "dark" || (chosen() === "auto" && system.matches);
    root.classList.toggle("dark", isDark);
    document.dispatchEvent(new CustomEvent("portal:theme"));
  };

  window.portalTheme = {
    chosen,
    choose(theme) {
      localStorage.setItem(KEY, JSON.stringify(theme));
      window.Alpine?.$data(root)?.switchTheme?.(theme);
      show();
    },
  };
  show();
  system.addEventListener("change", show);
  addEventListener("storage", (event) => event.key === KEY && show());
})();
