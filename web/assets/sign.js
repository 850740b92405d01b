// Signing with a mouse, a pen or a finger: <form data-sign>. The form stays
// hidden without this file; choosing a file beside it works for everybody.

for (const form of document.querySelectorAll("form[data-sign]")) prepare(form);
for (const form of document.querySelectorAll("form[data-signature-file]")) preview(form);

/** Shows a chosen file on white, as it will stand on paper, before it is saved. */
function preview(form) {
  const input = form.querySelector('input[type="file"]');
  const place = form.querySelector("[data-signature-preview]");
  const canvas = place?.querySelector("canvas");
  if (!input || !canvas || !window.createImageBitmap) return;
  input.addEventListener("change", async () => {
    place.hidden = true;
    const [file] = input.files;
    if (!file) return;
    let image;
    try {
      image = await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch {
      return; // not a picture this browser knows: the server says what is wrong with it
    }
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    const scale = Math.min(canvas.width / image.width, canvas.height / image.height, 1);
    const [width, height] = [image.width * scale, image.height * scale];
    pen.drawImage(image, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
    image.close();
    place.hidden = false;
  });
}

function prepare(form) {
  const canvas = form.querySelector("canvas");
  const input = form.querySelector('input[type="file"]');
  const [undo, clear, save] = ["[data-sign-undo]", "[data-sign-clear]", '[type="submit"]'].map((part) =>
    form.querySelector(part),
  );
  const pen = canvas.getContext("2d");
  const strokes = [];
  let current = null;
  form.hidden = false;

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
  };

  function draw() {
    // White ground in every theme: what is signed is what is seen and sent.
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.strokeStyle = pen.fillStyle = "#101828";
    pen.lineWidth = 3;
    pen.lineCap = pen.lineJoin = "round";
    for (const points of strokes) {
      pen.beginPath();
      if (points.length < 3) {
        pen.arc(points[0][0], points[0][1], 2, 0, 2 * Math.PI);
        pen.fill();
        if (points.length < 2) continue;
        pen.beginPath();
      }
      pen.moveTo(...points[0]);
      for (let at = 1; at < points.length - 1; at += 1) {
        const [[x, y], [nx, ny]] = [points[at], points[at + 1]];
        pen.quadraticCurveTo(x, y, (x + nx) / 2, (y + ny) / 2);
      }
      pen.lineTo(...points.at(-1));
      pen.stroke();
    }
    for (const button of [undo, clear, save]) button.disabled = strokes.length === 0;
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    current = [place(event)];
    strokes.push(current);
    canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
    draw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!current) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const each of passed.length ? passed : [event]) current.push(place(each));
    draw();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (current = null));
  undo.addEventListener("click", () => {
    strokes.pop();
    draw();
  });
  clear.addEventListener("click", () => {
    strokes.length = 0;
    draw();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (strokes.length === 0) return;
    canvas.toBlob((blob) => {
      const files = new DataTransfer();
      files.items.add(new File([blob], "signature.png", { type: "image/png" }));
      input.files = files.files;
      form.submit();
    }, "image/png");
  });
  draw();
}
