// Comfort for pages that work without it. No state of its own but the time of
// the last activity, shared between tabs. Events are caught on the document,
// so parts that htmx swaps in need no wiring.

const $ = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/* ---- password and its repetition: data-confirms="<id of the other field>" ---- */

function checkRepetition(second, patient) {
  const first = document.getElementById(second.dataset.confirms);
  if (!first) return;
  // While the repetition is still a beginning of the password, nothing is wrong yet.
  const beginning = patient && first.value.startsWith(second.value);
  const differs = second.value !== "" && second.value !== first.value && !beginning;
  const id = `${second.id}-error`;
  let note = document.getElementById(id);
  if (differs && !note) {
    note = document.createElement("div");
    note.id = id;
    note.className = "error";
    note.setAttribute("role", "status");
    second.after(note);
  }
  if (note) {
    note.textContent = differs ? (second.dataset.mismatch ?? "The two passwords differ.") : "";
    note.hidden = !differs;
  }
  second.closest(".field")?.classList.toggle("refused", differs);
  const others = (second.getAttribute("aria-describedby") ?? "").split(" ").filter((x) => x && x !== id);
  if (differs) {
    second.setAttribute("aria-invalid", "true");
    second.setAttribute("aria-describedby", [id, ...others].join(" "));
  } else {
    second.removeAttribute("aria-invalid");
    if (others.length) second.setAttribute("aria-describedby", others.join(" "));
    else second.removeAttribute("aria-describedby");
  }
}

document.addEventListener("input", ({ target }) => {
  if (!(target instanceof HTMLInputElement)) return;
  if (target.dataset.confirms) checkRepetition(target, true);
  if (target.id) {
    for (const second of all(`[data-confirms="${CSS.escape(target.id)}"]`)) {
      if (second.value) checkRepetition(second, false);
    }
  }
});
document.addEventListener("focusout", ({ target }) => {
  if (target instanceof HTMLInputElement && target.dataset.confirms) checkRepetition(target, false);
});

/* ---- unsaved changes: <form data-guard> ------------------------------------- */

let leavingOnPurpose = false;
const asSent = (form) => {
  const pairs = [...new FormData(form)].filter(([name]) => name !== "csrf");
  return JSON.stringify(pairs.map(([name, value]) => [name, value instanceof File ? value.name : value]));
};
const atFirst = new Map(all("form[data-guard]").map((form) => [form, asSent(form)]));

addEventListener("beforeunload", (event) => {
  if (leavingOnPurpose) return;
  const changed = [...atFirst].some(
    // What the server sent back with refusals is unsaved from the start.
    ([form, before]) => form.isConnected && ("guardDirty" in form.dataset || asSent(form) !== before),
  );
  if (changed) event.preventDefault();
});
document.addEventListener("submit", (event) => {
  // Saving is no loss; a filter or the sign-out beside an unsaved form is.
  if (!event.defaultPrevented && event.target.matches("[data-guard]")) leavingOnPurpose = true;
});
addEventListener("pageshow", () => (leavingOnPurpose = false));

/* ---- the back button after signing out ------------------------------------------ */

// A page the browser kept in memory is not shown once somebody came to a page before sign-in.
const LEFT = "muster-left-at";
const loadedAt = Date.now();
const stored = (key) => {
  try {
    return Number(localStorage.getItem(key)) || 0;
  } catch {
    return 0; // storage switched off
  }
};
const store = (key, time) => {
  try {
    localStorage.setItem(key, String(time));
  } catch {}
};
if (document.body.classList.contains("outside")) store(LEFT, loadedAt);
addEventListener("pageshow", ({ persisted }) => {
  if (persisted && stored(LEFT) > loadedAt) location.reload();
});

/* ---- check boxes of a table -------------------------------------------------- */

