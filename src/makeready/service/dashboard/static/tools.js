// Comforts of the forms of the tools; each works without them.
document.documentElement.classList.add("js");

const SHOWN = /^image\/(jpeg|png|webp|gif|bmp|avif)$/;

// What was chosen is told, and refused before it is sent where it is too large.
function told(input) {
  const place = input.closest(".source").querySelector(".chosen");
  const file = input.files[0];
  place.replaceChildren();
  place.classList.remove("bad");
  input.setCustomValidity("");
  if (!file) return;
  const megabytes = file.size / (1 << 20);
  place.textContent = `${file.name}, ${megabytes < 0.1 ? Math.ceil(file.size / 1000) + " kB" : megabytes.toFixed(1) + " MB"}`;
  if (megabytes > Number(input.dataset.most)) {
    const why = `The file is larger than ${input.dataset.most} MB.`;
    place.textContent += `: ${why}`;
    place.classList.add("bad");
    input.setCustomValidity(why);
  } else if (SHOWN.test(file.type)) {
    place.append(picture(file));
  }
}

function picture(file) {
  const image = new Image();
  image.alt = "";
  image.src = URL.createObjectURL(file);
  image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
  image.addEventListener("error", () => image.remove(), { once: true });
  return image;
}

function droppable(place) {
  const input = place.querySelector("input[type=file]");
  input.addEventListener("change", () => told(input));
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    place.addEventListener(name, (event) => {
      event.preventDefault();
      place.classList.toggle("over", name === "dragenter" || name === "dragover");
    });
  }
  place.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    const chosen = new DataTransfer();
    chosen.items.add(event.dataTransfer.files[0]);
    input.files = chosen.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  if (input.files.length) told(input); // the browser remembers it over a reload
}

// What is ticked is added up.
function total(form) {
  const place = form.querySelector("[data-total]");
  const ticked = [...form.querySelectorAll("[data-price]:checked")].map((box) => Number(box.dataset.price));
  const sum = ticked.reduce((one, other) => one + other, 0);
  place.textContent = ticked.length ? `${sum.toLocaleString("en").replaceAll(",", "\u202f")} tokens` : "0 tokens";
}

// The pixels of a picture are read here; it is not sent.
function measured(input) {
  input.addEventListener("change", () => {
    const file = input.files[0];
    if (!file) return;
    input.setCustomValidity("");
    const image = picture(file);
    image.addEventListener("load", () => {
      const form = input.form;
      form.elements.width_px.value = image.naturalWidth;
      form.elements.height_px.value = image.naturalHeight;
      form.elements.width_px.dispatchEvent(new Event("input", { bubbles: true }));
    });
    image.addEventListener("error", () => {
      input.setCustomValidity("This browser cannot read the picture: write its pixels by hand.");
      input.reportValidity();
    });
  });
}

// Before and after: the slider says how much of the upper picture is cut off.
function compared(place) {
  const slider = place.querySelector("input[type=range]");
  const frames = place.querySelector(".frames");
  const show = () => {
    frames.style.setProperty("--cut", `${slider.value}%`);
    slider.setAttribute("aria-valuetext", `${slider.value} % before, ${100 - slider.value} % after`);
  };
  slider.addEventListener("input", show);
  for (const image of frames.querySelectorAll("img")) {
    image.addEventListener("error", () => {
      place.classList.remove("ready");
      image.closest("figure").querySelector("figcaption").textContent += ": this browser does not show it";
    });
  }
  place.classList.add("ready");
  show();
}

function prepared(root) {
  root.querySelectorAll(".source:not([data-ready])").forEach((place) => {
    place.dataset.ready = "";
    droppable(place);
  });
  root.querySelectorAll(".compare:not(.ready)").forEach(compared);
  root.querySelectorAll("[data-total]").forEach((place) => total(place.closest("form")));
}

const pixels = document.getElementById("measured");
if (pixels) measured(pixels);
prepared(document);
document.addEventListener("htmx:load", (event) => prepared(event.target));
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-price]")) total(event.target.form);
  if (event.target.type === "color") event.target.form.querySelector("[value=colour]").checked = true;
});
document.addEventListener("input", (event) => {
  const place = event.target.form?.querySelector(`[data-of="${event.target.name}"]`);
  if (place) place.textContent = `${event.target.value} of ${event.target.max}`;
});
document.addEventListener("htmx:xhr:progress", (event) => {
  const bar = event.target.querySelector?.(".sending");
  if (!bar || !event.detail.total) return;
  bar.hidden = false;
  bar.value = event.detail.loaded / event.detail.total;
});
// A refusal stands above the form that was sent.
document.addEventListener("htmx:responseError", (event) => {
  const bar = event.target.querySelector?.(".sending");
  if (bar) bar.hidden = true;
  setTimeout(() => document.getElementById("notices").scrollIntoView({ block: "nearest" }), 50);
});
