// The page: joins connection, picture, sources, legend and keys.

import { Connection } from "./connection.js";
import { listen } from "./keys.js";
import { Legend } from "./legend.js";
import { inflate, pack, unpack } from "./messages.js";
import { inputSize, isVideo, jpeg, openCamera, openVideo } from "./sources.js";
import { percent, Stage } from "./stage.js";

const AT_ONCE = 2; // pictures of one's own on their way
const OPACITIES = [0.3, 0.6, 0.85, 1];
const PALETTES = { own: "Standard", "colour-blind": "Colour-blind" };
const $ = (id) => document.getElementById(id);

const page = {
  source: "drive", // or camera, video, photo
  playing: true,
  about: null, // the server's greeting
  settings: null,
  palette: "own",
  emphasis: null,
  feed: null,
  reading: null, // number of the photo that the server reads
  generation: 0, // results for an earlier source are dropped
  number: 0,
  underway: new Map(), // number to { bitmap, generation, began }
  shown: null, // { number, shared } of the picture
};
const times = { shown: [], network: null, rest: null, measured: 0 };

const stage = new Stage({ moved: () => {}, pointed: sendPointer });
const legend = new Legend({
  changed: paint,
  emphasised: (index) => {
    page.emphasis = index;
    paint();
  },
});
const connection = new Connection({ opened: () => {}, text: hear, binary: receive, lost });

// --- what the server says ---

function hear(message) {
  const act = { hello, viewers, settings, pointer, trouble, loading, lap }[message.kind];
  act?.(message);
}

function hello(message) {
  page.about = message;
  page.settings = message.settings;
  page.underway.clear();
  const { title } = message;
  $("title").textContent = title.length > 44 ? `…${title.slice(-43)}` : title;
  $("title").title = title;
  $("empty").firstChild.textContent = "The street is being drawn …";
  document.body.classList.remove("lost");
  $("engine").replaceChildren(...message.engines.map(([value, text]) => new Option(text, value)));
  $("engine").disabled = message.engines.length < 2;
  $("pace").replaceChildren(
    ...message.paces.map((pace) => new Option(pace ? `${pace} frames/s` : "no limit", pace)),
  );
  $("size").max = message.widths.length - 1;
  fillPalettes();
  legend.fill(message.classes);
  legend.colour(message.palettes[page.palette]);
  paint();
  showSettings();
  watch();
  again();
}

function viewers({ count }) {
  $("watching").textContent = count === 1 ? "1 viewer" : `${count} viewers`;
}

function settings(message) {
  const before = page.settings;
  page.settings = message;
  showSettings();
  const other = message.by !== null && message.by !== page.about.viewer;
  const [, title] = page.about.engines.find(([name]) => name === message.engine);
  if (message.engine !== before.engine) toast(`The engine now: ${title}`);
  else if (other) toast(`Viewer ${message.by} changed the network’s settings`);
  else if ($("toast").textContent.endsWith("...")) toast("");
  again();
}

function pointer({ number, shared, classes }) {
  if (number !== page.shown?.number || shared !== page.shown?.shared) return;
  const colours = page.about.palettes[page.palette];
  const lines = classes.map(([index, probability]) => ({
    name: page.about.classes[index],
    colour: `rgb(${colours[index].join(" ")})`,
    probability,
  }));
  stage.read(lines);
  if (!stage.crosshair.hidden && !page.playing)
    $("spoken").textContent = `${lines[0].name}, ${percent(lines[0].probability)}`;
}

function trouble({ text, number }) {
  page.underway.delete(number);
  notice(text);
  showSettings();
}

function loading({ text }) {
  toast(text, true);
}

function lap({ drawn, period }) {
  const first = drawn < period && page.source === "drive";
  $("lap").textContent = first ? `first lap, drawn as you watch: ${drawn} of ${period}` : "";
}

function lost(code) {
  document.body.classList.add("lost");
  page.underway.clear();
  page.shown = null;
  if (code === 1009) notice("That was more than the demo takes in one piece. Scale it down.");
  $("watching").textContent = "not connected";
  $("empty").firstChild.textContent =
    "The demo does not answer. If it has ended, start bisenet demo again: this page comes back by itself.";
}

