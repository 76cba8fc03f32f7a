// The labeller's page: it draws the photograph and its shapes, and asks Python (session.py) for
// every change. What is asked is drawn at once, and replaced by the answer when that comes.

const NEAR = 9; // screen pixels within which a corner is hit
const OPEN = ["line", "linestrip", "point", "points"]; // LabelMe's shapes without an area
const HINTS = {
  draw: "Click the corners of an object. Enter, or a click on the first corner, closes it.",
  edit: "Click an object. Drag its corners; a dot between two makes a new one; Alt+click removes one.",
};
const KEYS = "1-9 class · D draw · E edit · Z undo · Del delete · + - 0 zoom (Ctrl+wheel) · " +
  "arrows or Shift+drag move · S save · N next · P previous";

function outline({ kind, points }) {
  const [[ax, ay], [bx, by] = [ax, ay]] = points;
  if ((kind === "rectangle" || kind === "mask") && points.length === 2) {
    return [[ax, ay], [bx, ay], [bx, by], [ax, by]];
  }
  if (kind === "circle") {
    const radius = Math.hypot(bx - ax, by - ay);
    const angles = Array.from({ length: 48 }, (_, step) => (step * Math.PI) / 24);
    return angles.map((a) => [ax + radius * Math.cos(a), ay + radius * Math.sin(a)]);
  }
  return points;
}

function contains(corners, [x, y]) {
  let inside = false;
  corners.forEach(([bx, by], i) => {
    const [ax, ay] = corners.at(i - 1);
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
  });
  return inside;
}

const middle = ([ax, ay], [bx, by]) => [(ax + bx) / 2, (ay + by) / 2];
const clamp = (value, most) => Math.min(Math.max(value, 0), most);

class Page {
  constructor(model, element) {
    this.model = model;
    this.state = { classes: [], photographs: [], shapes: [], size: null, number: 0 };
    this.view = { scale: 1, x: 0, y: 0 };
    Object.assign(this, { mode: "draw", chosen: 0, selected: -1, drawing: [], waiting: 0 });
    this.build(element);
    this.listen();
    this.ask("show");
  }

  build(element) {
    element.classList.add("labeller");
    element.tabIndex = 0;
    element.dataset.lmSuppressShortcuts = "true"; // D would delete cells of the notebook
    element.innerHTML = `
      <div class="row">
        <span class="tools"></span><span class="classes" role="group" aria-label="Classes"></span>
      </div>
      <canvas aria-label="The photograph"></canvas>
      <div class="row"><span class="hint"></span><span class="problem" role="alert"></span></div>
      <div class="row">
        <span class="moves"></span>
        <select aria-label="Photographs"></select>
        <span class="count" role="status"></span>
      </div>
      <div class="keys">${KEYS}</div>`;
    this.root = element;
    this.canvas = element.querySelector("canvas");
    this.list = element.querySelector("select");
    this.button(".tools", "Draw", () => this.setMode("draw"), "draw");
    this.button(".tools", "Edit", () => this.setMode("edit"), "edit");
    this.button(".tools", "Undo", () => this.undo());
    this.button(".tools", "Delete", () => this.remove());
    this.button(".tools", "+", () => this.zoom(1.25)).setAttribute("aria-label", "Zoom in");
    this.button(".tools", "−", () => this.zoom(0.8)).setAttribute("aria-label", "Zoom out");
    this.button(".tools", "Fit", () => this.fit());
    this.button(".moves", "◀ Previous", () => this.go(this.state.number - 1));
    this.button(".moves", "Next ▶", () => this.go(this.state.number + 1));
    this.button(".moves", "Save", () => this.save());
  }