function countSelected(scope) {
  const rows = all("[data-select-row]", scope);
  const ticked = rows.filter((row) => row.checked).length;
  for (const master of all("[data-select-all]", scope)) {
    master.closest("[data-select-all-label]")?.removeAttribute("hidden");
    master.checked = rows.length > 0 && ticked === rows.length;
    master.indeterminate = ticked > 0 && ticked < rows.length;
  }
  for (const place of all("[data-selection-count]", scope)) place.textContent = String(ticked + Number(place.dataset.base ?? 0));
  for (const part of all("[data-needs-selection]", scope)) part.disabled = ticked === 0;
}
const scopeOf = (element) => element.closest("[data-selection], form") ?? document.body;

let lastTicked = null;
document.addEventListener("click", (event) => {
  const row = event.target;
  if (!(row instanceof HTMLInputElement) || !("selectRow" in row.dataset)) return;
  const rows = all("[data-select-row]", scopeOf(row));
  const [from, to] = [rows.indexOf(lastTicked), rows.indexOf(row)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) for (const each of rows.slice(from, to + 1)) each.checked = row.checked;
  lastTicked = row;
});
document.addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLInputElement)) return;
  const scope = scopeOf(target);
  if ("selectAll" in target.dataset) for (const row of all("[data-select-row]", scope)) row.checked = target.checked;
  if ("selectAll" in target.dataset || "selectRow" in target.dataset) countSelected(scope);
});

/* ---- lists that follow their filters (htmx) ------------------------------------ */

// An address says what is filtered, and nothing of what is not.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.verb !== "get") return;
  for (const [name, value] of [...detail.formData.entries()]) if (value === "") detail.formData.delete(name);
});
// What did not arrive as a part is asked for as a whole page, which says what is wrong.
document.addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.requestConfig.verb === "get") location.assign(detail.pathInfo.finalRequestPath);
});

// What could not even be sent (a file that was changed since, a server out of reach) is said beside the form's file:
// <form data-unsent="sentence">.
const unsaid = (form) => $("[data-unsent-note]", form)?.remove();
document.addEventListener("htmx:sendError", ({ detail }) => {
  const form = detail.elt.closest("[data-unsent]");
  if (!form) return;
  unsaid(form);
  const note = document.createElement("p");
  note.className = "error";
  note.dataset.unsentNote = "";
  note.setAttribute("role", "alert");
  note.textContent = form.dataset.unsent;
  const file = $('[type="file"]', form);
  // Emptied, so that the same file can be chosen again: a browser takes no notice of a choice that is the same.
  if (file) file.value = "";
  (file?.closest(".field") ?? form).append(note);
});
for (const moment of ["change", "htmx:beforeRequest"]) {
  document.addEventListener(moment, ({ target }) => {
    const form = target.closest?.("[data-unsent]");
    if (form) unsaid(form);
  });
}

// A part of a form that is drawn anew keeps what was typed or ticked while it was on its way.
const written = new WeakMap();
const controls = (part) => all("input, select, textarea", part).filter((c) => c.name && c.type !== "file" && c.type !== "hidden");
const nameOf = (c) => (c.type === "checkbox" || c.type === "radio" ? `${c.name}=${c.value}` : c.name);
const stateOf = (c) => (c.type === "checkbox" || c.type === "radio" ? c.checked : c.value);
const statesOf = (part) => new Map(controls(part).map((c) => [nameOf(c), stateOf(c)]));
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.requestConfig.verb === "post") written.set(detail.xhr, statesOf(detail.target));
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const sent = written.get(detail.xhr);
  if (!sent) return;
  const since = [...statesOf(detail.target)].filter(([name, state]) => sent.has(name) && sent.get(name) !== state);
  written.set(detail.xhr, new Map(since));
});
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const since = written.get(detail.xhr);
  if (!since?.size) return;
  for (const c of controls(document)) {
    const state = since.get(nameOf(c));
    if (state === undefined || c.disabled) continue;
    if (typeof state === "boolean") c.checked = state;
    else c.value = state;
  }
});

// One of the names offered was taken: the list follows at once, not when the field is left.
document.addEventListener("input", ({ target }) => {
  if (!(target instanceof HTMLInputElement) || !("chooses" in target.dataset)) return;
  const offered = [...(target.list?.options ?? [])].some((option) => option.value === target.value);
  if (offered) target.dispatchEvent(new Event("change", { bubbles: true }));
});

