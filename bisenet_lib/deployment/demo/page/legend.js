// The classes: their colours, how much of the picture each has, and which are shown.

import { percent } from "./stage.js";

export class Legend {
  constructor({ changed, emphasised }) {
    this.list = document.getElementById("classes");
    this.seen = document.getElementById("seen");
    this.all = document.getElementById("all");
    this.names = [];
    this.hidden = new Set();
    this.changed = changed;
    this.emphasised = emphasised;
    this.all.addEventListener("click", () => this.toggleAll());
  }

  fill(names) {
    this.names = names;
    this.hidden = new Set([...this.hidden].filter((index) => index < names.length));
    this.items = names.map((name, index) => this.item(name, index));
    this.list.replaceChildren(...this.items);
    this.chips = names.map((name) => {
      const chip = document.createElement("li");
      chip.append(document.createElement("i"), name);
      return chip;
    });
    this.seen.replaceChildren(...this.chips);
    this.mark();
  }

  item(name, index) {
    const item = document.createElement("li");
    const button = Object.assign(document.createElement("button"), { type: "button" });
    const key = index < 9 ? `${index + 1}` : index < 18 ? `⇧${index - 8}` : "";
    button.innerHTML = '<i aria-hidden="true"></i><span></span><b></b>';
    button.querySelector("i").textContent = key;
    button.querySelector("span").textContent = name;
    button.addEventListener("click", () => this.toggle(index));
    for (const [event, on] of [["pointerenter", 1], ["focus", 1], ["pointerleave", 0], ["blur", 0]])
      button.addEventListener(event, (which) => {
        if (which.pointerType !== "touch") this.emphasised(on ? index : null);
      });
    item.append(button);
    return item;
  }

  toggle(index) {
    if (index >= this.names.length) return;
    if (!this.hidden.delete(index)) this.hidden.add(index);
    this.mark();
    this.changed();
  }

  toggleAll() {
    const none = this.hidden.size === this.names.length;
    this.hidden = new Set(none ? [] : this.names.keys());
    this.mark();
    this.changed();
  }

  mark() {
    this.items.forEach((item, index) => {
      item.firstChild.setAttribute("aria-pressed", !this.hidden.has(index));
    });
    this.all.textContent = this.hidden.size === this.names.length ? "show all" : "hide all";
  }

  colour(colours) {
    colours.forEach((colour, index) => {
      const [red, green, blue] = colour;
      const dark = 0.3 * red + 0.59 * green + 0.11 * blue < 140;
      for (const item of [this.items[index], this.chips[index]]) {
        const swatch = item.querySelector("i");
        swatch.style.background = `rgb(${colour.join(" ")})`;
        swatch.style.color = dark ? "#fff" : "#000";
      }
    });
  }

  // classes: Uint8Array, one a pixel
  measure(classes) {
    const count = new Uint32Array(256);
    for (let index = 0; index < classes.length; index++) count[classes[index]]++;
    this.items.forEach((item, index) => {
      const share = count[index] / classes.length;
      item.style.setProperty("--share", share);
      item.querySelector("b").textContent = share ? percent(share) : "";
      item.classList.toggle("absent", !share);
      this.chips[index].hidden = share < 0.002 || this.hidden.has(index);
    });
  }
}
