// Asks what the columns of a file hold as soon as it is chosen: <form data-columns="address">.
// Only its beginning is sent. Without this file the columns are asked about after a first look.

const HEAD = 64 * 1024; // bytes the server looks at

for (const form of document.querySelectorAll("form[data-columns]")) prepare(form);

function prepare(form) {
  const input = form.querySelector('input[type="file"]');
  const place = () => document.getElementById("map");
  let asked = 0;

  async function look() {
    const mine = ++asked;
    const [file] = input.files;
    if (!file) return place().replaceChildren();
    const sent = new FormData();
    for (const name of ["csrf", "kind"]) sent.set(name, new FormData(form).get(name));
    sent.set("file", file.slice(0, HEAD), file.name);
    let text = "";
    try {
      const answer = await fetch(form.dataset.columns, { method: "POST", body: sent });
      if (answer.ok && !answer.redirected) text = await answer.text();
    } catch {
      // Out of reach: sending the form will say so.
    }
    // Meanwhile another file may have been chosen.
    if (mine !== asked) return;
    const part = new DOMParser().parseFromString(text, "text/html").getElementById("map");
    if (part) place().replaceWith(part);
    else place().replaceChildren();
  }

  const invitation = form.querySelector('[name="invite"]')?.closest(".check");
  const people = () => new FormData(form).get("kind") === "people";
  const fit = () => {
    invitation?.toggleAttribute("hidden", !people());
    form.querySelector('[name="go"][value="save"]').hidden = !people();
  };
  input.addEventListener("change", look);
  for (const kind of form.querySelectorAll('[name="kind"]')) {
    kind.addEventListener("change", () => {
      fit();
      look();
    });
  }
  fit();
}
