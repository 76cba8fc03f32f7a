// Keys for a talk. A control that has the focus keeps its own keys.

const OWN = { BUTTON: [" ", "Enter"], SELECT: null, INPUT: ["ArrowLeft", "ArrowRight"] };

export function listen(actions) {
  const keys = {
    " ": actions.pause,
    ArrowRight: actions.step,
    f: actions.full,
    d: actions.divide,
    "[": () => actions.slide(-0.05),
    "]": () => actions.slide(0.05),
    o: actions.opacity,
    p: actions.palette,
    a: actions.all,
    "+": () => actions.size(1),
    "=": () => actions.size(1),
    "-": () => actions.size(-1),
    s: actions.source,
    l: actions.load,
    x: actions.point,
    "?": actions.help,
    Escape: actions.leave,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const own = OWN[event.target.tagName];
    if (own === null || own?.includes(event.key)) return;
    if (document.querySelector("dialog[open]") && event.key !== "?") return;
    const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
    const act = digit ? () => actions.toggle(digit - 1 + (event.shiftKey ? 9 : 0)) : keys[event.key];
    if (!act || (event.repeat && event.key !== "ArrowRight" && !"[]".includes(event.key))) return;
    event.preventDefault();
    act();
  });
  // After a click the space bar pauses again; who goes by the tab key keeps the focus.
  document.addEventListener("click", ({ target, detail }) => {
    if (detail) target.closest?.("button")?.blur();
  });
}
