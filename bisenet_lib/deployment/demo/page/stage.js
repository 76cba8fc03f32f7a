// The picture: an image, and right of the divider the classes over it.

const CROSS = 0.02; // of the picture, a step of the arrow keys

export class Stage {
  constructor({ moved, pointed }) {
    this.root = document.getElementById("stage");
    this.canvas = document.getElementById("canvas");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.divider = document.getElementById("divider");
    this.crosshair = document.getElementById("crosshair");
    this.readout = document.getElementById("readout");
    this.layer = document.createElement("canvas");
    this.table = new Uint32Array(256);
    this.opacity = 0.6;
    this.share = 0.5;
    this.moving = true;
    this.picture = null;
    this.pointer = null;
    this.moved = moved;
    this.pointed = pointed;
    new ResizeObserver(() => this.resize()).observe(this.canvas);
    this.listen();
    this.divide(this.share);
  }

  // colours: [r, g, b] a class, or null where the image shall be seen
  paint(colours) {
    const bytes = new Uint8Array(this.table.buffer);
    bytes.fill(0);
    colours.forEach((colour, index) => colour && bytes.set([...colour, 255], 4 * index));
    this.colour();
    this.draw();
  }

  // bitmap: ImageBitmap; classes: Uint8Array of width x height
  show(bitmap, classes, [width, height]) {
    if (this.picture && this.picture.bitmap !== bitmap) this.picture.bitmap.close();
    this.picture = { bitmap, classes, width, height };
    this.root.style.setProperty("--ratio", bitmap.width / bitmap.height);
    this.root.classList.add("filled");
    this.root.dataset.size = `${width}x${height}`;
    this.colour();
    this.draw();
  }

  clear() {
    this.picture = null;
    this.root.classList.remove("filled");
    this.read(null);
  }

  colour() {
    if (!this.picture) return;
    const { classes, width, height } = this.picture;
    if (this.layer.width !== width || this.layer.height !== height) {
      [this.layer.width, this.layer.height] = [width, height];
      this.pixels = new ImageData(width, height);
    }
    const words = new Uint32Array(this.pixels.data.buffer);
    for (let index = 0; index < words.length; index++) words[index] = this.table[classes[index]];
    this.layer.getContext("2d").putImageData(this.pixels, 0, 0);
  }

  draw() {
    if (!this.picture) return;
    const { context, canvas, layer, share } = this;
    const { bitmap } = this.picture;
    context.globalAlpha = 1;
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = this.moving ? "low" : "high"; // without a graphics card it costs
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    if (share >= 1) return;
    const [left, there] = [share * canvas.width, share * layer.width];
    context.globalAlpha = this.opacity;
    context.imageSmoothingEnabled = false; // an edge between two classes is an edge
    context.drawImage(
      ...[layer, there, 0, layer.width - there, layer.height],
      ...[left, 0, canvas.width - left, canvas.height],
    );
  }

  resize() {
    const factor = Math.min(devicePixelRatio, 2);
    const size = [this.canvas.clientWidth, this.canvas.clientHeight];
    const [width, height] = size.map((side) => Math.max(1, Math.round(factor * side)));
    if (width === this.canvas.width && height === this.canvas.height) return;
    [this.canvas.width, this.canvas.height] = [width, height];
    this.draw();
  }

  divide(share) {
    this.share = Math.min(1, Math.max(0, share));
    const percent = Math.round(100 * this.share);
    this.root.style.setProperty("--share", this.share);
    this.divider.setAttribute("aria-valuenow", percent);
    this.divider.setAttribute("aria-valuetext", `${percent} % image, ${100 - percent} % network`);
    this.draw();
  }

  // where on the picture, 0 to 1, or null
  point(at) {
    this.pointer = at;
    if (at === null) this.read(null);
    this.pointed(at);
  }

  cross(on) {
    this.crosshair.hidden = !on;
    if (!on) return this.point(null);
    this.crosshair.style.left = `${100 * this.pointer[0]}%`;
    this.crosshair.style.top = `${100 * this.pointer[1]}%`;
    this.point(this.pointer);
  }

  // lines: [{ name, colour, probability }], the likeliest first
  read(lines) {
    this.readout.hidden = !lines || !this.pointer;
    if (this.readout.hidden) return;
    this.readout.replaceChildren(
      ...lines.map(({ name, colour, probability }) => {
        const line = document.createElement("p");
        const [swatch, label, value] = ["i", "span", "b"].map((tag) => document.createElement(tag));
        swatch.style.background = colour;
        label.textContent = name;
        value.textContent = percent(probability);
        line.append(swatch, label, value);
        return line;
      }),
    );
    const [x, y] = this.pointer;
    this.readout.style.left = `${100 * x}%`;
    this.readout.style.top = `${100 * y}%`;
    this.readout.classList.toggle("left", x > 0.6);
    this.readout.classList.toggle("above", y > 0.6);
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const y = (event.clientY - box.top) / box.height;
    return [Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y))];
  }

  listen() {
    this.canvas.addEventListener("pointermove", (event) => {
      this.crosshair.hidden = true;
      this.point(this.place(event));
    });
    this.canvas.addEventListener("pointerdown", (event) => this.point(this.place(event)));
    this.canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse" && this.crosshair.hidden) this.point(null);
    });
    this.canvas.addEventListener("blur", () => this.crosshair.hidden || this.cross(false));
    this.canvas.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      if (event.key === "Escape") this.canvas.blur();
      if (!steps[event.key]) return;
      const size = event.shiftKey ? 5 * CROSS : CROSS;
      const from = this.pointer ?? [0.5, 0.5];
      this.pointer = from.map((v, i) => Math.min(1, Math.max(0, v + size * steps[event.key][i])));
      this.cross(true);
      event.preventDefault();
      event.stopPropagation();
    });
    this.divider.addEventListener("pointerdown", (event) => {
      this.divider.setPointerCapture(event.pointerId);
      event.preventDefault();
      this.divider.focus({ focusVisible: false });
    });
    this.divider.addEventListener("pointermove", (event) => {
      if (this.divider.hasPointerCapture(event.pointerId)) this.slide(this.place(event)[0]);
    });
    this.divider.addEventListener("pointerup", () => this.divider.blur());
    this.divider.addEventListener("keydown", (event) => {
      const to = {
        ArrowLeft: this.share - 0.05,
        ArrowDown: this.share - 0.05,
        ArrowRight: this.share + 0.05,
        ArrowUp: this.share + 0.05,
        Home: 0,
        End: 1,
      }[event.key];
      if (to === undefined) return;
      this.slide(to);
      event.preventDefault();
      event.stopPropagation();
    });
  }

  slide(share) {
    this.divide(share);
    this.moved(this.share);
  }
}

export function percent(share) {
  const value = 100 * share;
  if (value > 0 && value < 1) return "<1 %";
  return `${value > 99 && value < 100 ? ">99" : Math.round(value)} %`;
}