// --- pictures ---

let last = Promise.resolve();

function receive(buffer) {
  last = last.then(() => take(unpack(buffer))).catch((error) => notice(`${error.message}`));
}

async function take({ header, parts }) {
  const began = performance.now();
  if (header.kind === "picture") return showPhoto(header, parts[0]);
  if (header.shared) {
    const [bitmap, classes] = await Promise.all([
      createImageBitmap(new Blob([parts[0]], { type: "image/jpeg" })),
      inflate(parts[1]),
    ]);
    if (page.source === "drive") show(header, bitmap, classes, performance.now() - began);
    else bitmap.close();
    connection.tell({ do: "drawn" });
    return;
  }
  const sent = page.underway.get(header.number);
  page.underway.delete(header.number);
  for (const number of page.underway.keys()) // the server passed over those before it
    if (number < header.number) page.underway.delete(number);
  if (sent && sent.generation === page.generation) {
    const classes = await inflate(parts[1]);
    show(header, sent.bitmap, classes, performance.now() - began + sent.took);
  }
  pump();
}

function show(header, bitmap, classes, took) {
  const began = performance.now();
  stage.moving = page.playing && page.source !== "photo";
  stage.show(bitmap, classes, header.size);
  page.shown = { number: header.number, shared: header.shared };
  stage.root.dataset.frame = header.number;
  showInput();
  measure(header, took + performance.now() - began, classes);
}

function measure(header, took, classes) {
  const now = performance.now();
  const smooth = (before, value) => (before === null ? value : before + 0.15 * (value - before));
  times.network = smooth(times.network, header.network);
  times.rest = smooth(times.rest, header.rest + took);
  times.shown.push(now);
  const moving = page.playing && page.source !== "photo";
  if (moving && now - times.measured < 250) return;
  times.measured = now;
  legend.measure(classes);
  showFigures();
}

function showFigures() {
  const now = performance.now();
  times.shown = times.shown.filter((time) => now - time < 2000);
  const moving = page.playing && page.source !== "photo" && times.shown.length > 1;
  const seconds = (times.shown.at(-1) - times.shown[0]) / 1000;
  $("fps").textContent = moving ? ((times.shown.length - 1) / seconds).toFixed(1) : "–";
  for (const key of ["network", "rest"])
    $(key).textContent = times[key] === null ? "–" : times[key].toFixed(times[key] < 9.95 ? 1 : 0);
  const split = times.network / (times.network + times.rest);
  $("figures").style.setProperty("--network", split || 0);
}

// Sends a picture of one's own to be segmented.
async function segment(bitmap) {
  const [number, generation, began] = [++page.number, page.generation, performance.now()];
  const entry = { bitmap, generation, took: 0 };
  page.underway.set(number, entry);
  const of = [bitmap.width, bitmap.height];
  const content = await jpeg(bitmap, inputSize(...of, page.settings.width, page.about));
  entry.took = performance.now() - began;
  if (!connection.send(pack({ do: "segment", number, of }, content))) page.underway.delete(number);
}

// Takes the next picture of the camera or the video, when the network has time for it.
function pump() {
  const { feed } = page;
  if (!feed || feed.waiting || !page.playing || !page.about || document.hidden) return;
  if (page.underway.size >= AT_ONCE) return;
  feed.waiting = true;
  feed.next(async () => {
    feed.waiting = false;
    if (page.feed === feed && page.playing) await capture(feed);
    pump();
  });
}

async function capture(feed) {
  const { generation } = page;
  const bitmap = await feed.grab();
  if (page.generation === generation) await segment(bitmap);
  else bitmap.close();
}

// Segments a picture that stands still once more, with other settings.
function again() {
  const still = page.source === "photo" || !page.playing;
  if (still && stage.picture) segment(stage.picture.bitmap);
  else pump();
}

function showPhoto({ number }, content) {
  if (page.reading !== number) return;
  createImageBitmap(new Blob([content], { type: "image/jpeg" })).then((bitmap) => {
    choose("photo");
    toast("");
    segment(bitmap);
  });
}

// --- sources ---

