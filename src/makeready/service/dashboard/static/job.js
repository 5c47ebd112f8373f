// Where no events come through, the page asks by itself.
const ASK_MS = 3000;
const job = document.getElementById("job");
let asking = 0;

function rest() {
  clearInterval(asking);
  asking = 0;
}

async function ask() {
  await htmx.ajax("GET", job.dataset.live, { target: "#job", swap: "innerHTML" });
  if (job.querySelector(".state.completed, .state.failed, .state.cancelled, .state.rejected")) rest();
}

if (job.dataset.live) {
  job.addEventListener("htmx:sseError", () => {
    if (!asking) asking = setInterval(ask, ASK_MS);
  });
  job.addEventListener("htmx:sseOpen", rest);
  job.addEventListener("htmx:sseClose", rest);
}
