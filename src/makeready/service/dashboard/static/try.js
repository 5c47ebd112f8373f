// The forms that try an API: what is filled in goes to the API itself, with a token of a few minutes.

const KEY = "$MAKEREADY_KEY";
const token = { text: "", until: 0 };

// What a form says -----------------------------------------------------------------------------------------------------

// The fields of a form that are filled in: where each goes, its name and its value.
function filled(form) {
  const said = [];
  for (const field of form.querySelectorAll("[data-in]")) {
    const to = field.dataset.in;
    if (field.type === "file") {
      for (const file of field.files) said.push({ to, name: field.name, value: file });
    } else if (field.value !== "" || to === "json") {
      said.push({ to, name: field.name, value: field.value });
    }
  }
  return said;
}

function path(operation, said) {
  let made = operation.path;
  const query = new URLSearchParams();
  for (const { to, name, value } of said) {
    if (to === "path") made = made.replace(`{${name}}`, encodeURIComponent(value));
    if (to === "query") query.append(name, value);
  }
  return query.size ? `${made}?${query}` : made;
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function curl(operation, said) {
  const address = `${operation.base}${path(operation, said)}`;
  const words = [`curl ${operation.method === "GET" ? "" : `-X ${operation.method} `}${/[?&]/.test(address) ? quoted(address) : address}`];
  if (operation.keyLine) words.push(`-H "${operation.keyLine} ${KEY}"`);
  for (const { to, name, value } of said) {
    if (to === "header") words.push(`-H ${quoted(`${name}: ${value}`)}`);
    if (to === "json") words.push('-H "Content-Type: application/json"', `-d ${quoted(value)}`);
    if (to === "form") words.push(`-F ${quoted(`${name}=${value instanceof File ? `@${value.name}` : value}`)}`);
  }
  return words.join(" \\\n  ");
}

// Sending --------------------------------------------------------------------------------------------------------------

async function credential(from) {
  if (Date.now() < token.until) return token.text;
  const answer = await fetch(from, { method: "POST", redirect: "manual" });
  if (!answer.ok) throw new Error("You are no longer signed in. Load the page again.");
  const made = await answer.json();
  token.text = made.token;
  token.until = Date.now() + (made.seconds - 60) * 1000;
  return token.text;
}

async function send(operation, said) {
  const headers = new Headers();
  let body;
  for (const { to, name, value } of said) {
    if (to === "header") headers.set(name, value);
    if (to === "json") {
      headers.set("Content-Type", "application/json");
      body = value;
    }
    if (to === "form") {
      body ??= new FormData();
      body.append(name, value);
    }
  }
  if (operation.keyLine) {
    const [name, scheme] = operation.keyLine.split(":").map((part) => part.trim());
    headers.set(name, `${scheme} ${await credential(operation.token)}`.trim());
  }
  const began = performance.now();
  // Without the cookie: the API sees what any client of it sends.
  const answer = await fetch(`${operation.root}${path(operation, said)}`, { method: operation.method, headers, body, credentials: "omit" });
  const came = await answer.blob();
  if (answer.status === 401) token.until = 0;
  return { answer, came, seconds: (performance.now() - began) / 1000 };
}

// Showing --------------------------------------------------------------------------------------------------------------

function element(name, text = "", more = {}) {
  return Object.assign(document.createElement(name), { textContent: text }, more);
}

async function content(came) {
  if (came.type.startsWith("image/")) {
    return element("img", "", { src: URL.createObjectURL(came), alt: "The picture that came" });
  }
  const kind = came.type.split(";")[0];
  if (!came.size) return element("p", "The answer has no body.", { className: "soft" });
  if (kind.endsWith("json") || kind.startsWith("text/")) {
    let text = await came.text();
    if (kind.endsWith("json")) text = JSON.stringify(JSON.parse(text), null, 2);
    return element("pre", text, { tabIndex: 0 });
  }
  return element("a", "Save the file", { href: URL.createObjectURL(came), download: "answer" });
}

async function show(line, place, { answer, came, seconds }) {
  const headers = element("details");
  const lines = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  headers.append(element("summary", "Headers"), element("pre", lines, { tabIndex: 0 }));
  const size = came.size < 1000 ? `${came.size} B` : `${(came.size / 1000).toPrecision(3)} kB`;
  const state = answer.ok ? "completed" : "failed";
  const status = element("strong", `${answer.status} ${answer.statusText}`.trim(), { className: `state ${state}` });
  fill(place, await content(came), headers);
  line.replaceChildren(status, ` · ${seconds.toFixed(2)} s · ${size}`);
}

function fill(place, ...parts) {
  for (const picture of place.querySelectorAll("[src], [download]")) URL.revokeObjectURL(picture.src ?? picture.href);
  place.replaceChildren(...parts);
}

// The page -------------------------------------------------------------------------------------------------------------

for (const section of document.querySelectorAll("[data-try]")) {
  const operation = section.dataset;
  const [form, line, place, shell] = ["form", ".line", ".came", "[data-curl]"].map((which) => section.querySelector(which));
  const button = form.querySelector("button");
  form.hidden = false;
  form.addEventListener("input", () => { shell.textContent = curl(operation, filled(form)); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    fill(place);
    line.textContent = "Sent; waiting for the answer.";
    try {
      await show(line, place, await send(operation, filled(form)));
    } catch (error) {
      line.textContent = error.message;
    }
    button.disabled = false;
    button.focus();
  });
}
// A link to an operation opens it.
document.getElementById(decodeURIComponent(location.hash.slice(1)))?.setAttribute("open", "");