function choose(source, feed = null) {
  page.feed?.end();
  page.underway.clear();
  Object.assign(page, { source, feed, shown: null, reading: null });
  Object.assign(times, { shown: [], network: null, rest: null });
  play(true);
  const pressed = ["drive", "camera"].includes(source) ? source : "file";
  for (const button of $("sources").children)
    button.setAttribute("aria-pressed", button.dataset.source === pressed);
  document.body.dataset.source = source;
  $("lap").textContent = "";
  if (source === "drive") stage.clear();
  pump();
}

async function camera() {
  toast("The browser asks for the camera …", true);
  try {
    const lost = () => {
      choose("drive");
      notice("The camera gives no more pictures: it was taken out, or its permission was. Choose Camera again.");
    };
    choose("camera", await openCamera(lost));
    toast("");
  } catch (error) {
    toast("");
    notice(error.message);
  }
}

async function load(file) {
  if (!file) return;
  if (isVideo(file)) {
    try {
      choose("video", await openVideo(file));
    } catch (error) {
      notice(error.message);
    }
    return;
  }
  const most = page.about?.most_bytes ?? Infinity;
  if (file.size > most) {
    const [size, limit] = [file.size, most].map((bytes) => (bytes / 1e6).toFixed(0));
    notice(`${file.name}: ${size} MB; at most ${limit} MB are taken. Scale it down, or use bisenet predict.`);
    return;
  }
  toast(`${file.name} is being read …`, true);
  page.reading = ++page.number;
  const header = { do: "read", name: file.name, number: page.reading };
  connection.send(pack(header, await file.arrayBuffer()));
}

function watch() {
  const drive = page.source === "drive" && !document.hidden;
  connection.tell({ do: "watch", drive, playing: page.playing });
}

function play(playing) {
  page.playing = playing;
  page.generation += 1;
  document.body.classList.toggle("paused", !playing);
  $("pause").querySelector("span").textContent = playing ? "Pause" : "Go on";
  if (page.source === "video") playing ? page.feed.video.play() : page.feed.video.pause();
  times.shown = [];
  watch();
  showFigures();
  if (stage.picture) legend.measure(stage.picture.classes);
  pump();
}

async function step() {
  if (page.source === "photo") return;
  if (page.playing) play(false);
  if (page.source === "drive") return connection.tell({ do: "step" });
  if (page.source === "video") {
    const { video } = page.feed;
    video.currentTime = (video.currentTime + 0.04) % (video.duration || 1);
    await new Promise((done) => video.addEventListener("seeked", done, { once: true }));
  }
  await capture(page.feed);
}

// --- the view ---

function paint() {
  if (!page.about) return;
  const colours = page.about.palettes[page.palette];
  stage.paint(
    colours.map((colour, index) => {
      if (page.emphasis !== null && page.emphasis !== index) return null;
      const hidden = legend.hidden.has(index) && page.emphasis !== index;
      return hidden || !colour.some(Boolean) ? null : colour;
    }),
  );
}

function fillPalettes() {
  const names = Object.keys(page.about.palettes);
  if (!names.includes(page.palette)) page.palette = "own";
  $("palettes").replaceChildren(
    ...names.map((name) => {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.textContent = PALETTES[name];
      button.dataset.palette = name;
      button.setAttribute("aria-pressed", name === page.palette);
      button.addEventListener("click", () => palette(name));
      return button;
    }),
  );
}

function palette(name) {
  page.palette = name;
  for (const button of $("palettes").children)
    button.setAttribute("aria-pressed", button.dataset.palette === name);
  legend.colour(page.about.palettes[name]);
  paint();
  sendPointer(stage.pointer);
}

function opacity(value) {
  stage.opacity = value;
  $("opacity").value = Math.round(100 * value);
  $("opacity-value").textContent = `${Math.round(100 * value)} %`;
  stage.draw();
}

function showSettings() {
  const { width, engine, pace } = page.settings;
  $("size").value = page.about.widths.indexOf(width);
  $("engine").value = engine;
  $("pace").value = pace;
  showInput();
}

