// In a notebook: the same figure as an anywidget, its state shared with Python.
import { html } from "./dom.js";
import { explorable, problem } from "./explorable.js";
import { indexOf, stateOf } from "./state.js";

// Jupyter's own shortcuts would take the arrow keys for moving between cells.
function keepKeys(root) {
  for (const element of root.querySelectorAll("input, button, [tabindex]")) element.dataset.lmSuppressShortcuts = "";
}

function render({ model, el }) {
  let shown = null;

  function show() {
    shown?.remove();
    shown = null;
    const payload = model.get("payload");
    const root = html("figure", { class: "explorable", "data-explorable": payload.name }, html("figcaption", {}, payload.caption));
    el.replaceChildren(root);
    try {
      shown = explorable(root, payload, {
        index: indexOf(payload, model.get("state")),
        changed(index) {
          model.set("state", stateOf(payload, index));
          model.save_changes();
        },
      });
      keepKeys(root);
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