  button(place, text, action, mode = "") {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: text });
    button.dataset.mode = mode;
    button.addEventListener("click", () => {
      action();
      this.root.focus({ preventScroll: true });
    });
    this.root.querySelector(place).append(button);
    return button;
  }

  listen() {
    let last = Promise.resolve(); // answers are taken in their order, photographs decoded
    this.answered = (...answer) => (last = last.then(() => this.answer(...answer)));
    this.model.on("msg:custom", this.answered);
    let width = 0;
    this.observer = new ResizeObserver(() => {
      if (width === this.root.clientWidth) return;
      width = this.root.clientWidth;
      this.fit();
    });
    this.observer.observe(this.root);
    const on = (name, handler) => this.canvas.addEventListener(name, handler);
    on("pointerdown", (event) => this.press(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", () => this.release());
    on("dblclick", () => this.finish());
    on("contextmenu", (event) => event.preventDefault());
    on("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the notebook scrolls
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, [event.offsetX, event.offsetY]);
    });
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("change", () => this.go(this.list.selectedIndex));
  }

  close() {
    this.observer.disconnect();
    this.model.off("msg:custom", this.answered);
  }

  // ---- Python

  ask(action, values = {}) {
    this.waiting += 1;
    this.model.send({ do: action, ...values });
    clearTimeout(this.busy);
    this.busy = setTimeout(() => {
      if (this.waiting) this.tell(".hint", "The kernel is busy with another cell; it will follow.");
    }, 1500);
  }

  async answer(state, buffers) {
    this.waiting = Math.max(this.waiting - 1, 0);
    if (buffers?.length) this.photo = await createImageBitmap(new Blob([buffers[0]]));
    if (this.waiting) return; // a later answer knows of what was asked since
    if (state.number !== this.state.number) Object.assign(this, { selected: -1, drawing: [] });
    this.state = state;
    if (this.selected >= state.shapes.length) this.selected = -1;
    this.show();
    buffers?.length ? this.fit() : this.draw();
  }

  show() {
    const { classes, photographs, number, saved, progress, problem } = this.state;
    this.root.querySelector(".classes").replaceChildren();
    classes.forEach(([name, colour], index) => {
      const key = index < 9 ? `${index + 1} ` : "";
      const button = this.button(".classes", `${key}${name}`, () => this.choose(index));
      button.style.borderLeftColor = `rgb(${colour})`;
      button.setAttribute("aria-pressed", index === this.chosen);
    });
    const options = photographs.map(([name, done], index) => {
      const text = `${done ? "✓" : "  "} ${index + 1}: ${name}`;
      return new Option(text, index, index === number, index === number);
    });
    this.list.replaceChildren(...options);
    this.tell(".count", `${progress}${saved ? "" : ", this one not saved yet"}`);
    this.tell(".problem", problem);
    this.setMode(this.mode);
  }

  tell(place, text) {
    this.root.querySelector(place).textContent = text;
  }

  // ---- what is done with shapes

  setMode(mode) {
    if (mode !== this.mode) Object.assign(this, { mode, drawing: [], selected: -1 });
    this.tell(".hint", HINTS[mode]);
    for (const button of this.root.querySelectorAll("[data-mode]:not([data-mode=''])")) {
      button.setAttribute("aria-pressed", button.dataset.mode === mode);
    }
    this.canvas.style.cursor = mode === "draw" ? "crosshair" : "default";
    this.draw();
  }

  choose(index) {
    if (index >= this.state.classes.length) return;
    this.chosen = index;
    const [label] = this.state.classes[index];
    if (this.selected >= 0) {
      this.state.shapes[this.selected].label = label;
      this.ask("rename", { number: this.selected, label });
    }
    this.show();
  }

  finish() {
    if (this.drawing.length >= 3) {
      const shape = { label: this.state.classes[this.chosen][0], points: this.drawing };
      this.state.shapes.push({ ...shape, kind: "polygon" });
      this.ask("add", shape);
    }
    this.drawing = [];
    this.draw();
  }

  undo() {
    this.drawing.length ? this.drawing.pop() : this.ask("undo");
    this.draw();
  }

  remove() {
    if (this.drawing.length) return this.undo();
    if (this.selected < 0) return;
    this.state.shapes.splice(this.selected, 1);
    this.ask("delete", { number: this.selected });
    this.selected = -1;
    this.draw();
  }

  save() {
    this.finish();
    this.ask("save");
  }

  go(number) {
    this.finish();
    this.ask("go", { number });
  }

  // ---- pointer and keys

  toPhoto([x, y]) {
    const { scale, x: left, y: top } = this.view;
    const [width, height] = this.state.size;
    return [clamp((x - left) / scale, width), clamp((y - top) / scale, height)];
  }

  toScreen([x, y]) {
    return [x * this.view.scale + this.view.x, y * this.view.scale + this.view.y];
  }

  near(point, screen) {
    const [x, y] = this.toScreen(point);
    return Math.hypot(x - screen[0], y - screen[1]) <= NEAR;
  }

  press(event) {
    if (!this.state.size) return;
    event.preventDefault(); // no selection of text
    this.root.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const screen = [event.offsetX, event.offsetY];
    if (event.button || event.shiftKey) this.dragged = { from: screen };
    else if (this.mode === "draw") this.addCorner(screen);
    else this.grasp(screen, event.altKey);
    this.draw();
  }

  addCorner(screen) {
    const corners = this.drawing;
    if (corners.length > 2 && this.near(corners[0], screen)) return this.finish();
    if (corners.length && this.near(corners.at(-1), screen)) return; // of a double click
    corners.push(this.toPhoto(screen));
  }

  grasp(screen, takeAway) {
    const { shapes } = this.state;
    const shape = shapes[this.selected];
    const corner = shape && shape.points.findIndex((point) => this.near(point, screen));
    if (shape && corner >= 0) {
      if (takeAway && shape.kind === "polygon" && shape.points.length > 3) {
        shape.points.splice(corner, 1);
        this.reshape();
      } else if (!takeAway && shape.kind !== "mask") this.dragged = { corner };
      return;
    }
    const gap = shape?.kind === "polygon" ? this.gaps(shape).findIndex((p) => this.near(p, screen)) : -1;
    if (gap >= 0) {
      shape.points.splice(gap, 0, this.toPhoto(screen));
      this.dragged = { corner: gap, moved: true };
      return;
    }
    const point = this.toPhoto(screen);
    this.selected = shapes.findLastIndex((one) => contains(outline(one), point));
    if (this.selected < 0) this.dragged = { from: screen };
    else this.chosen = this.state.classes.findIndex(([name]) => name === shapes[this.selected].label);
    this.show();
  }

  gaps({ points }) {
    return points.map((point, index) => middle(points.at(index - 1), point));
  }

  reshape() {
    const { points } = this.state.shapes[this.selected];
    this.ask("reshape", { number: this.selected, points });
  }

  move(event) {
    if (!this.state.size) return;
    this.pointer = [event.offsetX, event.offsetY];
    if (this.dragged?.from) {
      const [x, y] = this.dragged.from;
      this.pan(event.offsetX - x, event.offsetY - y);
      this.dragged.from = this.pointer;
    } else if (this.dragged) {
      this.dragged.moved = true;
      this.state.shapes[this.selected].points[this.dragged.corner] = this.toPhoto(this.pointer);
    }
    this.draw();
  }

  release() {
    if (this.dragged?.moved) this.reshape();
    this.dragged = null;
  }

  key(event) {
    if (event.target === this.list) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if ((event.ctrlKey || event.metaKey || event.altKey) && key !== "z" && key !== "s") return;
    const actions = {
      Enter: () => this.finish(),
      Escape: () => Object.assign(this, { drawing: [], selected: -1 }),
      Backspace: () => this.remove(),
      Delete: () => this.remove(),
      z: () => this.undo(),
      d: () => this.setMode("draw"),
      e: () => this.setMode("edit"),
      s: () => this.save(),
      n: () => this.go(this.state.number + 1),
      p: () => this.go(this.state.number - 1),
      "+": () => this.zoom(1.25),
      "=": () => this.zoom(1.25),
      "-": () => this.zoom(0.8),
      0: () => this.fit(),
      ArrowLeft: () => this.pan(60, 0),
      ArrowRight: () => this.pan(-60, 0),
      ArrowUp: () => this.pan(0, 60),
      ArrowDown: () => this.pan(0, -60),
    };
    const action = /^[1-9]$/.test(key) ? () => this.choose(Number(key) - 1) : actions[key];
    if (!action || (key === "Enter" && event.target !== this.root)) return; // a button's own
    event.preventDefault();
    event.stopPropagation();
    action();
    this.draw();
  }

  // ---- what is seen

  fit() {
    const width = this.canvas.clientWidth;
    if (!width || !this.state.size) return;
    const [w, h] = this.state.size;
    const height = Math.round(Math.min((width * h) / w, Math.max(window.innerHeight * 0.65, 240)));
    const ratio = window.devicePixelRatio || 1;
    Object.assign(this.canvas, { width: width * ratio, height: height * ratio });
    this.canvas.style.height = `${height}px`;
    const scale = Math.min(width / w, height / h);
    this.view = { scale, x: (width - scale * w) / 2, y: (height - scale * h) / 2 };
    this.draw();
  }

  zoom(factor, at = [this.canvas.clientWidth / 2, this.canvas.clientHeight / 2]) {
    const { scale, x, y } = this.view;
    const larger = Math.min(Math.max(scale * factor, 0.02), 60);
    const by = larger / scale;
    this.view = { scale: larger, x: at[0] - (at[0] - x) * by, y: at[1] - (at[1] - y) * by };
    this.draw();
  }

  pan(x, y) {
    this.view.x += x;
    this.view.y += y;
  }

  draw() {
    const context = this.canvas.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.photo || !this.state.size) return;
    const { scale, x, y } = this.view;
    context.imageSmoothingEnabled = scale < 3;
    context.drawImage(this.photo, x, y, this.state.size[0] * scale, this.state.size[1] * scale);
    this.state.shapes.forEach((shape, index) => this.drawShape(context, shape, index));
    this.drawUnfinished(context);
  }

  colour(label) {
    return this.state.classes.find(([name]) => name === label)?.[1] ?? [255, 255, 255];
  }

  drawShape(context, shape, index) {
    const colour = this.colour(shape.label);
    const corners = outline(shape).map((point) => this.toScreen(point));
    const closed = !OPEN.includes(shape.kind);
    this.line(context, corners, colour, closed, closed ? 0.35 : 0);
    if (corners.length === 1) this.dot(context, corners[0], colour, 4);
    if (index !== this.selected) return;
    shape.points.forEach((point) => this.dot(context, this.toScreen(point), [255, 255, 255], 5));
    if (shape.kind === "polygon") {
      this.gaps(shape).forEach((point) => this.dot(context, this.toScreen(point), colour, 3));
    }
    context.font = "bold 13px sans-serif";
    Object.assign(context, { lineWidth: 3, strokeStyle: "black", fillStyle: "white" });
    context.strokeText(shape.label, corners[0][0] + 8, corners[0][1] - 8);
    context.fillText(shape.label, corners[0][0] + 8, corners[0][1] - 8);
  }

  drawUnfinished(context) {
    if (!this.drawing.length) return;
    const colour = this.colour(this.state.classes[this.chosen][0]);
    const corners = this.drawing.map((point) => this.toScreen(point));
    this.line(context, this.pointer ? [...corners, this.pointer] : corners, colour, false, 0);
    corners.forEach((corner, index) => this.dot(context, corner, colour, index ? 3 : 6));
  }

  line(context, corners, colour, closed, opacity) {
    const path = new Path2D();
    corners.forEach(([x, y]) => path.lineTo(x, y));
    if (closed) path.closePath();
    context.fillStyle = `rgba(${colour}, ${opacity})`;
    if (opacity) context.fill(path);
    Object.assign(context, { lineWidth: 4, strokeStyle: "rgba(0, 0, 0, 0.6)" });
    context.stroke(path);
    Object.assign(context, { lineWidth: 2, strokeStyle: `rgb(${colour})` });
    context.stroke(path);
  }

  dot(context, [x, y], colour, radius) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    Object.assign(context, { lineWidth: 1.5, strokeStyle: "black", fillStyle: `rgb(${colour})` });
    context.fill();
    context.stroke();
  }
}

export default {
  render({ model, el }) {
    const page = new Page(model, el);
    return () => page.close();
  },
};
