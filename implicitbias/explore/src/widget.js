// In a notebook: the same figure as an anywidget, its state shared with Python.
import { html } from "./dom.js";
import { explorable, problem } from "./explorable.js";
import { indexOf, stateOf } from "./state.js";

// Plain keys move the sliders: further out, Jupyter would take the arrows for moving between cells.
function keep(event) {
  if (!event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey) event.stopPropagation();
}

function render({ model, el }) {
  let shown = null;

  function show() {
    shown?.remove();
    shown = null;
    const payload = model.get("payload");
    const root = html("figure", { class: "explorable live", "data-explorable": payload.name }, html("figcaption", {}, payload.caption));
    root.addEventListener("keydown", keep);
    el.replaceChildren(root);
    try {
      shown = explorable(root, payload, {
        index: indexOf(payload, model.get("state")),
        changed(index) {
          model.set("state", stateOf(payload, index));
          model.save_changes();
        },
      });
    } catch (error) {
      problem(root, error);
    }
  }
  const follow = () => {
    const payload = model.get("payload");
    shown?.figure.move(indexOf(payload, model.get("state")), { quiet: true });
  };
  show();
  model.on("change:payload", show);
  model.on("change:state", follow);
  return () => {
    model.off("change:payload", show);
    model.off("change:state", follow);
    shown?.remove();
  };
}

export default { render };