/* ---- an attestation is asked for in a dialog ------------------------------------ */

// Ticking the box, or the permission it is for, asks; whatever is not a "yes" takes both back.
const attested = () => $("#finish_attested");
const finishing = () => $("#permissions-finish_soap_notes");
document.addEventListener("change", ({ target }) => {
  const dialog = $("#attestation");
  if (!dialog?.showModal || !target.checked || (target !== attested() && target !== finishing())) return;
  if (target === finishing() && attested().checked) return;
  dialog.returnValue = "";
  dialog.showModal();
});
document.addEventListener("click", ({ target }) => {
  const answer = target.closest?.("#attestation [data-attest]");
  if (answer) answer.closest("dialog").close(answer.dataset.attest);
});
// A dialog's events do not bubble; Escape closes it with the empty answer.
document.addEventListener(
  "close",
  ({ target }) => {
    if (target.id !== "attestation") return;
    const given = target.returnValue === "yes";
    attested().checked = given;
    const permission = finishing();
    if (permission.checked === given) return;
    permission.checked = given;
    // What stands beside the form follows the permissions.
    permission.dispatchEvent(new Event("change", { bubbles: true }));
  },
  true,
);

/* ---- long work, watched: <div data-events="address"> ------------------------------ */

// Each event says how far it has come; at the end the page shows the result.
for (const place of all("[data-events]")) {
  const source = new EventSource(place.dataset.events);
  source.addEventListener("message", ({ data }) => {
    const now = JSON.parse(data);
    const bar = $("progress", place);
    bar.max = Math.max(1, now.all);
    bar.value = now.done;
    $("span", place).textContent = `${now.done} of ${now.all}`;
    if (!now.running) {
      source.close();
      location.reload();
    }
  });
}

/* ---- small things ------------------------------------------------------------- */

function prepare() {
  for (const scope of new Set(all("[data-select-row]").map(scopeOf))) countSelected(scope);
  for (const form of all("form[data-guard]")) if (!atFirst.has(form)) atFirst.set(form, asSent(form));
}
prepare();
document.addEventListener("htmx:afterSettle", prepare);
$("[data-focus]")?.focus();

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const search = all("[data-search]").find((field) => field.offsetParent !== null);
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// A link of the refusal summary puts the keyboard into its field.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('#refusals a[href^="#"]');
  const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!field) return;
  event.preventDefault();
  field.scrollIntoView({ block: "center" });
  field.focus({ preventScroll: true });
});

/* ---- idle lock: <body data-idle-seconds="900"> -------------------------------- */

const limit = Number(document.body.dataset.idleSeconds) * 1000;
const KEY = "muster-active-at";
if (limit > 0) {
  const box = $("#idle-warning .idle-box");
  const early = Math.min(60_000, limit / 2);
  let here = 0;
  // A time in the future (a clock set back) must not keep the page open.
  const read = () => Math.max(here, Math.min(stored(KEY), Date.now()));
  const active = () => {
    const now = Date.now();
    // A page that slept past the limit is locked, not woken by the click that finds it.
    if (here && now - read() >= limit) return look();
    if (now - here < 1000) return;
    here = now;
    store(KEY, now);
    if (box && !box.hidden) look();
  };
  const look = () => {
    const left = limit - (Date.now() - read());
    if (left <= 0) {
      leavingOnPurpose = true;
      location.assign(`/unlock?next=${encodeURIComponent(location.pathname + location.search)}`);
      return;
    }
    const warn = left <= early;
    if (!box || box.hidden === !warn) return;
    box.hidden = !warn;
    const seconds = Math.round(left / 1000);
    $("[data-idle-text]", box).textContent = warn
      ? `This page locks in ${seconds} seconds, because nothing has happened for a while.`
      : "";
  };
  active();
  for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) {
    addEventListener(kind, active, { passive: true });
  }
  addEventListener("visibilitychange", look);
  addEventListener("pageshow", look);
  setInterval(look, 1000);
}
