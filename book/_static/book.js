// The theme's arrows that unfold the contents have no names for those who cannot see them.
for (const arrow of document.querySelectorAll(".bd-sidebar summary:not([aria-label])")) {
  const chapter = arrow.closest("li")?.querySelector("a")?.textContent.trim();
  arrow.setAttribute("aria-label", `Pages below ${chapter}`);
}
// Docutils gives the entries of a bibliography a role that lists may no longer hold.
for (const entry of document.querySelectorAll("[role='list'] > [role='doc-biblioentry']")) {
  entry.setAttribute("role", "listitem");
}
