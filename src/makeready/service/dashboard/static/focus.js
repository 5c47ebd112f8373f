// Keyboards keep their place: a button that is off while its form is sent has the focus again afterwards.
const held = new WeakMap();

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.elt.contains(document.activeElement)) held.set(detail.elt, document.activeElement);
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const before = held.get(detail.elt);
  held.delete(detail.elt);
  if (before?.isConnected && document.activeElement === document.body) before.focus({ preventScroll: true });
});
