// Elements made in one call.
const SVG = "http://www.w3.org/2000/svg";

export function html(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

// Attributes and text are written only where they change, so that nothing is laid out for nothing.
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value === true ? "" : value);
  }
  return element;
}

export function say(element, text) {
  const node = element.firstChild;
  // A text node that stays is cheaper to lay out than a new one.
  if (node?.nodeType !== Node.TEXT_NODE || node.nextSibling) element.textContent = text;
  else if (node.data !== text) node.data = text;
  return element;
}

function filled(element, attributes, children) {
  element.append(...children);
  return set(element, attributes);
}

// Keep exactly `count` children in a group, so that drawing again only changes attributes.
export function pool(group, count, make) {
  while (group.childElementCount < count) group.append(make(group.childElementCount));
  while (group.childElementCount > count) group.lastElementChild.remove();
  return group.children;
}
