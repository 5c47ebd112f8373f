// Buttons that copy: data-copy names the element whose text is meant. Without scripts they stay hidden.
function offer(root) {
  for (const button of root.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.ariaLive = "polite"; // it says what came of it
  }
}

async function copy(button) {
  const text = document.getElementById(button.dataset.copy);
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = "Copied";
  } catch {
    // Clipboards are for pages over TLS: what is marked can be copied by hand.
    getSelection().selectAllChildren(text);
    button.textContent = "Marked: copy it with the keyboard";
  }
  setTimeout(() => { button.textContent = before; }, 3000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copy(button);
});
document.addEventListener("htmx:load", (event) => offer(event.detail.elt));
offer(document);