function showInput() {
  const { bitmap } = stage.picture ?? { bitmap: null };
  const [width, height] = bitmap ? [bitmap.width, bitmap.height] : page.about.drive;
  const asked = page.about.widths[$("size").value];
  const size = inputSize(width, height, asked, page.about);
  $("size-value").textContent = size.join(" × ");
  $("size").setAttribute("aria-valuetext", `${size[0]} by ${size[1]} pixels`);
  const reason = asked === page.about.first ? page.about.reason : "as was set";
  $("size-why").textContent = `${width} × ${height}, seen by the network at ${size.join(" × ")}, ${reason}.`;
}

function set(name, value) {
  connection.tell({ do: "set", name, value });
}

function sendPointer(at) {
  if (sendPointer.asked) return;
  sendPointer.asked = requestAnimationFrame(() => {
    sendPointer.asked = null;
    connection.tell({ do: "point", at: stage.pointer });
  });
}

function notice(text) {
  const card = document.createElement("div");
  const close = Object.assign(document.createElement("button"), { type: "button", className: "quiet" });
  close.textContent = "close";
  close.addEventListener("click", () => card.remove());
  card.append(Object.assign(document.createElement("p"), { textContent: text }), close);
  $("notices").replaceChildren(card);
  toast("");
}

function toast(text, stays = false) {
  clearTimeout(toast.timer);
  $("toast").textContent = text;
  if (text && !stays) toast.timer = setTimeout(() => toast(""), 4000);
}

async function full() {
  const show = $("show");
  if (document.fullscreenElement) return document.exitFullscreen();
  if (show.classList.contains("whole")) return show.classList.remove("whole");
  try {
    await show.requestFullscreen();
  } catch {
    show.classList.add("whole"); // a telephone that has no full screen fills its window
  }
}

// --- hands and keys ---

const actions = {
  pause: () => play(!page.playing),
  step,
  full,
  help: () => ($("help").open ? $("help").close() : $("help").showModal()),
  divide: () => stage.divide({ 0.5: 0, 0: 1 }[stage.share] ?? 0.5),
  slide: (by) => stage.divide(stage.share + by),
  opacity: () => opacity(OPACITIES[(OPACITIES.indexOf(stage.opacity) + 1) % OPACITIES.length]),
  palette: () => {
    const names = Object.keys(page.about?.palettes ?? { own: [] });
    if (page.about) palette(names[(names.indexOf(page.palette) + 1) % names.length]);
  },
  toggle: (index) => legend.toggle(index),
  all: () => legend.toggleAll(),
  size: (by) => {
    const index = page.about?.widths.indexOf(page.settings.width) + by;
    if (page.about?.widths[index] !== undefined) set("width", page.about.widths[index]);
  },
  source: () => (page.source === "drive" ? camera() : choose("drive")),
  load: () => $("file").click(),
  point: () => {
    $("canvas").focus();
    stage.pointer ??= [0.5, 0.5];
    stage.cross(true);
  },
  leave: () => $("show").classList.remove("whole"),
};

listen(actions);
for (const id of ["pause", "step", "full"]) $(id).addEventListener("click", () => actions[id]());
$("keys").addEventListener("click", actions.help);
$("sources").addEventListener("click", ({ target }) => {
  const act = { drive: () => choose("drive"), camera, file: actions.load }[target.dataset.source];
  act?.();
});
$("file").addEventListener("change", () => {
  load($("file").files[0]);
  $("file").value = "";
});
$("opacity").addEventListener("input", () => opacity($("opacity").value / 100));
$("size").addEventListener("input", showInput);
$("size").addEventListener("change", () => set("width", page.about.widths[$("size").value]));
$("engine").addEventListener("change", () => set("engine", $("engine").value));
$("pace").addEventListener("change", () => set("pace", Number($("pace").value)));
document.addEventListener("visibilitychange", () => {
  watch();
  pump();
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  $("drop").hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) $("drop").hidden = true;
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").hidden = true;
  load(event.dataTransfer.files[0]);
});
opacity(0.6);
if (!("DecompressionStream" in window))
  notice("This browser is too old for the demo. It needs Chrome or Edge 80, Firefox 113 or Safari 16.4.");
