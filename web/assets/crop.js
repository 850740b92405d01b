// Cuts a square out of a picture before it is sent: <form data-crop>. Without
// this file the form works as it is, and a picture that is not square is refused
// or cut in the middle.

const KEPT = 512; // what the server keeps, in pixels

for (const form of document.querySelectorAll("form[data-crop]")) prepare(form);

function prepare(form) {
  const input = form.querySelector('input[type="file"]');
  const tool = form.querySelector("[data-crop-tool]");
  const canvas = form.querySelector("[data-crop-canvas]");
  const preview = form.querySelector("[data-crop-preview]");
  const [size, left, top] = ["size", "left", "top"].map((name) => form.querySelector(`#crop-${name}`));
  if (!input || !tool || !window.createImageBitmap) return;
  form.querySelector("[data-crop-fallback]")?.setAttribute("hidden", "");
  let image = null;

  /** The square to keep, in pixels of the picture. */
  const square = () => {
    const side = Math.max(1, Math.round((Math.min(image.width, image.height) * size.value) / 100));
    const x = Math.round(((image.width - side) * left.value) / 100);
    const y = Math.round(((image.height - side) * top.value) / 100);
    return { side, x, y };
  };
  /** How the whole picture lies on the canvas. */
  const placed = () => {
    const scale = Math.min(canvas.width / image.width, canvas.height / image.height);
    const [width, height] = [image.width * scale, image.height * scale];
    return { scale, width, height, x: (canvas.width - width) / 2, y: (canvas.height - height) / 2 };
  };

  function draw() {
    if (!image) return;
    const { side, x, y } = square();
    const at = placed();
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, at.x, at.y, at.width, at.height);
    pen.fillStyle = "rgb(0 0 0 / 55%)";
    pen.fillRect(at.x, at.y, at.width, at.height);
    const [cx, cy, cs] = [at.x + x * at.scale, at.y + y * at.scale, side * at.scale];
    pen.drawImage(image, x, y, side, side, cx, cy, cs, cs);
    pen.strokeStyle = "#fff";
    pen.lineWidth = 2;
    pen.strokeRect(cx + 1, cy + 1, cs - 2, cs - 2);
    const small = preview.getContext("2d");
    small.clearRect(0, 0, preview.width, preview.height);
    small.imageSmoothingQuality = "high";
    small.drawImage(image, x, y, side, side, 0, 0, preview.width, preview.height);
  }

  input.addEventListener("change", async () => {
    tool.hidden = true;
    image?.close();
    image = null;
    const [file] = input.files;
    if (!file) return;
    try {
      image = await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch {
      return; // not a picture this browser knows: the server says what is wrong with it
    }
    [size.value, left.value, top.value] = [100, 50, 50];
    tool.hidden = false;
    draw();
  });
  for (const slider of [size, left, top]) slider.addEventListener("input", draw);

  let grabbed = null;
  const clamp = (n) => Math.max(0, Math.min(100, n));
  canvas.addEventListener("pointerdown", (event) => {
    if (!image) return;
    grabbed = { x: event.clientX, y: event.clientY, left: Number(left.value), top: Number(top.value) };
    canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!grabbed) return;
    const shown = canvas.getBoundingClientRect().width / canvas.width;
    const { scale } = placed();
    const { side } = square();
    const moved = (from, to, room) => (room > 0 ? (((to - from) / shown / scale) * 100) / room : 0);
    left.value = clamp(grabbed.left + moved(grabbed.x, event.clientX, image.width - side));
    top.value = clamp(grabbed.top + moved(grabbed.y, event.clientY, image.height - side));
    draw();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (grabbed = null));

  form.addEventListener("submit", (event) => {
    if (!image) return;
    event.preventDefault();
    const { side, x, y } = square();
    const out = document.createElement("canvas");
    out.width = out.height = Math.min(KEPT, side);
    const pen = out.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(image, x, y, side, side, 0, 0, out.width, out.height);
    out.toBlob((blob) => {
      const files = new DataTransfer();
      files.items.add(new File([blob], "picture.png", { type: "image/png" }));
      input.files = files.files;
      form.submit();
    }, "image/png");
  });
}
